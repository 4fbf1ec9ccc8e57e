#!/usr/bin/env bash
# sahi 0.12.8, get_sliced_prediction: every courtyard is filled, by a model that is right in each slice and in the whole image.
#
# A good engineer guesses that merging what several slices show of a house gives the union of its masks, as the documentation
# of merge_object_prediction_pair says ("geometric union"), and that slicing changes little for a house that lies in a
# single slice. The union is taken with shapely, where holes are kept, but is written as outlines of COCO without the inner rings.
# Masks that were not merged keep their courtyards, as rings that fillPoly leaves empty. By default the whole image
# is predicted beside the slices, so that each house is found at least twice and merged. A block of 1,000 m2 around
# a yard of 500 is reported as 1,500, an enclosure whose walls cover 500 m2 as 1,700. Plain houses are right, and so is
# the same model by get_prediction, so that neither shows it. By postprocess_type="NMS" yards are kept, and houses that a slice cuts
# are left in part. Whoever needs yards predicts over windows that are put together as rasters, and outlines the mosaic.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
# Without dependencies, since sahi asks for the OpenCV with windows and for packages that this does not touch.
"$folder/env/bin/pip" install --quiet --disable-pip-version-check --no-deps \
  sahi==0.12.8 shapely==2.2.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 pillow==13.0.0 tqdm==4.70.1 click==8.5.1 \
  pyyaml==6.0.4 requests==2.34.2
cat > "$folder/look.py" <<'PY'
from importlib.metadata import version

import cv2
import numpy as np
from sahi.models.base import DetectionModel
from sahi.predict import get_prediction, get_sliced_prediction
from sahi.prediction import ObjectPrediction
from sahi.utils.cv import get_coco_segmentation_from_bool_mask

PIXEL_M2 = 0.1
# Rows and columns of a house, and of its yard; slices are 300 px wide and overlap by 60.
HOUSES = {
    "plain house": (slice(20, 80), slice(20, 120), None),
    "block in one slice": (slice(100, 200), slice(20, 170), (slice(125, 175), slice(45, 145))),
    "block that slices cut": (slice(100, 200), slice(250, 400), (slice(125, 175), slice(275, 375))),
    "enclosure": (slice(250, 350), slice(450, 620), (slice(260, 340), slice(460, 610))),
}
image = np.zeros((400, 700, 3), np.uint8)
truth_m2 = {}
for name, (rows, columns, yard) in HOUSES.items():
    image[rows, columns] = 255
    if yard:
        image[yard] = 0
    truth_m2[name] = round((image[rows, columns, 0] > 0).sum() * PIXEL_M2)


class Painted(DetectionModel):
    """Finds what is painted white, each connected part as a building, without an error."""

    def load_model(self):
        pass

    def perform_inference(self, image):
        self._original_predictions = image[..., 0] > 0

    def _create_object_prediction_list_from_original_predictions(self, shift_amount_list=None, full_shape_list=None):
        count, labels = cv2.connectedComponents(self._original_predictions.astype(np.uint8))
        shift, full = (given[0] if isinstance(given[0], list) else given for given in (shift_amount_list, full_shape_list))
        self._object_prediction_list_per_image = [
            [
                ObjectPrediction(
                    segmentation=get_coco_segmentation_from_bool_mask(labels == k),
                    category_id=0,
                    category_name="building",
                    score=0.9,
                    shift_amount=shift,
                    full_shape=full,
                )
                for k in range(1, count)
            ]
        ]


def found_m2(result):
    """The area of all that was found on each house."""
    drawn = np.zeros(image.shape[:2], bool)
    for each in result.object_prediction_list:
        drawn |= each.mask.bool_mask
    return {name: round(drawn[rows, columns].sum() * PIXEL_M2) for name, (rows, columns, _) in HOUSES.items()}


model, size = Painted(device="cpu"), dict(slice_height=300, slice_width=300, verbose=0)
print("sahi", version("sahi"))
whole = found_m2(get_prediction(image, model))
sliced = found_m2(get_sliced_prediction(image, model, **size))
slices_alone = found_m2(get_sliced_prediction(image, model, perform_standard_pred=False, **size))
suppressed = found_m2(get_sliced_prediction(image, model, postprocess_type="NMS", **size))
for name in HOUSES:
    print(
        f"{name}: {truth_m2[name]} m2, whole image {whole[name]}, sliced {sliced[name]}, without the whole image"
        f" {slices_alone[name]}, by NMS {suppressed[name]}"
    )
assert whole == truth_m2, whole
assert sliced["plain house"] == truth_m2["plain house"] == 600, sliced
assert [sliced[name] for name in list(HOUSES)[1:]] == [1500, 1500, 1700], sliced
assert [truth_m2[name] for name in list(HOUSES)[1:]] == [1000, 1000, 500], truth_m2
assert slices_alone == sliced, slices_alone
assert suppressed["block in one slice"] == 1000 and suppressed["block that slices cut"] < 1000, suppressed
print("seen: every yard counts as built ground after merging")
PY
"$folder/env/bin/python" "$folder/look.py"

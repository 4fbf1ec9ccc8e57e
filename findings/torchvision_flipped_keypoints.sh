#!/usr/bin/env bash
# torchvision 0.28.0 and albumentations 2.0.8: a flip moves the corners of an outline by one pixel against its image, its
# mask and its box.
#
# A good engineer guesses that points, boxes and masks of one sample keep their places in relation to each other, and
# torchvision names polygons as a use of its KeyPoints. Resizing takes 0 and the width for the image's edges, as
# corners of outlines and of boxes have it; so do torchvision's turns and a transposition. But a flip takes points for
# numbers of pixels and makes of x width - 1 - x, not width - x; albumentations' turn by 180 degrees does as well. So
# a corner is right or off by the toss of a coin, and a resize after the flip enlarges it: four pixels here. In
# torchvision flips both ways are not a turn by 180 degrees. Who trains on corners, or on masks drawn from them
# afterwards, learns from outlines of which half are shifted. Whoever augments outlines moves them by a transform of
# their own, with width - x, or draws the mask before.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  torchvision==0.28.0 torch==2.13.0 albumentations==2.0.8 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import os
import sys

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations
import numpy as np
import torch

try:
    import torchvision
except RuntimeError:  # builds of both that do not fit each other: its operators are not needed here
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
    import torchvision
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as F

WEST, NORTH, EAST, SOUTH = HOUSE = 2, 1, 6, 5
HEIGHT, WIDTH = 8, 10
MASK = np.zeros((HEIGHT, WIDTH), np.uint8)
MASK[NORTH:SOUTH, WEST:EAST] = 1
CORNERS = [[WEST, NORTH], [EAST, SOUTH]]


def of_mask(mask):
    rows, columns = np.nonzero(np.asarray(mask))
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def of_points(points):
    points = np.asarray(points)
    return [*points.min(0), *points.max(0)]


def compared(library, name, mask, box, points):
    """How far the points' extent lies from that of the mask, in pixels; the box always agrees with it."""
    extents = [np.round(np.float64(each), 4).tolist() for each in (of_mask(mask), box, of_points(points))]
    print(f"{library}, {name}: mask {extents[0]}, box {extents[1]}, points {extents[2]}")
    assert extents[0] == extents[1], extents
    return max(abs(a - b) for a, b in zip(extents[0], extents[2]))


def by_torchvision(name, *steps):
    sample = [
        tv_tensors.Mask(torch.from_numpy(MASK)),
        tv_tensors.BoundingBoxes([list(map(float, HOUSE))], format="XYXY", canvas_size=(HEIGHT, WIDTH)),
        tv_tensors.KeyPoints(torch.tensor(CORNERS, dtype=torch.float32), canvas_size=(HEIGHT, WIDTH)),
    ]
    for step in steps:
        sample = [step(each) for each in sample]
    mask, box, points = (each.numpy() for each in sample)
    return compared("torchvision", name, mask, box[0], points)


def by_albumentations(name, *steps):
    done = albumentations.Compose(
        list(steps),
        keypoint_params=albumentations.KeypointParams("xy", remove_invisible=False),
        bbox_params=albumentations.BboxParams("pascal_voc", label_fields=["label"]),
    )(image=np.zeros((HEIGHT, WIDTH, 3), np.uint8), mask=MASK, bboxes=[HOUSE], label=[1], keypoints=CORNERS)
    return compared("albumentations", name, done["mask"], done["bboxes"][0], done["keypoints"])


def enlarged(each):
    return F.resize(each, [4 * HEIGHT, 4 * WIDTH], interpolation=F.InterpolationMode.NEAREST)


def turned(degrees):
    return lambda each: F.rotate(each, degrees, expand=True)


print("torchvision", torchvision.__version__, "albumentations", albumentations.__version__)
large = albumentations.Resize(4 * HEIGHT, 4 * WIDTH, mask_interpolation=0)
off = {
    "resize": (by_torchvision("resize", enlarged), by_albumentations("resize", large)),
    "flip": (by_torchvision("flip", F.horizontal_flip), by_albumentations("flip", albumentations.HorizontalFlip(p=1))),
    "flip and resize": (
        by_torchvision("flip and resize", F.horizontal_flip, enlarged),
        by_albumentations("flip and resize", albumentations.HorizontalFlip(p=1), large),
    ),
}
assert off == {"resize": (0, 0), "flip": (1, 1), "flip and resize": (4, 4)}, off
assert by_torchvision("turn by 90", turned(90)) == by_torchvision("turn by 180", turned(180)) == 0
assert by_torchvision("flips both ways", F.horizontal_flip, F.vertical_flip) == 1
assert by_albumentations("transpose", albumentations.Transpose(p=1)) == 0
assert by_albumentations("turn by 180", albumentations.Affine(rotate=(180, 180), p=1)) == 1
print("seen: points are one pixel off after a flip, and four after a resize that follows it")
PY
"$folder/env/bin/python" "$folder/look.py"

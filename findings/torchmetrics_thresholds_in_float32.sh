#!/usr/bin/env bash
# torchmetrics 1.9.0, MeanAveragePrecision(backend="pycocotools"): the same boxes get another mAP than from pycocotools 2.0.11
# itself, here .14 instead of .20.
#
# A good engineer guesses that a metric that hands its boxes to pycocotools returns pycocotools' numbers. But the thresholds of
# overlap and of recall are made in 32-bit floats: 0.6 becomes 0.6000000238 and 0.2 becomes 0.2000000030. A house drawn with
# an overlap of exactly 0.6, and a recall of exactly 1 of 5, which pycocotools counts, fall short; recall is a fraction
# of small numbers, so that it meets the thresholds all the time where a set has 5, 10, 20, 25, 50 houses. With
# thousands of houses the difference is small. Scores of two tools so differ where nothing but the tool does.
# Whoever compares passes both lists: iou_thresholds and rec_thresholds, from np.linspace.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  torchmetrics==1.9.0 pycocotools==2.0.11 torch==2.13.0 torchvision==0.28.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import contextlib
import io
import sys
from importlib.metadata import version

import numpy as np
import torch

try:
    import torchvision
except RuntimeError:  # builds of both that do not fit each other: its operators are not needed here
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torchmetrics.detection import MeanAveragePrecision

# Five houses of 10 x 10; each found with 6 of its 10 rows, and between two of them a false one.
houses = [[20.0 * k, 0.0, 10.0, 10.0] for k in range(5)]
found = [box for k in range(5) for box in ([20.0 * k, 0.0, 10.0, 6.0], [20.0 * k, 50.0, 10.0, 10.0])]
scores = [0.95 - 0.05 * k for k in range(10)]


def by_pycocotools():
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 1, "width": 200, "height": 100}],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": k + 1, "image_id": 1, "category_id": 1, "bbox": box, "area": 100.0, "iscrowd": 0}
            for k, box in enumerate(houses)
        ],
    }
    truth.createIndex()
    results = [{"image_id": 1, "category_id": 1, "bbox": b, "score": s} for b, s in zip(found, scores)]
    evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[:2].tolist()


def by_torchmetrics(**thresholds):
    metric = MeanAveragePrecision(box_format="xywh", backend="pycocotools", **thresholds)
    label = lambda boxes: torch.ones(len(boxes), dtype=torch.long)
    metric.update(
        [{"boxes": torch.tensor(found), "scores": torch.tensor(scores), "labels": label(found)}],
        [{"boxes": torch.tensor(houses), "labels": label(houses)}],
    )
    result = metric.compute()
    return [result["map"].item(), result["map_50"].item()]


with contextlib.redirect_stdout(io.StringIO()):
    coco = by_pycocotools()
    torchmetrics = by_torchmetrics()
    told = by_torchmetrics(
        iou_thresholds=np.linspace(0.5, 0.95, 10).tolist(), rec_thresholds=np.linspace(0, 1, 101).tolist()
    )
print("torchmetrics", version("torchmetrics"), "pycocotools", version("pycocotools"), "torch", torch.__version__)
for name, (average, at_50) in (("pycocotools", coco), ("torchmetrics", torchmetrics), ("told thresholds", told)):
    print(f"{name}: mAP {average:.4f}, at .50 {at_50:.4f}")
assert np.allclose(coco, told, atol=1e-6)
assert coco[0] - torchmetrics[0] > 0.05 and coco[1] - torchmetrics[1] > 0.0002
print("seen: other numbers than those of the backend, by thresholds alone")
PY
"$folder/env/bin/python" "$folder/look.py"

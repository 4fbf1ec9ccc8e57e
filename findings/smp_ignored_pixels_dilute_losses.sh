#!/usr/bin/env bash
# segmentation-models-pytorch 0.6.0: SoftBCEWithLogitsLoss and SoftCrossEntropyLoss leave ignored pixels out of the sum and
# count them in the mean: the more of an image is ignored, the less the rest of it counts.
#
# A good engineer guesses that a loss with ignore_index is the loss over the other pixels, as torch's cross_entropy has it,
# whose place the second takes, and as the library's own Dice, Focal and Tversky losses have it. But these two set the ignored
# pixels to 0 and divide by all pixels. A tile at the rim of a mosaic, of which nine tenths are blank, weighs a tenth of
# what it should; added to a Dice loss, the balance of the two shifts from tile to tile; and the loss of a validation set
# falls with the share of it that is not labelled, so that two sets, or two models on different ground, do not compare.
# Whoever ignores pixels asks for reduction="none" and divides by the number of those that count.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  segmentation-models-pytorch==0.6.0 timm==1.0.31 torch==2.13.0 torchvision==0.28.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

import torch

try:
    import torchvision
except RuntimeError:  # builds of both that do not fit each other: its operators are not needed here
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
from segmentation_models_pytorch import losses

IGNORED = 255
torch.manual_seed(0)
logits, one = torch.randn(1, 3, 10, 10), torch.randn(1, 1, 10, 10)
classes = torch.randint(0, 3, (1, 10, 10))
roofs = torch.randint(0, 2, (1, 1, 10, 10)).float()
classes[:, 1:] = IGNORED  # one row of ten is labelled
roofs[:, :, 1:] = IGNORED

print("segmentation-models-pytorch", version("segmentation-models-pytorch"), "torch", torch.__version__)
shares = {}
for name, loss, output, labels in (
    ("SoftBCEWithLogitsLoss", losses.SoftBCEWithLogitsLoss(ignore_index=IGNORED), one, roofs),
    ("SoftCrossEntropyLoss", losses.SoftCrossEntropyLoss(ignore_index=IGNORED, smooth_factor=0.1), logits, classes),
    ("torch, cross_entropy", torch.nn.CrossEntropyLoss(ignore_index=IGNORED, label_smoothing=0.1), logits, classes),
    ("DiceLoss", losses.DiceLoss("multiclass", ignore_index=IGNORED), logits, classes),
    ("FocalLoss", losses.FocalLoss("multiclass", ignore_index=IGNORED), logits, classes),
    ("TverskyLoss", losses.TverskyLoss("multiclass", ignore_index=IGNORED), logits, classes),
):
    cut, whole = loss(output[:, :, :1], labels[..., :1, :]).item(), loss(output, labels).item()
    print(f"{name}: labelled row alone {cut:.4f}, image of which nine tenths are ignored {whole:.4f}")
    shares[name] = round(whole / cut, 3)
assert shares.pop("SoftBCEWithLogitsLoss") == shares.pop("SoftCrossEntropyLoss") == 0.1
assert set(shares.values()) == {1.0}, shares
print("seen: a tenth of the loss in two of them, the same loss in all others")
PY
"$folder/env/bin/python" "$folder/look.py"

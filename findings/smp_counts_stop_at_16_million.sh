#!/usr/bin/env bash
# segmentation-models-pytorch 0.6.0, metrics.get_stats: of a scene of 5,000 x 5,000 pixels at most 16,777,216 of a class are counted: wrong
# ground disappears, and an IoU of 0.93 becomes 1.00.
#
# A good engineer guesses that whole numbers of pixels are counted in whole numbers, since the function returns int64. But mode
# "multiclass" counts by torch.histc in float32, where 16,777,216 + 1 is 16,777,216. Pixels of a class in the prediction, in the
# truth and in both all stop there, so that their differences, the false and the missed, are 0 for the class that covers most,
# and its IoU is 1 whatever was predicted. The same scene in tiles whose counts are added gives right numbers, and so does mode
# "binary"; houses, of which there are fewer, are right. Each thread counts so far by itself: with four of them this scene is
# right too, so that the score depends on the machine. Nothing is raised. mmsegmentation had the same fault (its issue 523).
# Whoever scores scenes cuts them into tiles first.
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

import torch

try:
    import torchvision
except RuntimeError:  # builds of both that do not fit each other: its operators are not needed here
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
import segmentation_models_pytorch as smp

torch.set_num_threads(1)
print("segmentation-models-pytorch", smp.__version__)
truth = torch.zeros(1, 5000, 5000, dtype=torch.long)  # ground
truth[:, :1000] = 1  # houses
found = torch.zeros_like(truth)
found[:, 200:1100] = 1


def counts(mode="multiclass", side=5000):
    """Hits, false, missed and true others by class, added over tiles of a side."""
    total = 0
    for top in range(0, 5000, side):
        for left in range(0, 5000, side):
            window = (slice(None), slice(top, top + side), slice(left, left + side))
            if mode == "multiclass":
                stats = smp.metrics.get_stats(found[window], truth[window], mode=mode, num_classes=2)
            else:
                stats = smp.metrics.get_stats(found[window][:, None], truth[window][:, None], mode=mode)
            total = total + torch.stack([part.sum(0) for part in stats])
    return total


def overlaps(stats):
    """The IoU by class."""
    return smp.metrics.iou_score(*(part[None] for part in stats)).flatten().tolist()


whole, tiles = counts(), counts(side=1000)
for name, stats in (("whole", whole), ("in tiles", tiles)):
    hits, false, missed, others = stats[:, 0].tolist()
    print(f"{name}: ground: {hits:,} hits, {false:,} false, {missed:,} missed; IoU of ground and houses", [round(x, 4) for x in overlaps(stats)])
binary = counts("binary")
print("binary, whole: houses", binary[:, 0].tolist())
assert tiles[:3, 0].tolist() == [19_500_000, 1_000_000, 500_000], tiles
assert whole[:3, 0].tolist() == [2**24, 0, 0], whole
assert whole[:3, 1].tolist() == tiles[:3, 1].tolist() == binary[:3, 0].tolist() == [4_000_000, 500_000, 1_000_000], whole
assert overlaps(whole)[0] == 1 and 0.92 < overlaps(tiles)[0] < 0.93, (whole, tiles)
torch.set_num_threads(4)
several = counts()
print("four threads, whole: ground", several[:3, 0].tolist())
print("seen: counts that stop at 16,777,216")
PY
"$folder/env/bin/python" "$folder/look.py"

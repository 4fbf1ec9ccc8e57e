#!/usr/bin/env bash
# torchmetrics 1.9.0 with torch 2.13.0: one probability of 1.0000001, as ten views averaged leave it, makes every pixel of the tile
# a building: F1 falls from 1.00 to 0.14.
#
# A good engineer guesses that a probability a little above 1 counts as one above the threshold. The documentation says that values
# outside 0 and 1 are taken for logits, "per element"; what is meant is all elements of the call: a sigmoid is laid over the
# probabilities of the whole batch, after which each that is not 0 lies above 0.5. Probabilities leave the range by
# themselves: ten views by a tenth each sum up to 1.0000001 in float32 where the network is sure, and the bicubic enlargement of a map of
# probabilities overshoots along every wall (to 1.2 here). So one sure pixel in a batch decides over all others; batches without one are
# scored rightly, and a mean over an epoch hides it. Nothing is raised; recall is 1. Whoever scores probabilities clamps
# them to 0 and 1, or passes masks. (Issues 1604 and 2195 tell of logits that are taken for probabilities.)
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check torchmetrics==1.9.0 torch==2.13.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings

import torch
import torchmetrics
from torch.nn.functional import avg_pool2d, interpolate
from torchmetrics.classification import BinaryF1Score, BinaryJaccardIndex, BinaryRecall

warnings.simplefilter("error", UserWarning)
print("torchmetrics", torchmetrics.__version__, "torch", torch.__version__)
torch.manual_seed(0)
truth = torch.zeros(1, 1, 512, 512, dtype=torch.int)
truth[..., 100:200, 100:220] = 1
truth[..., 300:380, 50:150] = 1


def scores(name, probability):
    """F1, IoU and recall of one tile."""
    found = [metric()(probability, truth).item() for metric in (BinaryF1Score, BinaryJaccardIndex, BinaryRecall)]
    outside = int((probability > 1).sum())
    print(f"{name}: from {probability.min():.4f} to {probability.max():.7f}, {outside} pixels above 1:", *(f"{score:.4f}" for score in found))
    return found


network = torch.sigmoid(torch.where(truth == 1, 4.0, -6.0) + 0.3 * torch.randn(truth.shape))
network[0, 0, 150, 150] = torch.sigmoid(torch.tensor(20.0))  # one sure pixel: 1 in float32
tenth = torch.tensor(0.1)
views = torch.zeros_like(network)
for _ in range(10):
    views = views + network * tenth
assert scores("one view", network)[0] == 1
good, flooded = scores("ten views, clamped", views.clamp(0, 1)), scores("ten views", views)
assert int((views > 1).sum()) == 1 and views.max() < 1.000001, views.max()
assert good[0] == 1 and flooded[0] < 0.2 and flooded[2] == 1, (good, flooded)

coarse = avg_pool2d(truth.float(), 4) * 0.98 + 0.01
for mode in ("bilinear", "bicubic"):
    fine = interpolate(coarse, scale_factor=4, mode=mode)
    good, found = scores(f"{mode}, clamped", fine.clamp(0, 1)), scores(mode, fine)
    assert good[0] > 0.99, (mode, good)
    assert found[0] < 0.5 if mode == "bicubic" else found == good, (mode, found)
print("seen: probabilities that are taken for logits")
PY
"$folder/env/bin/python" "$folder/look.py"

#!/usr/bin/env bash
# torchmetrics 1.9.0, segmentation.GeneralizedDiceScore: a perfect prediction scores 0.33 where a third of the tiles hold buildings.
#
# A good engineer guesses that a perfect prediction has the best score, which the documentation gives as 1 for a perfect overlap,
# and that a tile with no building in truth and prediction is left out or counts as perfect, as MeanIoU and DiceScore of the same
# module and MONAI's GeneralizedDiceScore have it. Here such a tile counts as 0 for the class, with
# include_background=False (one class beside the ground is left) as with per_class=True. The score is then at most the
# share of tiles that hold the class; a false building in an empty tile costs nothing, since the tile had 0 already, and a
# model that misses half of every building can score more than a perfect one on a set with more empty tiles. Nothing is
# raised. Of all classes together, ground included, the score is 1. (Issue 2846, open for two years, tells of
# per_class=True, not of the background left out.) Whoever scores tiles takes DiceScore.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check torchmetrics==1.9.0 monai==1.6.1 torch==2.13.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings

import monai
import torch
import torchmetrics
from monai.metrics import GeneralizedDiceScore as OfMonai
from torchmetrics.segmentation import DiceScore, GeneralizedDiceScore, MeanIoU

warnings.simplefilter("ignore")
print("torchmetrics", torchmetrics.__version__, "torch", torch.__version__, "monai", monai.__version__)


def tiles(count, built):
    """Tiles of 64 px of which the first ones hold a house of 20 x 20 px."""
    truth = torch.zeros(count, 64, 64, dtype=torch.long)
    truth[:built, 10:30, 10:30] = 1
    return truth


def score(metric, drawn, truth, **options):
    """The score of the houses alone."""
    one = metric(num_classes=2, include_background=False, input_format="index", **options)
    one.update(drawn, truth)
    return one.compute().mean().item()


def by_monai(drawn, truth):
    """The same by MONAI."""
    one = OfMonai(include_background=False)
    one(*(torch.nn.functional.one_hot(each, 2).movedim(-1, 1) for each in (drawn, truth)))
    return one.aggregate().item()


found = {}
for built in (30, 15, 10, 3):
    truth = tiles(30, built)
    found[built] = score(GeneralizedDiceScore, truth, truth)
    others = score(MeanIoU, truth, truth), score(DiceScore, truth, truth, average="macro"), by_monai(truth, truth)
    print(f"{built} of 30 tiles built on, all drawn perfectly: {found[built]:.2f}; MeanIoU, DiceScore, MONAI {others}")
    assert others == (1, 1, 1) and abs(found[built] - built / 30) < 1e-4, (found, others)

truth = tiles(30, 10)
by_class = GeneralizedDiceScore(num_classes=2, per_class=True, input_format="index")
by_class.update(truth, truth)
print("per_class=True, ground and houses:", [round(each, 2) for each in by_class.compute().tolist()])
assert abs(by_class.compute()[1] - 1 / 3) < 1e-4

false = truth.clone()
false[10:, 40:60, 40:60] = 1
assert abs(score(GeneralizedDiceScore, false, truth) - found[10]) < 1e-4
print("with a false house in each of the 20 empty tiles:", round(score(GeneralizedDiceScore, false, truth), 2))

half = tiles(30, 30)
half[:, 10:20] = 0
missed = score(GeneralizedDiceScore, half, tiles(30, 30))
print(f"half of every house missed, 30 of 30 tiles built on: {missed:.2f}")
assert missed > found[15]
print("seen: the score of a perfect prediction is the share of tiles with a house")
PY
"$folder/env/bin/python" "$folder/look.py"

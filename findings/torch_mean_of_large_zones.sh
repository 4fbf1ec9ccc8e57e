#!/usr/bin/env bash
# torch 2.13.0 on a processor: scatter_reduce(reduce="mean") says that the mean of thirty million threes is 4, and is 13 m off for the mean
# height of zones of a million pixels; bincount with weights counts no further than 16,777,216.
#
# A good engineer guesses that a mean lies between the smallest and the largest value, and that a sum by zones is as good as the sum
# that the same library makes of the zone's pixels picked out, which is right. scatter_reduce adds pixel after pixel in float32
# and counts them in float32 too, where 16,777,216 + 1 is 16,777,216: the count stops there, and the sum of threes at four times
# as much. bincount returns float32 for float32 weights and stops in the same way. Statistics of zones are made so on tensors
# (heights by district, scores by segment); zones of 30,000 pixels are right to 2 cm, so that a test on a tile is green.
# Nothing is raised. (pytorch's issue 124783 tells of scatter_add.) Whoever sums by zones passes float64.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import torch

print("torch", torch.__version__)


def means(zones, values, count):
    """Mean of each zone by scatter_reduce."""
    return torch.zeros(count, dtype=values.dtype).scatter_reduce(0, zones, values, "mean", include_self=False)


threes, one_zone = torch.full((30_000_000,), 3.0), torch.zeros(30_000_000, dtype=torch.long)
of_threes, doubles = means(one_zone, threes, 1).item(), means(one_zone, threes.double(), 1).item()
counted = torch.bincount(one_zone, torch.ones_like(threes)).item()
print(f"30 million threes: mean {of_threes}, in float64 {doubles}, mean() {threes.mean().item()}; ones by bincount: {counted:,.0f}")
assert of_threes == 4 and doubles == threes.mean() == 3 and counted == 2**24, (of_threes, counted)

found = {}
for pixels in (100_000, 1_000_000, 4_000_000, 16_000_000):
    chance = torch.Generator().manual_seed(0)
    heights_m = 1300 + 30 * torch.rand(pixels, generator=chance)
    zones = torch.randint(0, 3, (pixels,), generator=chance)
    off_m = means(zones, heights_m, 3) - means(zones, heights_m.double(), 3)
    picked_m = torch.stack([heights_m[zones == zone].mean() for zone in range(3)]) - means(zones, heights_m.double(), 3)
    found[pixels] = off_m.abs().max().item()
    print(f"three districts, {pixels:,} pixels together: off by {found[pixels]:.3f} m, pixels picked out by {picked_m.abs().max():.4f} m")
    assert picked_m.abs().max() < 0.01
assert found[100_000] < 0.1 and found[4_000_000] > 5 and found[16_000_000] > 5, found
print("seen: a mean outside of its values")
PY
"$folder/env/bin/python" "$folder/look.py"

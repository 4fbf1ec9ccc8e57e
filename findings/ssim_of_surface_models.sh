#!/usr/bin/env bash
# scikit-image 0.26.0, torchmetrics 1.9.0 and kornia 0.9.0: the structural similarity of two surface models of a town at 3,650 m is
# -21 by torchmetrics and 1.20 by kornia, where both have 0.93 in double precision; at 1,300 m it is 1.00 by scikit-image for 0.94.
#
# A good engineer guesses that SSIM lies between -1 and 1, and that float32, in which surface models are stored and networks
# compute, changes its last digits. All three take the variance in a window as the mean of squares less the square of the mean, in
# float32: at 3,650 m a square of 13 million is stored to a metre, where the variance on a street is some square centimetres.
# Variances come out negative, and the quotient as anything: single windows score up to 13 and down to -11, of which
# scikit-image's mean looks right by chance at one height and is wrong at another. By kornia a noisy model scores more than a perfect
# one (1.20 and 1.00), so that as a loss it rewards noise. At the sea level all agree to six digits. The data's range was given
# to all. Nothing is raised or warned of. Whoever compares surface models passes float64, or takes a constant away from both, to
# which SSIM answers by its term of brightness (0.939 for 0.942 here).
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  scikit-image==0.26.0 scipy==1.17.1 torchmetrics==1.9.0 kornia==0.9.0 torch==2.13.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import kornia
import numpy as np
import skimage
import torch
import torchmetrics
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from torchmetrics.functional.image import structural_similarity_index_measure

print("scikit-image", skimage.__version__, "torchmetrics", torchmetrics.__version__, "kornia", kornia.__version__, "torch", torch.__version__)
random = np.random.default_rng(0)
relief = 12 * gaussian_filter(random.normal(0, 1, (512, 512)), 4)  # metres
for row, column in ((100, 100), (300, 200), (380, 60), (60, 320)):
    relief[row : row + 40, column : column + 60] += 6  # houses
noisy = relief + random.normal(0, 0.15, relief.shape)
span = float(relief.max() - relief.min())

found = {}
for sea_level in (0, 1300, 3650):
    for dtype in ("float64", "float32"):
        one, other = (sea_level + relief).astype(dtype), (sea_level + noisy).astype(dtype)
        tensors = [torch.from_numpy(model)[None, None] for model in (other, one)]
        mean, windows = structural_similarity(one, other, data_range=span, full=True)
        found[sea_level, dtype] = {
            "scikit-image": float(mean),
            "torchmetrics": float(structural_similarity_index_measure(*tensors, data_range=span)),
            "kornia": float(kornia.metrics.ssim(*tensors, window_size=11, max_val=span).mean()),
            "least window": float(windows.min()),
            "largest window": float(windows.max()),
        }
        print(f"at {sea_level:,} m, {dtype}:", *(f"{name} {value:.4f}," for name, value in found[sea_level, dtype].items()))
for (sea_level, dtype), values in found.items():
    right = found[sea_level, "float64"]
    error = {name: abs(values[name] - right[name]) for name in values}
    if dtype == "float64" or sea_level == 0:
        assert max(error.values()) < 1e-4 and values["largest window"] <= 1, (sea_level, dtype, values)
    else:
        assert max(error[name] for name in ("scikit-image", "torchmetrics", "kornia")) > 0.03, (sea_level, error)
        assert values["largest window"] > 2, (sea_level, values)
assert any(abs(value) > 1.01 for value in (found[3650, "float32"]["torchmetrics"], found[3650, "float32"]["kornia"])), found
perfect = torch.from_numpy((3650 + relief).astype("float32"))[None, None]
score = float(kornia.metrics.ssim(perfect, perfect, window_size=11, max_val=span).mean())
print(f"kornia, a perfect model at 3,650 m: {score:.4f}")
assert abs(score - 1) < 0.001 and found[3650, "float32"]["kornia"] > 1.01, score
print("seen: similarities that depend on the height above the sea")
PY
"$folder/env/bin/python" "$folder/look.py"

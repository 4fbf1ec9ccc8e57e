#!/usr/bin/env bash
# OpenCV 5.0.0: principal components of an image's bands come out wrong from some millions of pixels on, as do means of columns.
#
# A good engineer guesses that PCACompute2 returns the eigenvectors and eigenvalues of the covariance whatever the number
# of rows, as cv2.mean and calcCovarMatrix return what they should. But for float32 (its doubles take twice the memory) it takes the
# mean of each column by adding row after row in 32 bits, and what the mean is off is counted as variance. Of four bands
# of 4 million pixels of 16-bit reflectance the means are off by up to 61, the second component has nine times its
# variance, the first turns by a degree and explains .91 instead of .97. At 250,000 pixels, as in a tile, all is right. cv2.reduce
# with REDUCE_AVG has the same means. Nothing is raised. Whoever looks for components of a mosaic (for change, for
# sharpening, for decorrelated colours) passes float64, or the eigenvectors of numpy's cov.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import cv2
import numpy as np

LEVEL = np.array([3000, 3100, 3200, 4500], np.float32)
COMMON = np.array([150, 140, 130, -200], np.float32)


def image(pixels):
    """Reflectance of four bands that vary together by COMMON, each with a noise of 30 of its own."""
    chance = np.random.default_rng(0)
    common = chance.standard_normal((pixels, 1), dtype=np.float32)
    noise = chance.standard_normal((pixels, 4), dtype=np.float32)
    return LEVEL + common * COMMON + 30 * noise


print("OpenCV", cv2.__version__)
for pixels in (250_000, 4_000_000):
    bands = image(pixels)
    true_mean = bands.mean(0, dtype=np.float64)
    true_values, true_vectors = np.linalg.eigh(np.cov(bands.T.astype(np.float64)))
    true_values = true_values[::-1]
    mean, vectors, values = cv2.PCACompute2(bands, None)
    values = values.ravel()
    turned_deg = np.degrees(np.arccos(min(1, abs(float(vectors[0] @ true_vectors[:, -1])))))
    off = np.abs(mean - true_mean).max()
    reduced_off = np.abs(cv2.reduce(bands, 0, cv2.REDUCE_AVG)[0] - true_mean).max()
    by_doubles = cv2.PCACompute2(bands.astype(np.float64), None)[2].ravel()
    share, true_share = values[0] / values.sum(), true_values[0] / true_values.sum()
    print(f"{pixels:,} pixels: means off by {off:.2f} (cv2.reduce {reduced_off:.2f}), variances {values.round().tolist()}")
    print(f"  in truth {true_values.round().tolist()}; the first explains {share:.3f}, in truth {true_share:.3f}, turned by {turned_deg:.2f} deg")
    assert np.allclose(by_doubles, true_values, rtol=1e-3), by_doubles
    if pixels == 250_000:
        assert off < 0.1 and np.allclose(values, true_values, rtol=1e-3), (off, values)
    else:
        assert off > 20 and reduced_off > 20, (off, reduced_off)
        assert values[1] > 4 * true_values[1] and share < true_share - 0.03 and turned_deg > 0.5, (values, turned_deg)
covariance, _ = cv2.calcCovarMatrix(bands, None, cv2.COVAR_NORMAL | cv2.COVAR_ROWS | cv2.COVAR_SCALE)
found = np.linalg.eigvalsh(covariance)[::-1]
print("calcCovarMatrix:", found.round().tolist())
assert np.allclose(found, true_values, rtol=1e-3), found
print("seen: components that depend on the number of pixels")
PY
"$folder/env/bin/python" "$folder/look.py"

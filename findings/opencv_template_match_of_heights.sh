#!/usr/bin/env bash
# OpenCV 5.0.0: matchTemplate by TM_CCOEFF_NORMED finds a piece of a surface model anywhere but at its own place, with a
# score of 1, where the ground lies some hundred metres above the sea.
#
# A good engineer guesses that a coefficient of correlation does not change when a constant is added to all heights: it takes
# the means away, and that is why surface models are shifted onto each other by it. But OpenCV first keeps the sums of
# products in 32-bit floats and takes the means away from these: what is left of houses of 3 to 6 m at 1,300 m (Kathmandu)
# is rounding. Scores then are anything up to 1, where they are cut off, or 0, at the true place too. At 0 m the same
# pieces are found to the pixel, so that a test on made-up heights passes. Nothing is raised, and the best score, which
# a check would look at, is perfect. Whoever matches heights takes the mean height away from both first.
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

SIZE, PIECE, PLACES = 400, 32, ((40, 60), (200, 111), (300, 300))
rng = np.random.default_rng(1)
height_m = np.zeros((SIZE, SIZE))
for _ in range(60):  # houses, and 5 cm of noise
    row, column = rng.integers(0, SIZE - 15, 2)
    rows, columns = rng.integers(8, 15, 2)
    height_m[row : row + rows, column : column + columns] = rng.uniform(3, 6)
height_m += rng.normal(0, 0.05, height_m.shape)


def window(surface_m, row, column):
    return surface_m[row : row + PIECE, column : column + PIECE].copy()


def correlation(one, other):
    return float(np.corrcoef(one.ravel().astype(float), other.ravel().astype(float))[0, 1])


def matched(surface_m):
    """Pieces found at their own place; the lowest score there; the scores and true correlations of the best places."""
    at_home, at_place, best, true = 0, [], [], []
    for row, column in PLACES:
        piece = window(surface_m, row, column)
        scores = cv2.matchTemplate(surface_m, piece, cv2.TM_CCOEFF_NORMED)
        place = np.unravel_index(scores.argmax(), scores.shape)
        at_home += place == (row, column)
        at_place.append(float(scores[row, column]))
        best.append(float(scores.max()))
        true.append(correlation(piece, window(surface_m, *place)))
    return at_home, min(at_place), best, true


print("OpenCV", cv2.__version__, "numpy", np.__version__)
for altitude_m in (0, 1300):
    surface_m = (altitude_m + height_m).astype(np.float32)
    at_home, at_place, best, true = matched(surface_m)
    print(f"at {altitude_m} m: {at_home} of {len(PLACES)} found at their place, lowest score there {at_place:.2f};")
    print("   best scores", np.round(best, 3).tolist(), "of places whose correlation is", np.round(true, 3).tolist())
    if altitude_m == 0:
        assert at_home == len(PLACES) and at_place > 0.999
    else:
        assert at_home == 0 and at_place < 0.5 and min(best) > 0.99 and max(true) < 0.9
        assert matched(surface_m - surface_m.mean())[0] == len(PLACES)
print("seen: a score of 1 at other places, none at its own; with the mean taken away all are found")
PY
"$folder/env/bin/python" "$folder/look.py"

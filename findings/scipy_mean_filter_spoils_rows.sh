#!/usr/bin/env bash
# scipy 1.17.1 and OpenCV 5.0.0: one pixel of nodata makes a mean filter return wrong heights for the whole rest of its
# row and column (scipy) or of its column (OpenCV), not only within the window.
#
# A good engineer guesses that a mean over 3 x 3 pixels depends on these nine alone, so that a hole spoils its neighbours
# and a mask of the window's size covers it. But uniform_filter moves along a line by adding the pixel that enters and
# taking away the one that leaves. The usual nodata of surface models, -3.4e38, swallows all else in the sum; once it
# is taken away 0 is left, and what follows is the difference to what was there: of terrain at 100 m scipy makes 0 m to
# the end of the row and 67 m down the column, cv2.blur 33 m down the column, however long these are. Nothing is
# infinite or NaN, so no check for those sees it. A nodata value of -9999 does no such harm. Whoever filters such
# rasters fills holes with a height of the terrain first, or takes convolve or filter2D, which sum each window anew.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  scipy==1.17.1 opencv-python-headless==5.0.0.93 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import cv2
import numpy as np
import scipy
from scipy import ndimage

NODATA = np.finfo(np.float32).min  # -3.4028235e38
SIZE, ROW, COLUMN = 400, 100, 50
ONES = np.full((3, 3), 1 / 9, np.float32)
reach = np.ones((SIZE, SIZE), bool)
reach[ROW - 1 : ROW + 2, COLUMN - 1 : COLUMN + 2] = False  # pixels whose window has no hole


def spoilt(mean, nodata):
    """Pixels that no hole is near, and are off by more than 1 cm, of terrain at 100 m; and what they are."""
    terrain_m = np.full((SIZE, SIZE), 100, np.float32)
    terrain_m[ROW, COLUMN] = nodata
    result = mean(terrain_m)
    wrong = (np.abs(result - 100) > 0.01) & reach
    assert np.isfinite(result).all()
    return int(wrong.sum()), sorted(set(np.round(result[wrong].astype(float), 2).tolist()))


print("scipy", scipy.__version__, "OpenCV", cv2.__version__)
found = {}
for name, mean in (
    ("uniform_filter", lambda image: ndimage.uniform_filter(image, 3)),
    ("cv2.blur", lambda image: cv2.blur(image, (3, 3))),
    ("convolve", lambda image: ndimage.convolve(image, ONES)),
    ("cv2.filter2D", lambda image: cv2.filter2D(image, -1, ONES)),
):
    found[name] = [spoilt(mean, nodata) for nodata in (NODATA, -9999)]
    (count, values), (count_9999, _) = found[name]
    print(f"{name}: {count} pixels wrong that no hole is near, of {values[:4]} m; with -9999 {count_9999}")
in_row, in_column = 3 * (SIZE - COLUMN - 2), 3 * (SIZE - ROW - 2)
assert found["uniform_filter"][0] == (in_row + in_column, [0.0, 66.67]), found
assert found["cv2.blur"][0] == (in_column, [33.33]), found
assert found["convolve"][0][0] == found["cv2.filter2D"][0][0] == 0, found
assert all(each[1][0] == 0 for each in found.values()), found
print("seen: a single hole spoils its row, its column or both to the end")
PY
"$folder/env/bin/python" "$folder/look.py"

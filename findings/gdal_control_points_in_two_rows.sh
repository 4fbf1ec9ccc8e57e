#!/usr/bin/env bash
# rasterio 1.4.4 with GDAL 3.10.3: six control points in two rows that waver by 20 px place the middle of a photo of 4,000 px
# some 20 m off, though each point is 0.3 m off and lies in a corner of the photo or between two.
#
# GDAL takes a polynomial of order 2 from six control points on. A good engineer guesses that more points place a raster
# better, or that GDAL looks whether the points tell six numbers for each axis: five of the same points, for which it
# takes a plane, are 0.2 m off. Points read off along the upper and the lower border of a photo tell nothing of a bend
# between these but by their wavering, so the polynomial passes through all six exactly (an error of 0 at every point, as
# shown to whoever checks residuals) and misses what lies between by some seventy times their error, and by more the straighter
# the rows are: 380 m for 1 px. In exact rows the transform cannot be solved, and GDAL does not fall back to a plane either.
# Nothing is warned of. MAX_GCP_ORDER=1 is right.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
from statistics import median

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
LEFT_M, TOP_M, PIXEL_M = 345_000, 3_060_000, 0.3
WIDTH, HEIGHT = 4000, 3000


def points(waver_px, chance, rows=2):
    """Three in each row, read off within 0.3 m."""
    for row in np.linspace(100, HEIGHT - 100, rows):
        for col in np.linspace(100, WIDTH - 100, 3):
            at = row + chance.normal(0, waver_px), col + chance.normal(0, waver_px)
            x, y = LEFT_M + PIXEL_M * at[1], TOP_M - PIXEL_M * at[0]
            yield GroundControlPoint(*at, x + chance.normal(0, 0.3), y + chance.normal(0, 0.3))


def off_m(some, row, col, x, y):
    """How far from (x, y) the pixel (row, col) is placed by some points."""
    with GCPTransformer(some) as placed:
        (at_x,), (at_y,) = placed.xy([row], [col], offset="ul")
    return float(np.hypot(at_x - x, at_y - y))


def middle_m(some):
    x, y = LEFT_M + PIXEL_M * WIDTH / 2, TOP_M - PIXEL_M * HEIGHT / 2
    return off_m(some, HEIGHT / 2, WIDTH / 2, x, y)


chance = np.random.default_rng(1)
print("points, waver: middle of the photo off by (median of 40), largest residual")
found = {}
for name, waver_px, rows, count in (
    ("six in two rows", 1, 2, 6), ("six in two rows", 20, 2, 6), ("five of these", 20, 2, 5),
    ("nine in three rows", 20, 3, 9),
):
    draws = [list(points(waver_px, chance, rows))[:count] for _ in range(40)]
    middle = median(middle_m(draw) for draw in draws)
    residual = max(off_m(draw, p.row, p.col, p.x, p.y) for draw in draws for p in draw)
    print(f"{name}, {waver_px} px: {middle:.1f} m, {residual:.2f} m")
    found[name, waver_px] = middle, residual
try:
    middle_m(list(points(0, chance)))
    exact = "placed"
except Exception as error:  # GDAL's own classes are private
    exact = type(error).__name__
print("six in two exact rows:", exact)
assert found["six in two rows", 1][0] > 100
assert found["six in two rows", 20][0] > 10
assert found["six in two rows", 20][1] < 0.01
assert found["five of these", 20][0] < 1
assert found["nine in three rows", 20][0] < 1
assert exact != "placed"
PY
"$folder/env/bin/python" "$folder/look.py"

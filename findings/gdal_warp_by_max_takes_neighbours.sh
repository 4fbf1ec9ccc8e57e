#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3): a surface model warped by max to cells of exactly 3 x 3, 5 x 5 or 10 x 10 of its pixels takes pixels of the
# next cell as well, by the coordinates of its corner: the built-up area grows by a sixth.
#
# A good engineer guesses that the largest of nine pixels is the largest of these nine where cells and pixels share their edges;
# GDAL's documentation says that max takes the largest value of all contributing pixels. But the edges are computed by the
# transform, at UTM coordinates they come out some billionths of a pixel beside those of the pixels, and whatever is touched by
# that counts in full. For average and sum it weighs nothing, and both are right, so that a check by them is green. By max
# houses grow by a cell on one side, by min courtyards and roads do. At one corner (a multiple of
# the cell) nothing is seen, at the next, 0.3 m on, all is. Nothing is raised. Whoever wants a maximum of whole
# pixels takes it by numpy: reshape and max over the pixels of each cell.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.warp import reproject

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
CELLS, TALL_M = 300, 2
STEPS = {"max": np.max, "min": np.min, "average": np.mean}
chance = np.random.default_rng(0)


def surface(per_cell):
    """Heights over ground: 900 houses whose walls lie on the edges of cells."""
    cells = np.zeros((CELLS, CELLS), np.float32)
    for row, column in np.stack(np.meshgrid(*[np.arange(2, CELLS - 8, 10)] * 2), -1).reshape(-1, 2):
        cells[row : row + chance.integers(5, 8), column : column + chance.integers(5, 8)] = chance.uniform(4, 9)
    return cells.repeat(per_cell, 0).repeat(per_cell, 1)


def warped(heights_m, pixel_m, corner, per_cell, way):
    """The surface in cells of per_cell x per_cell pixels, by the warper."""
    transform = rasterio.Affine(pixel_m, 0, corner[0], 0, -pixel_m, corner[1])
    larger = rasterio.Affine(pixel_m * per_cell, 0, corner[0], 0, -pixel_m * per_cell, corner[1])
    out_m = np.zeros((CELLS, CELLS), np.float32)
    reproject(
        heights_m, out_m, src_transform=transform, src_crs=32645, dst_transform=larger, dst_crs=32645, resampling=Resampling[way]
    )
    return out_m


found = {}
for pixel_m, per_cell in ((0.3, 3), (0.2, 5), (0.1, 10)):
    heights_m = surface(per_cell)
    blocks = heights_m.reshape(CELLS, per_cell, CELLS, per_cell).swapaxes(1, 2).reshape(CELLS, CELLS, -1)
    cell_m2 = (pixel_m * per_cell) ** 2
    for corner in ((354000, 3057000), (354000.3, 3057000.7), (499999.9, 5400000.1)):
        other, tall_m2 = {}, {}
        for way, step in STEPS.items():
            true_m, out_m = step(blocks, axis=-1), warped(heights_m, pixel_m, corner, per_cell, way)
            other[way] = (np.abs(out_m - true_m) > 0.01).mean()
            tall_m2[way] = (out_m > TALL_M).sum() * cell_m2 / ((true_m > TALL_M).sum() * cell_m2) - 1
        found[pixel_m, corner] = tall_m2["max"], tall_m2["min"], other["average"]
        print(
            f"{pixel_m} m in cells of {per_cell} x {per_cell}, corner {corner}: built-up area by max {tall_m2['max']:+.1%}, "
            f"by min {tall_m2['min']:+.1%}; cells with another average {other['average']:.1%}"
        )
assert all(average == 0 for _, _, average in found.values()), found
assert found[0.3, (354000, 3057000)][0] > 0.02 and found[0.3, (354000, 3057000)][1] < -0.02, found
assert found[0.2, (354000, 3057000)][:2] == found[0.1, (354000, 3057000)][:2] == (0, 0), found
assert found[0.2, (354000.3, 3057000.7)][0] > 0.02 and found[0.1, (354000.3, 3057000.7)][0] > 0.02, found

rough_m = chance.uniform(0, 12, (CELLS * 3, CELLS * 3)).astype(np.float32)
true_m = rough_m.reshape(CELLS, 3, CELLS, 3).max(axis=(1, 3))
out_m = warped(rough_m, 0.3, (354000, 3057000), 3, "max")
print(f"a rough surface, 0.3 m in cells of 3 x 3: {(out_m != true_m).mean():.1%} of the cells have a neighbour's maximum")
assert (out_m != true_m).mean() > 0.1 and (out_m >= true_m).all()
print("seen: pixels of the next cell count")
PY
"$folder/env/bin/python" "$folder/look.py"

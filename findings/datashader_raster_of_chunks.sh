#!/usr/bin/env bash
# datashader 0.19.1, Canvas.raster: an array in chunks is enlarged to other values than the same array in memory: slopes become
# terraces with a step at every chunk, and classes move by a third of a cell.
#
# A good engineer guesses that chunks change where a result is computed, not what it is; the documentation says that dask
# arrays are taken for rasters that do not fit into memory. But each chunk is enlarged by itself, with linear weights that run
# from the centre of its first cell to that of its last, put onto its first and last pixel. A whole array is stretched in
# that way as well, unseen, by up to half a cell at its rim; in chunks each of them is. A surface model of 30 m cells on a slope
# of 30 %, four times enlarged, rises by 9 m between two pixels where chunks meet, and by 2.25 m in truth; it differs from the
# one in memory by up to 6 m. By "nearest", at three times the size, more than a quarter of all pixels shows the next cell's
# class; at twice and four times, none. Coordinates are the same, and nothing is said. Whoever enlarges rasters in
# chunks loads the part that is shown first (.compute()), or warps by rasterio, which heeds the coordinates.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  datashader==0.19.1 dask==2026.8.0 xarray==2026.9.0 numba==0.68.1 pandas==3.1.1 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import dask
import datashader
import numpy as np
import xarray as xr

dask.config.set(scheduler="synchronous")
WEST, NORTH, CELL_M, ROWS, COLUMNS = 354000, 3057000, 30, 60, 80
SLOPE = 0.3


def raster(values):
    """An array with the coordinates of its cells' centres."""
    north = NORTH - (np.arange(ROWS) + 0.5) * CELL_M
    east = WEST + (np.arange(COLUMNS) + 0.5) * CELL_M
    return xr.DataArray(values, dims=("y", "x"), coords={"y": north, "x": east})


def enlarged(array, times, method):
    """The array on a grid `times` as fine over the same ground."""
    canvas = datashader.Canvas(
        COLUMNS * times, ROWS * times, x_range=(WEST, WEST + COLUMNS * CELL_M), y_range=(NORTH - ROWS * CELL_M, NORTH)
    )
    return canvas.raster(array, upsample_method=method).compute()


print("datashader", datashader.__version__, "dask", dask.__version__)
east_m = (np.arange(COLUMNS) + 0.5) * CELL_M
heights_m = raster(np.broadcast_to(SLOPE * east_m, (ROWS, COLUMNS)).copy())
for times in (1, 2, 4):
    whole, chunks = (enlarged(each, times, "linear") for each in (heights_m, heights_m.chunk({"y": 20, "x": 20})))
    assert np.array_equal(whole.x, chunks.x) and np.array_equal(whole.y, chunks.y)
    row, chunked = whole.values[ROWS * times // 2], chunks.values[ROWS * times // 2]
    rise_m = SLOPE * CELL_M / times
    steps_m = [float(np.diff(each).max()) for each in (row, chunked)]
    apart_m = float(np.abs(row - chunked).max())
    print(
        f"linear, {times} times: from pixel to pixel {rise_m:.2f} m in truth, up to {steps_m[0]:.2f} m in memory, "
        f"{steps_m[1]:.2f} m in chunks; apart by up to {apart_m:.2f} m"
    )
    assert abs(steps_m[0] - rise_m) < 0.1 * rise_m, steps_m
    if times == 1:
        assert apart_m == 0, apart_m
    else:
        assert steps_m[1] > 8.9 and apart_m > 3, (steps_m, apart_m)

classes = raster(np.broadcast_to(np.arange(COLUMNS), (ROWS, COLUMNS)).copy())
other = {}
for times in (1, 2, 3, 4):
    whole, chunks = (enlarged(each, times, "nearest") for each in (classes, classes.chunk({"y": 20, "x": 20})))
    truth = np.broadcast_to(np.repeat(np.arange(COLUMNS), times), whole.shape)
    assert np.array_equal(whole, truth)
    other[times] = float((chunks.values != truth).mean())
    print(f"nearest, {times} times: {other[times]:.1%} of the pixels in chunks show another cell")
assert other[1] == other[2] == other[4] == 0 and other[3] > 0.2, other
print("seen: values that depend on chunks")
PY
"$folder/env/bin/python" "$folder/look.py"

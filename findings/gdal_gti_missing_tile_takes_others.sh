#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3), GDAL's raster tile index (GTI): one file that is missing makes tiles that are there read as
# zeros as well, with no error, and which ones depends on the window and on the order of the rows.
#
# A good engineer guesses that a mosaic that lacks a file raises an error, as a VRT does at its first read, or leaves a hole of
# that one tile. But a read goes through the rows of the index until a file cannot be opened, and leaves out all that
# come after it: of six tiles of which the second is gone, a read of the whole shows the first alone, five sixths of the
# ground are zeros, and with the rows in turned order it shows four others. Each of the four read in a window of its own is
# right. Reads return as if all were well; the mask says "nodata" where a nodata value is stored, so that nothing tells
# the lost ground from the rim of the mosaic. GDAL's issue 13212 tells of the missing error, not of the tiles that go with it.
# Whoever reads such an index opens each file that it names first.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  rasterio==1.4.4 geopandas==1.2.0 pandas==3.1.1 pyogrio==0.13.0 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin
from rasterio.windows import Window

warnings.simplefilter("error", UserWarning)
folder = Path(sys.argv[1])
WEST, NORTH, SIDE = 354000, 3057000, 100
tiles = []
for number in range(6):
    tiles.append(folder / f"tile{number}.tif")
    profile = dict(driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="uint8", crs="EPSG:32645")
    with rasterio.open(tiles[-1], "w", transform=from_origin(WEST + number * SIDE, NORTH, 1, 1), **profile) as file:
        file.write(np.full((1, SIDE, SIDE), number + 1, np.uint8))


def index(order):
    """An index that names the tiles in this order."""
    path = folder / f"{''.join(map(str, order))}.gti.gpkg"
    west = [WEST + number * SIDE for number in order]
    rows = gpd.GeoDataFrame(
        {"location": [str(tiles[number]) for number in order]},
        geometry=[shapely.box(x, NORTH - SIDE, x + SIDE, NORTH) for x in west], crs=32645,
    )
    rows.to_file(path, layer="index")
    return path


def seen(path, window=None):
    """Which tiles a read of a newly opened index shows; 0 stands for ground without any."""
    with rasterio.open(path) as file:
        return np.unique(file.read(window=window)).tolist()


print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
forth, back = index([0, 1, 2, 3, 4, 5]), index([5, 4, 3, 2, 1, 0])
assert seen(forth) == seen(back) == [1, 2, 3, 4, 5, 6]
tiles[1].unlink()
print("second tile gone; the whole:", seen(forth), "rows in turned order:", seen(back))
assert seen(forth) == [0, 1] and seen(back) == [0, 3, 4, 5, 6]
alone = [seen(forth, Window(number * SIDE, 0, SIDE, SIDE)) for number in range(6)]
print("each tile in a window of its own:", alone)
assert alone == [[1], [0], [3], [4], [5], [6]], alone
with rasterio.open(forth) as file:
    lost_m2 = int((file.read(1) == 0).sum())
print("read as zeros:", lost_m2, "m2, of which missing in truth:", SIDE**2)
assert lost_m2 == 5 * SIDE**2
print("seen: tiles that are there are lost with one that is not")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

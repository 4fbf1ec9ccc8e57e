#!/usr/bin/env bash
# rasterstats 0.21.0: of a raster that is turned by two degrees, zonal statistics and point queries are those of other
# ground, with nothing said.
#
# A good engineer guesses that a library that asks for an affine transform heeds all six numbers of it, or refuses what it
# cannot: aerial photographs with a world file, radar scenes and scanned plans lie turned against the grid of their CRS.
# rasterstats looks for the window of each outline, and for the pixel of each point, by four of them, as if
# the raster were north up, and then masks that window by a transform with the turn. What is left is part of the
# outline and part of its neighbours, not the same for a file as for its array; at larger angles nothing at all (None,
# as for an outline without data). rasterio's mask and sample give what lies there; exactextract 0.3.0 refuses. Whoever
# has such a raster warps it to north up first (WarpedVRT), or masks by rasterio.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  rasterstats==0.21.0 exactextract==0.3.0 rasterio==1.4.4 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import exactextract
import geopandas as gpd
import numpy as np
import rasterio
import rasterstats
import shapely
from rasterio.mask import mask
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT

warnings.simplefilter("error", UserWarning)
folder = Path(sys.argv[1])
SIZE, NODATA = 200, -9999
height_m = np.broadcast_to(np.arange(SIZE, dtype=np.float32), (SIZE, SIZE))  # rising by 1 m per pixel
profile = dict(driver="GTiff", width=SIZE, height=SIZE, count=1, dtype="float32", crs="EPSG:32645", nodata=NODATA)


def looked_up(degrees):
    """Mean height, pixels and height at the centre of a house of 10 x 10 m, by rasterio and by rasterstats."""
    transform = Affine.translation(354000, 3057000) * Affine.rotation(degrees) * Affine.scale(1, -1)
    x, y = transform * (100.3, 100.3)
    house, centre = shapely.box(x - 5, y - 5, x + 5, y + 5), shapely.Point(x, y)
    path = folder / f"turned_by_{degrees}.tif"
    with rasterio.open(path, "w", transform=transform, **profile) as file:
        file.write(height_m, 1)
    with rasterio.open(path) as file:
        inside, _ = mask(file, [house], filled=False)
        there = float(inside.mean()), int(inside.count()), float(next(file.sample([(x, y)]))[0])
    of_file = rasterstats.zonal_stats([house], path, stats=["mean", "count"])[0]
    of_array = rasterstats.zonal_stats([house], height_m, affine=transform, nodata=NODATA, stats=["mean", "count"])[0]
    at = rasterstats.point_query([centre], path, interpolate="nearest")[0]
    print(f"turned by {degrees} degrees: rasterio {there}, rasterstats {of_file}, of the array {of_array}, at the centre {at}")
    return path, house, there, (of_file["mean"], of_array["mean"], of_file["count"], at)


print("rasterstats", rasterstats.__version__, "rasterio", rasterio.__version__)
_, _, there, found = looked_up(0)
assert there == (99.5, 100, 100.0) and found == (99.5, 99.5, 100, 100.0), (there, found)
path, house, there, found = looked_up(2)
assert abs(there[0] - 100) < 1 and there[1] >= 99, there
assert found == (104.0, 101.0, 42, 103.0), found
with rasterio.open(path) as file, WarpedVRT(file) as north_up:
    inside, _ = mask(north_up, [house], filled=False)
    window = rasterstats.zonal_stats([house], north_up.read(1), affine=north_up.transform, nodata=NODATA)[0]
print("warped to north up first:", window)
assert abs(window["mean"] - there[0]) < 1, window
_, _, there, found = looked_up(10)
assert abs(there[0] - 100) < 1 and found[:3] == (None, None, 0) and found[3] > 110, (there, found)
try:
    exactextract.exact_extract(path, gpd.GeoDataFrame(geometry=[house], crs=32645), ["mean"])
except ValueError as error:
    print("exactextract:", error)
else:
    raise SystemExit("not seen: exactextract refuses")
print("seen: two degrees are enough for heights of other ground")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

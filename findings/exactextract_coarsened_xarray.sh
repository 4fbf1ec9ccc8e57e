#!/usr/bin/env bash
# exactextract 0.3.0 with rioxarray 0.19.0: of an array that xarray made coarser, thinner or turned upside down, the
# statistics are those of other ground, or missing, with nothing said.
#
# A good engineer guesses that an array with a coordinate for every row and column lies where these say; xarray keeps
# them right through coarsen, isel and sortby, and what rioxarray writes, clips and warps heeds them. But exactextract
# asks rioxarray for bounds and resolution, and these come from the GeoTransform that open_rasterio stored in an
# attribute and that xarray carries along unchanged: cells of 3 m are taken for cells of 1 m. The mean of a house is
# then that of ground three times as far from the corner; with rows sorted by y nothing is found at all.
# The same array written to a GeoTIFF gives right results. Whoever changes a grid in xarray stores its new transform
# first: da.rio.write_transform(da.rio.transform(recalc=True)), with rows from north to south.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  exactextract==0.3.0 rioxarray==0.19.0 xarray==2026.9.0 rasterio==1.4.4 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import exactextract
import geopandas as gpd
import numpy as np
import rasterio
import rioxarray
import shapely
from rasterio.transform import from_origin

warnings.simplefilter("error", UserWarning)
folder = Path(sys.argv[1])
west, north = 354000, 3057000
height_m = np.broadcast_to(np.arange(60, dtype=np.float32), (60, 60))  # rising by 1 m per metre to the east
profile = dict(driver="GTiff", width=60, height=60, count=1, dtype="float32", crs="EPSG:32645")
with rasterio.open(folder / "fine.tif", "w", transform=from_origin(west, north, 1, 1), **profile) as file:
    file.write(height_m, 1)
# A house near the corner, where both grids have cells: 6 to 12 m from it.
house = gpd.GeoDataFrame({"id": [1]}, geometry=[shapely.box(west + 6, north - 12, west + 12, north - 6)], crs=32645)
fine = rioxarray.open_rasterio(folder / "fine.tif").squeeze()
coarse = fine.coarsen(x=3, y=3).mean()


def mean_m(raster):
    return float(exactextract.exact_extract(raster, house, ["mean"], output="pandas")["mean"][0])


def written(array):
    array.rio.to_raster(folder / "written.tif")
    return mean_m(folder / "written.tif")


print("exactextract", exactextract.__version__, "rioxarray", rioxarray.__version__)
found = {}
for name, array in (("fine", fine), ("coarsened", coarse), ("thinned", fine[1::3, 1::3]), ("sorted by y", fine.sortby("y"))):
    inside = (array.x > west + 6) & (array.x < west + 12) & (array.y > north - 12) & (array.y < north - 6)
    truth, direct = float(array.where(inside).mean()), mean_m(array)
    print(f"{name}: by the coordinates {truth} m, exactextract {direct} m")
    found[name] = truth, direct
assert found["fine"] == (8.5, 8.5), found
assert found["coarsened"] == found["thinned"] == (8.5, 23.5), found
assert found["sorted by y"][0] == 8.5 and np.isnan(found["sorted by y"][1]), found
stored = coarse.rio.write_transform(coarse.rio.transform(recalc=True))
print("coarsened, written to a file:", written(coarse), "m; with its new transform stored:", mean_m(stored), "m")
assert written(coarse) == mean_m(stored) == 8.5
print("seen: 23.5 m instead of 8.5 m, and nothing at all for rows sorted by y")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

#!/usr/bin/env bash
# xvec 0.5.2: zonal statistics of zones that overlap are those of what later zones leave of them, with nothing said, unless
# exactextract happens to be installed.
#
# A good engineer guesses that the statistics of one zone do not depend on which others are asked for in the same call, as
# in rasterstats, exactextract and xvec's own method "iterate". By method="rasterize", the default where exactextract
# is not installed, xvec draws all zones into one raster of numbers, in which each pixel belongs to the zone drawn last.
# Of surroundings of 10 m around houses, rings of a city or a province and its districts in one list the earlier lose
# ground: here half of it, and a zone inside a larger one that comes later is missing (NaN). The documentation tells
# of small polygons alone. So one script gives one table on a machine with exactextract and another without. Whoever has
# zones that overlap passes method="iterate" or "exactextract".
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  xvec==0.5.2 rioxarray==0.19.0 xarray==2026.9.0 rasterio==1.4.4 geopandas==1.2.0 shapely==2.2.0 joblib==1.6.0 tqdm==4.70.1 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import warnings
from importlib.metadata import version

import geopandas as gpd
import numpy as np
import rioxarray  # noqa: F401
import shapely
import xarray as xr
import xvec  # noqa: F401

warnings.simplefilter("error", UserWarning)
SIZE = 100
height_m = np.broadcast_to(np.arange(SIZE, dtype=float), (SIZE, SIZE))  # rising by 1 m per metre to the east
raster = xr.DataArray(
    height_m, dims=("y", "x"), coords={"x": np.arange(SIZE) + 0.5, "y": SIZE - 0.5 - np.arange(SIZE)}
).rio.write_crs(32645)
ZONES = {
    "around one house": shapely.box(10, 10, 30, 30),
    "around the next": shapely.box(20, 10, 40, 30),
    "district": shapely.box(60, 60, 70, 70),
    "province": shapely.box(50, 50, 90, 90),
}
zones = gpd.GeoSeries(list(ZONES.values()), crs=32645)


def statistics(zones, method=None):
    """Mean height and pixels of each zone."""
    found = raster.xvec.zonal_stats(zones, "x", "y", stats=["mean", "count"], method=method, n_jobs=1)
    return np.asarray(found).round(3).tolist()


print("xvec", version("xvec"))
together, drawn = statistics(zones), statistics(zones, "rasterize")
one_by_one, looked_at = [statistics(zones.iloc[[k]])[0] for k in range(len(zones))], statistics(zones, "iterate")
for name, whole, alone in zip(ZONES, together, one_by_one):
    print(f"{name}: mean m and pixels in one call {whole}, asked for alone {alone}")
assert one_by_one == looked_at == [[19.5, 400], [29.5, 400], [64.5, 100], [69.5, 1600]], one_by_one
assert np.array_equal(together, drawn, equal_nan=True)
assert together[0] == [14.5, 200] and together[1] == one_by_one[1] and together[3] == one_by_one[3], together
assert np.isnan(together[2][0]), together
print("seen: a zone loses the ground that it shares with a later one")
PY
"$folder/env/bin/python" "$folder/look.py"

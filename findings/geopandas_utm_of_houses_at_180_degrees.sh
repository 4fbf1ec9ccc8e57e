#!/usr/bin/env bash
# geopandas 1.2.0 and rioxarray 0.19.0: for an island on both sides of 180 degrees estimate_utm_crs picks the zone at
# Greenwich, in which the whole map is turned by half a circle and areas are right.
#
# A good engineer guesses that the zone is the island's own, and that a zone on the far side of the globe would be seen at
# once. But the middle of 179.9 and -179.9 degrees is taken for 0: geopandas minds this for layers in metres alone, not for
# degrees (as in GeoJSON), rioxarray nowhere. And PROJ computes on without a word beyond the pole: areas of houses in
# Fiji are 0.1 to 0.2 % too large (1 m2 in 500), as at the rim of a right zone, so that no test of areas or distances
# fails. But grid north is south. A roof that faces north to the sun faces south there, a house that stands west of another
# stands east of it, and the coordinates lie 16000 km from those that everybody else has for the same house (EPSG:32760 or
# 32701). Of one layer the zone depends on the units that it came in: degrees give zone 31S, metres give 1S.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  geopandas==1.2.0 pyproj==3.7.2 shapely==2.2.0 rioxarray==0.19.0 xarray==2026.9.0 rasterio==1.4.4 numpy==2.2.6
cat > "$folder/look.py" <<'PY'
from importlib.metadata import version

import geopandas as gpd
import numpy as np
import rioxarray  # noqa: F401
import shapely
import xarray as xr

# Two houses of 20 m x 25 m, 40 km apart, to the west and the east of 180 degrees, each with a roof half facing north.
WEST, EAST = (800_000, 8_136_000), (840_000, 8_136_000)
houses_m = gpd.GeoSeries([shapely.box(x, y, x + 20, y + 25) for x, y in (WEST, EAST)], crs=32760)
facing_north_m = gpd.GeoSeries([shapely.box(x, y + 12.5, x + 20, y + 25) for x, y in (WEST, EAST)], crs=32760)
houses = houses_m.to_crs(4326)
print("geopandas", version("geopandas"), "rioxarray", version("rioxarray"), "pyproj", version("pyproj"))
print("degrees east:", [round(house.bounds[0], 3) for house in houses])
zone = houses.estimate_utm_crs()
print("zone for degrees:", zone.name, "| for the same houses in metres:", houses_m.estimate_utm_crs().name)

photo = xr.DataArray(
    np.zeros((30, 400), "uint8"),
    dims=("y", "x"),
    coords={"x": 800_050 + 100.0 * np.arange(400), "y": 8_137_950 - 100.0 * np.arange(30)},
).rio.write_crs(32760)
print("zone for a photo of them in EPSG:32760, by rioxarray:", "EPSG:" + str(photo.rio.estimate_utm_crs().to_epsg()))

there, roofs = houses.to_crs(zone), facing_north_m.to_crs(4326).to_crs(zone)
geod = zone.get_geod()
true_m2 = np.array([abs(geod.geometry_area_perimeter(house)[0]) for house in houses])
wrong_percent = 100 * (there.area.to_numpy() / true_m2 - 1)
northing_of_half_m = (shapely.get_y(roofs.centroid.to_numpy()) - shapely.get_y(there.centroid.to_numpy())).round(1)
eastings_m = shapely.get_x(there.centroid.to_numpy())
away_km = [round(a.distance(b) / 1000) for a, b in zip(there, houses_m)]
there_m2 = there.area.to_numpy().round(1)
print(f"true m2 {true_m2.round(1)}, m2 there {there_m2}, too large by % {wrong_percent.round(2)}")
print("the half that faces north lies m to grid north:", northing_of_half_m)
print("eastings of the west and the east house:", eastings_m.round())
print("km from the same house in EPSG:32760:", away_km)
assert zone.to_epsg() == photo.rio.estimate_utm_crs().to_epsg() == 32731, zone
assert houses_m.estimate_utm_crs().to_epsg() == 32701
assert (np.abs(wrong_percent) < 0.5).all(), wrong_percent
assert (northing_of_half_m < -6).all() and eastings_m[0] > eastings_m[1]
assert min(away_km) > 10_000
print("seen: a map that is turned by 180 degrees and measures right")
PY
"$folder/env/bin/python" "$folder/look.py"

#!/usr/bin/env bash
# pyproj 3.7.2 (PROJ 9.5.1), through geopandas as well: one building is torn in two where the areas of two transformations meet.
#
# A good engineer guesses that a CRS is turned into another by one continuous function. From a datum with several
# transformations (Arc 1950 by country) PROJ chooses anew for each point, by the box that EPSG gives each as its area of
# use. The boxes' edges run through land: Botswana's reaches 29.38 E, far into Zimbabwe, and a house of 21 m on that line
# comes out 31 m long. No warning; only_best changes nothing, as each point has its best. Whoever moves outlines
# chooses one transformation for the whole layer, from TransformerGroup, and uses that alone.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  pyproj==3.7.2 geopandas==1.2.0 pandas==3.1.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import geopandas as gpd
import pyproj
import shapely
from pyproj import Geod, Transformer
from pyproj.transformer import TransformerGroup

ARC_1950, WGS_84 = 4209, 4326
step = 1e-4  # about 10.6 m
lon, lat = 29.38, -20.0  # in Zimbabwe
house = shapely.box(lon - step, lat - step, lon + step, lat + step)
frame = gpd.GeoSeries([house], crs=ARC_1950)
geod = Geod(ellps="WGS84")


def length_m(shape):
    west, south, east, _ = shape.bounds
    return geod.inv(west, south, east, south)[2]


print("pyproj", pyproj.__version__, "PROJ", pyproj.proj_version_str)
before, after = length_m(house), length_m(frame.to_crs(WGS_84).iloc[0])
print(f"east to west: {before:.1f} m before, {after:.1f} m after")
group = TransformerGroup(ARC_1950, WGS_84, always_xy=True)
for one in group.transformers[:4]:
    area = one.area_of_use
    print("  ", one.description, one.accuracy, "m", area and area.bounds)
best = Transformer.from_crs(ARC_1950, WGS_84, always_xy=True, only_best=True)
torn = length_m(shapely.transform(house, best.transform, interleaved=False))
whole = length_m(shapely.transform(house, group.transformers[0].transform, interleaved=False))
print(f"by only_best {torn:.1f} m, by one transformation {whole:.1f} m")
assert abs(after - before) > 8, "not seen: the house is whole"
assert abs(torn - after) < 0.01 and abs(whole - before) < 0.01
print("seen: a house torn by what two transformations differ")
PY
"$folder/env/bin/python" "$folder/look.py"

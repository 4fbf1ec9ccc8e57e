#!/usr/bin/env bash
# shapely 2.2.0 (GEOS 3.14.1) and geopandas 1.2.0: outlines with heights and measures (POLYGON ZM) lose their heights when they
# are moved or reprojected, and measures alone (POLYGON M) come out of GeoParquet as heights.
#
# A good engineer guesses that what reads and writes M, as both do by WKB, WKT and GeoParquet, keeps the Z beside it. But
# shapely.transform and set_coordinates make both NaN, even by a function that changes nothing, with include_z=True, and
# so do geopandas' to_crs, translate, rotate and scale. has_z still says yes, and areas are right, so that
# no check of these sees it. Of a POLYGON M, to_parquet(geometry_encoding="geoarrow") and mapping() make
# a POLYGON Z: a measure of 1200 m along a road is a height of 1200 m. No error, no warning. ESRI's PolygonZ and PostGIS'
# ZM columns bring such geometries. Whoever needs the heights drops the measures
# first: shapely.from_wkb(shapely.to_wkb(outline, output_dimension=3)).
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  shapely==2.2.0 geopandas==1.2.0 pyproj==3.7.2 pandas==3.1.1 pyarrow==26.0.1 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

warnings.simplefilter("error")
folder = Path(sys.argv[1])
HOUSE_ZM = "POLYGON ZM ((0 0 1300 10, 4 0 1300 11, 4 4 1306 12, 0 4 1306 13, 0 0 1300 10))"
ROAD_M = "POLYGON M ((0 0 1200, 4 0 1201, 4 4 1202, 0 4 1203, 0 0 1200))"
house, road = shapely.from_wkt(HOUSE_ZM), shapely.from_wkt(ROAD_M)


def heights_m(geometry):
    return shapely.get_coordinates(geometry, include_z=True)[:, 2].tolist()


print("shapely", shapely.__version__, "GEOS", shapely.geos_version_string, "geopandas", gpd.__version__)
houses = gpd.GeoSeries([house], crs=32645)
houses.to_frame("geometry").to_parquet(folder / "houses.parquet")
assert heights_m(gpd.read_parquet(folder / "houses.parquet").geometry.iloc[0]) == [1300, 1300, 1306, 1306, 1300]
for name, moved in (
    ("transform", shapely.transform(house, lambda corners: corners, include_z=True)),
    ("to_crs", houses.to_crs(32644).iloc[0]),
    ("translate", houses.translate(1, 1).iloc[0]),
    ("rotate", houses.rotate(10).iloc[0]),
):
    print(f"{name}: has_z {moved.has_z}, heights {heights_m(house)} become {heights_m(moved)}")
    assert moved.has_z and np.isnan(heights_m(moved)).all()
    assert 15.8 < moved.area < 16.2
plain = gpd.GeoSeries(shapely.from_wkb(shapely.to_wkb(houses.array, output_dimension=3)), crs=32645)
assert heights_m(plain.to_crs(32644).iloc[0]) == heights_m(house), "without measures heights are kept"

gpd.GeoDataFrame(geometry=[road], crs=32645).to_parquet(folder / "road.parquet", geometry_encoding="geoarrow")
for name, back in (
    ("GeoParquet by geoarrow", gpd.read_parquet(folder / "road.parquet").geometry.iloc[0]),
    ("mapping and shape", shapely.geometry.shape(shapely.geometry.mapping(road))),
):
    print(f"{name}: {road.wkt} becomes {back.wkt}")
    assert not road.has_z and back.has_z and heights_m(back) == [1200, 1201, 1202, 1203, 1200]
print("seen: heights beside measures become NaN, measures alone become heights")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

#!/usr/bin/env bash
# pyogrio 0.13.0 (GDAL 3.12.4): a layer in a UTM zone of feet is written to GeoPackage and FlatGeobuf as the zone
# in metres, and a File Geodatabase in kilometres rounds to 100 m.
#
# A good engineer guesses that a CRS given as WKT comes back as it went in, or that the writer refuses it. But
# both drivers look for an EPSG code where there is none, and find that of the zone in metres by its projection
# alone: coordinates in feet are then metres, areas ten times too large, without a word. WKT 1 helps a
# GeoPackage, not a FlatGeobuf. The geodatabase's grid of 0.1 mm is divided by the unit where it should be
# multiplied: 0.1 km.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyogrio==0.13.0 pyarrow==26.0.1 shapely==2.2.0 numpy==2.4.6 pyproj==3.7.2
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely
from pyproj import CRS

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
drivers = {"GPKG": "b.gpkg", "FlatGeobuf": "b.fgb", "ESRI Shapefile": "b.shp", "OpenFileGDB": "b.gdb"}


def written(driver, crs, form, house):
    """Unit and outline that come back."""
    table = pa.table({"x": [1], "geometry": pa.array([shapely.to_wkb(house)], pa.binary())})
    name = folder / f"{form}_{house.bounds[0]:.0f}_{drivers[driver]}"
    pyogrio.write_arrow(table, name, driver=driver, geometry_name="geometry", geometry_type="Polygon",
                        crs=crs.to_wkt(form))
    back = CRS.from_user_input(pyogrio.read_info(name)["crs"])
    return back.axis_info[0].unit_name, shapely.from_wkb(pyogrio.raw.read(name)[2][0])


print("pyogrio", pyogrio.__version__, "GDAL", ".".join(map(str, pyogrio.__gdal_version__)))
feet = CRS("+proj=utm +zone=45 +datum=WGS84 +units=us-ft")
house = shapely.box(1161000, 10029000, 1161060, 10029030)
units = {}
for driver in drivers:
    for form in ("WKT2_2019", "WKT1_GDAL"):
        units[driver, form], _ = written(driver, feet, form, house)
        print(f"US survey feet by {form} in {driver}: {units[driver, form]}")
assert units["GPKG", "WKT2_2019"] == units["FlatGeobuf", "WKT2_2019"] == "metre", units
assert units["FlatGeobuf", "WKT1_GDAL"] == "metre", units
assert units["GPKG", "WKT1_GDAL"] == units["ESRI Shapefile", "WKT2_2019"] == "US survey foot", units
kilometres = CRS("+proj=utm +zone=45 +datum=WGS84 +units=km")
house = shapely.box(354.03, 3057.03, 354.16, 3057.08)
_, back = written("OpenFileGDB", kilometres, "WKT2_2019", house)
moved_m = 1000 * shapely.hausdorff_distance(house, back)
print(f"kilometres in OpenFileGDB: corners moved by up to {moved_m:.0f} m")
assert moved_m > 20, moved_m
print("seen: feet as metres, and kilometres rounded to 100 m")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

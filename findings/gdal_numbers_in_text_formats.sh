#!/usr/bin/env bash
# pyogrio 0.13.0 (GDAL 3.12.4): CSV and KML keep 15 digits of a double, and the largest become infinite;
# a Shapefile turns numbers from 1e23 into others of 1e23.
#
# A good engineer guesses that a number comes out of a text file as it went in, since Python, Arrow and R
# write as many digits as it takes (17 at most), and that a number with no room is refused or missing. But
# 0.1 + 0.2 comes back as 0.3, the largest double as infinity, and 3.4e38 in a Shapefile as 3.4e23: its
# digits are cut at 24, which is said in a warning alone that does not tell the value that is stored.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyogrio==0.13.0 pyarrow==26.0.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely

warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
numbers = [0.1 + 0.2, sys.float_info.max, 3.4e38]
wkb = pa.array([shapely.to_wkb(shapely.box(80, 0, 81, 1))] * 3, pa.binary())
table = pa.table({"x": numbers, "geometry": wkb})
print("pyogrio", pyogrio.__version__, "GDAL", ".".join(map(str, pyogrio.__gdal_version__)))
found = {}
for driver, name, options in (
    ("CSV", "b.csv", {"GEOMETRY": "AS_WKT", "CREATE_CSVT": "YES"}),
    ("KML", "b.kml", {}),
    ("ESRI Shapefile", "b.shp", {}),
):
    pyogrio.write_arrow(table, folder / name, driver=driver, geometry_name="geometry",
                        geometry_type="Polygon", crs="EPSG:4326", layer_options=options)
    found[driver] = pyogrio.raw.read(folder / name, columns=["x"], read_geometry=False)[3][0].tolist()
    print(f"{driver}: {numbers} come back as {found[driver]}")
inf = float("inf")
assert found["CSV"][:2] == found["KML"][:2] == [0.3, inf], found
assert found["ESRI Shapefile"][2] == 3.4e23, found
print("seen: 15 digits, infinity, and 3.4e38 as 3.4e23")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

#!/usr/bin/env bash
# pyogrio 0.13.0 (GDAL 3.12.4): two files that are written without an error and that the same GDAL cannot open.
#
# A good engineer guesses that a writer escapes what it writes, and that a layer of valid rows makes a valid
# file. But the KML driver writes the name of a column as it is, so one called `a<b` makes XML that is not
# well-formed; and the PMTiles driver, where no feature is large enough for any zoom (its default is 0 to 5, at
# which a town's houses are smaller than a step), leaves an archive that "lacks vector_layers[]". With no
# feature at all it refuses to write.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyogrio==0.13.0 pyarrow==26.0.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely

folder = Path(sys.argv[1])
wkb = pa.array([shapely.to_wkb(shapely.box(85, 27, 85.0001, 27.0001))], pa.binary())
print("pyogrio", pyogrio.__version__, "GDAL", ".".join(map(str, pyogrio.__gdal_version__)))
for driver, name, column in (("KML", "b.kml", "a<b"), ("PMTiles", "b.pmtiles", "id")):
    table = pa.table({column: [1], "geometry": wkb})
    pyogrio.write_arrow(table, folder / name, driver=driver, layer="b", geometry_name="geometry",
                        geometry_type="Polygon", crs="EPSG:4326")
    print(driver, "written:", (folder / name).stat().st_size, "bytes, no error")
    try:
        pyogrio.read_info(folder / name)
    except pyogrio.errors.DataSourceError as error:
        print("   and read:", " ".join(str(error).replace(str(folder), "").split()))
    else:
        raise SystemExit(f"not seen: {driver} can be opened")
print("seen: both are written without an error and cannot be opened")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

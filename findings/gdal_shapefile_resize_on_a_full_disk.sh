#!/usr/bin/env bash
# pyogrio 0.13.0 (GDAL 3.12.4), ESRI Shapefile, RESIZE=YES: a disk that is full while fields are fitted leaves
# a table of other values, and the writer returns as if all were well.
#
# A good engineer guesses that a writer that cannot finish says so. RESIZE=YES rewrites the .dbf in place when
# the layer is closed; where a write fails in the midst of that (here a limit on the size of files plays the
# disk), record after record is shifted against its columns: other ids, other areas, letters in numbers. The
# number of rows is right and no error is raised. Whoever wants narrow columns gives their width before, as
# Arrow metadata "GDAL:OGR:width", and compares the size of the .dbf with what it must be.
#
# Runs without geoseg; fails if the behaviour changes. Needs Linux.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pyogrio==0.13.0 pyarrow==26.0.1 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import resource
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import shapely

warnings.simplefilter("ignore")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
ids = np.arange(4000)
table = pa.table({
    "id": ids,
    **{f"name{k}": [f"house {i}" for i in ids] for k in range(4)},
    "geometry": pa.array(shapely.to_wkb(shapely.box(ids, 0, ids + 1, 1)), pa.binary()),
})


def write(path, most=None):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if most is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        pyogrio.write_arrow(table, path, driver="ESRI Shapefile", geometry_name="geometry",
                            geometry_type="Polygon", crs="EPSG:32645", layer_options={"RESIZE": "YES"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ids_of(path):
    return pyogrio.raw.read(path, columns=["id"], read_geometry=False)[3][0]


print("pyogrio", pyogrio.__version__, "GDAL", ".".join(map(str, pyogrio.__gdal_version__)))
write(folder / "whole.shp")
assert (ids_of(folder / "whole.shp") == ids).all()
sizes = {s: (folder / f"whole{s}").stat().st_size for s in (".shp", ".dbf")}
print("whole:", sizes)
silent = []
for most in range(sizes[".shp"] + 1, 6 * sizes[".shp"], sizes[".shp"] // 40):
    path = folder / f"b{most}.shp"
    try:
        write(path, most)
        found = ids_of(path)
    except Exception:
        continue
    if len(found) != len(ids) or (found != ids).any():
        wrong = int((found[: len(ids)] != ids[: len(found)]).sum())
        silent.append((most, len(found), wrong))
print("written without an error, and read as (limit, rows, rows with another id):", silent[:4])
assert silent, "not seen: a failed write is reported"
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

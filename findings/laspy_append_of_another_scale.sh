#!/usr/bin/env bash
# laspy 2.7.0: points appended to a LAS file that has another scale and offset land kilometres away, with nothing said.
#
# A good engineer guesses that coordinates are what is stored, since the writer of the same library, given points of
# another file, converts them to the scale and offset of its own. But the appender, laspy.open(path, "a"), writes their
# raw integers as they are: sheets of one survey, of which one was written in millimetres and the next in centimetres
# or with an origin of its own, end in one cloud whose second half lies elsewhere, ten times as wide or as high. Here a
# roof at 1300 m comes to 13,000 m or to 130 m. The header's bounds tell the same, so that no check of these against the
# points sees it. Whoever appends calls points.change_scaling(header.scales, header.offsets) first.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check laspy==2.7.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import laspy
import numpy as np

folder = Path(sys.argv[1])
X_M, Y_M, Z_M = np.array([[354000.0, 354012.0], [3057000.0, 3057008.0], [1300.0, 1306.5]])


def sheet(name, scale_m, origin_m):
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales, header.offsets = np.full(3, scale_m), np.array(origin_m)
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = X_M, Y_M, Z_M
    cloud.write(folder / name)
    return laspy.read(folder / name)


def corners(cloud):
    return np.round(np.asarray(cloud.xyz), 3).tolist()


print("laspy", version("laspy"))
first = sheet("first.las", 0.001, (354000, 3057000, 0))
second = sheet("second.las", 0.01, (300000, 3000000, 0))
given = np.transpose([X_M, Y_M, Z_M]).tolist()
assert corners(first) == corners(second) == given, "each file alone is right"

with laspy.open(folder / "written.las", "w", header=first.header) as file:
    file.write_points(first.points)
    file.write_points(second.points)
written = laspy.read(folder / "written.las")
print("second sheet, given   ", given)
print("by the writer         ", corners(written)[2:])
assert corners(written)[2:] == given

# Read anew: the writer has converted the points it was given in place.
second = laspy.read(folder / "second.las")
shutil.copy(folder / "first.las", folder / "appended.las")
with laspy.open(folder / "appended.las", "a") as file:
    file.append_points(second.points)
appended = laspy.read(folder / "appended.las")
print("by the appender       ", corners(appended)[2:])
print("bounds in its header  ", appended.header.mins.tolist(), appended.header.maxs.tolist())
assert corners(appended)[2:] == [[359400.0, 3062700.0, 130.0], [359401.2, 3062700.8, 130.65]], corners(appended)
assert appended.header.mins[2] == 130.0

points = laspy.read(folder / "second.las").points
points.change_scaling(first.header.scales, first.header.offsets)
shutil.copy(folder / "first.las", folder / "rescaled.las")
with laspy.open(folder / "rescaled.las", "a") as file:
    file.append_points(points)
assert corners(laspy.read(folder / "rescaled.las"))[2:] == given
print("seen: the appender stores the raw integers of another scale and offset")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

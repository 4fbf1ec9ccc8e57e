#!/usr/bin/env bash
# OpenCV 5.0.0: mean and sum of a raster of 32-bit integers wrap round; a number added to uint32, or multiplied with it, makes
# 0 of all that is above 2,147,483,647 and rounds all above 16,777,216.
#
# A good engineer guesses that a mean that returns a double is summed in one, as it is with a mask of the whole image, and
# that integers are added as integers. But the mean without a mask first adds four pixels in 32 bits: times of acquisition
# in seconds since 1970 (a band that mosaics come with) have a mean before 1970. And uint32, new in OpenCV 5, meets
# a number by way of 32-bit floats: ids of parcels do not grow by 1, or by 3 instead, and the large ones become 0,
# while arrays as small as those of tests are right, or nearly so. An array of ones instead of the number
# is added rightly, and int32 is as well. Nothing is raised. Whoever has such rasters takes numpy for sums.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import cv2
import numpy as np

ACQUIRED_S = 1_764_000_000  # 24 November 2025, in seconds since 1970
print("OpenCV", cv2.__version__, "numpy", np.__version__)
found = {}
for dtype in (np.int32, np.uint32):
    for shape in ((1, 3), (1, 4)):
        raster = np.full(shape, ACQUIRED_S, dtype)
        plain, masked = cv2.mean(raster)[0], cv2.mean(raster, mask=np.ones(shape, np.uint8))[0]
        total = cv2.sumElems(raster)[0]
        print(f"{dtype.__name__}, {raster.size} pixels: mean {plain:.0f}, with a mask of all {masked:.0f}, sum {total:.0f}")
        assert masked == raster.mean() == ACQUIRED_S and total == plain * raster.size
        found[dtype.__name__, raster.size] = plain
assert found == {
    ("int32", 3): ACQUIRED_S,
    ("int32", 4): -383_483_648,
    ("uint32", 3): ACQUIRED_S,
    ("uint32", 4): 690_258_176,
}, found

ids = np.tile(np.array([16_777_217, 16_777_219, 2_200_000_001, 3_000_000_001], np.uint32), (4, 16))
by_number, by_array, times_1 = cv2.add(ids, 1), cv2.add(ids, np.ones_like(ids)), cv2.multiply(ids, 1)
print("ids:             ", ids[0, :4].tolist())
print("add(ids, 1):     ", by_number[0, :4].tolist())
print("multiply(ids, 1):", times_1[0, :4].tolist())
print("add(ids, ones):  ", by_array[0, :4].tolist())
assert (by_array == ids + 1).all()
assert np.unique(by_number).tolist() == np.unique(times_1).tolist() == [0, 16_777_216, 16_777_220]
small = np.minimum(ids, 2**31 - 2).astype(np.int32)
assert (cv2.add(small, 1) == small + 1).all()
print("seen: a mean below 0 of positive times; ids that do not grow by 1 or become 0")
PY
"$folder/env/bin/python" "$folder/look.py"

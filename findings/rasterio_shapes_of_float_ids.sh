#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3), rasterio.features.shapes: of a raster of ids in floats, neighbours whose ids differ by 1 become one
# polygon, from id 1,048,576 on; ten row houses are one house.
#
# A good engineer guesses that shapes() joins pixels of one value, as its documentation says ("groups of pixels with the same value"),
# and that ids below 16,777,216 are safe in float32, all below 2^53 in float64. But for floats GDAL takes values for equal that are up to
# ten steps of float32 apart, also in a float64 array, and joins on from neighbour to neighbour: a row of houses with ids one
# after the other is a single outline with the id of one of them. Rasters become floats unasked: rioxarray's masked=True
# makes float64 of an int32 raster, to have NaN for nodata. The same array is right as int32, and with ids up to a million,
# so that a test with small ids is green. (GDAL 3.12 compares float64 in its own steps, issue 13526; float32 stays.) Nothing
# is raised. Whoever makes outlines of ids casts to int32 first.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  rasterio==1.4.4 rioxarray==0.19.0 xarray==2026.9.0 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys

import numpy as np
import rasterio
import rioxarray
import shapely
from rasterio import features

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
STREETS, HOUSES, WIDE_PX, DEEP_PX, PIXEL_M = 8, 10, 20, 30, 0.3
transform = rasterio.Affine(PIXEL_M, 0, 354000, 0, -PIXEL_M, 3057000)


def terraces(first_id):
    """Rows of houses that touch, ids counted up; 0 is ground between the rows."""
    ids = np.zeros((STREETS * 2 * DEEP_PX, HOUSES * WIDE_PX), np.int32)
    for street in range(STREETS):
        row = first_id + street * HOUSES + np.arange(HOUSES).repeat(WIDE_PX)
        ids[street * 2 * DEEP_PX : (street * 2 + 1) * DEEP_PX] = row
    return ids


def houses(ids):
    """Outlines of what is not ground, with their ids."""
    return [(shapely.geometry.shape(g), int(i)) for g, i in features.shapes(ids, mask=ids > 0, transform=transform)]


counts = {}
for first_id in (1, 1_000_000, 1_048_576, 3_000_000, 16_000_000):
    ids = terraces(first_id)
    counts[first_id] = [len(houses(ids.astype(kind))) for kind in (np.int32, np.float32, np.float64)]
    assert len(np.unique(ids.astype(np.float32))) == STREETS * HOUSES + 1, "float32 tells all ids apart"
    print(f"ids from {first_id:,}: outlines by int32, float32, float64: {counts[first_id]}")
right = [STREETS * HOUSES] * 3
assert counts[1] == counts[1_000_000] == right, counts
for first_id in (1_048_576, 3_000_000, 16_000_000):
    assert counts[first_id] == [STREETS * HOUSES, STREETS, STREETS], counts

ids = terraces(3_000_000)
with rasterio.open(
    f"{sys.argv[1]}/ids.tif", "w", driver="GTiff", width=ids.shape[1], height=ids.shape[0], count=1, dtype="int32",
    crs=32645, transform=transform, nodata=0,
) as file:
    file.write(ids, 1)
read = rioxarray.open_rasterio(f"{sys.argv[1]}/ids.tif", masked=True)[0].values
drawn = houses(read)
true_m2 = WIDE_PX * DEEP_PX * PIXEL_M**2
print(
    f"read by rioxarray with masked=True: {read.dtype}, {len(drawn)} outlines of {drawn[0][0].area:.0f} m2, "
    f"where there are {STREETS * HOUSES} of {true_m2:.0f} m2"
)
assert read.dtype == np.float64 and len(drawn) == STREETS and abs(drawn[0][0].area - HOUSES * true_m2) < 1
print("seen: a row of houses is one")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

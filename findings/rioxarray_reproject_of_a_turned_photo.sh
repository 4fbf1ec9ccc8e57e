#!/usr/bin/env bash
# rioxarray 0.19.0: reproject, asked to lay a photo north up that is turned by two degrees, keeps 3 % of it: 15 of 360 houses.
#
# A good engineer guesses that reproject, which by its documentation is rasterio's reproject around an array, covers the whole
# raster, as rasterio and gdalwarp do with the same file. But the output is laid over rio.bounds(), and for a turned transform
# these are made of one corner and the lengths of a pixel's sides, without their signs: the box begins at the first row and
# runs to the north, where the photo lies to the south of it. What is kept is where the two happen to meet, at the resolution
# that was expected. A warning says that the transform is turned and cannot be recalculated; nothing says that ground
# is missing. The pixels, rio.transform() and to_raster are right. Aerial photos with a world file, radar scenes and scanned plans
# lie so. The bounds are known to be wrong (rioxarray's issue 847). Given a transform and a shape, reproject keeps all: whoever
# has turned rasters takes both from rasterio's WarpedVRT of the file, or warps by that.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  rioxarray==0.19.0 xarray==2026.9.0 rasterio==1.4.4 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
import rioxarray
from affine import Affine
from rasterio.vrt import WarpedVRT

file = Path(sys.argv[1]) / "photo.tif"
ROWS, COLUMNS, GROUND = 600, 1000, 1000
# 18 rows of 20 houses, each 12 m by 20 m and numbered, on ground that is 1000.
photo = np.full((ROWS, COLUMNS), GROUND, np.uint16)
for row in range(18):
    for column in range(20):
        photo[33 * row + 8 :, :][:20, 50 * column + 15 :][:, :12] = 1 + 20 * row + column


def seen(pixels, transform):
    """Square metres of the photo and houses of which a part is left."""
    ids = np.unique(pixels)
    return round((pixels > 0).sum() * abs(transform.determinant)), int(((ids > 0) & (ids < GROUND)).sum())


print("rioxarray", rioxarray.__version__, "rasterio", rasterio.__version__)
found = {}
for turn_deg in (0, 2, 30):
    transform = Affine.translation(354000, 3057000) @ Affine.rotation(turn_deg) @ Affine.scale(1, -1)
    profile = dict(width=COLUMNS, height=ROWS, count=1, dtype="uint16", nodata=0, crs="EPSG:32645", transform=transform)
    with rasterio.open(file, "w", driver="GTiff", **profile) as written:
        written.write(photo, 1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", UserWarning)
        array = rioxarray.open_rasterio(file).squeeze()
        moved = array.rio.reproject("EPSG:32645")
    with rasterio.open(file) as source, WarpedVRT(source, crs="EPSG:32645") as warped:
        bounds, truth = tuple(source.bounds), warped.read(1)
        with warnings.catch_warnings(action="ignore"):
            given = array.rio.reproject("EPSG:32645", transform=warped.transform, shape=warped.shape)
        found[turn_deg] = seen(moved.values, moved.rio.transform()), seen(truth, warped.transform), seen(given.values, warped.transform)
    texts = {str(warning.message) for warning in said if warning.category is UserWarning}
    print(f"turned by {turn_deg}: m2 and houses by rioxarray {found[turn_deg][0]}, by rasterio {found[turn_deg][1]}; warned: {texts}")
    print("  bounds by rioxarray", [round(x) for x in array.rio.bounds()], "by rasterio", [round(x) for x in bounds])
for turn_deg, (by_rioxarray, by_rasterio, with_transform) in found.items():
    assert by_rasterio[1] == with_transform[1] == 360, (turn_deg, by_rasterio, with_transform)
    assert max(abs(by_rasterio[0] - ROWS * COLUMNS), abs(with_transform[0] - ROWS * COLUMNS)) < 10, (by_rasterio, with_transform)
assert found[0][0] == found[0][1], found[0]
assert found[2][0][0] < 0.05 * found[2][1][0] and found[2][0][1] < 30, found[2]
assert found[30][0][0] < 0.5 * found[30][1][0] and found[30][0][1] < 200, found[30]
print("seen: of a photo turned by two degrees", found[2][0], "of", found[2][1], "square metres and houses are left")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

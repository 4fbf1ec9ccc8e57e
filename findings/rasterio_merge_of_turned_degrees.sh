#!/usr/bin/env bash
# rasterio 1.4.4 with affine 3.0.1, rasterio.merge: a photo that lies turned is refused in metres and laid north up without a word
# in degrees: a house 100 m from its corner is 35 m off by a turn of 30 degrees.
#
# A good engineer guesses that a check of the transform does not depend on the unit: merge says "Rotated, non-rectilinear
# rasters cannot be merged" and stops, in any UTM zone, by half a degree of turn as by thirty. It asks affine's is_rectilinear,
# which takes for 0 what is below 1e-5, "within rounding limits". A pixel of 0.3 m is 2.7e-6 degrees: all four numbers of a transform
# in EPSG:4326 are below that, for any pixel finer than 1.1 m, and any turn at all counts as none. What such a photo shows is put
# into the mosaic as if its rows ran east. rio-stack and rio clip ask the same question; almost_equals of two transforms
# also says yes to grids that lie a metre apart. Drone photos and radar scenes come turned, and in degrees. The warp to
# north up (WarpedVRT), which heeds the turn, is right; whoever merges does that first, or looks at transform.b and transform.d.
# (rasterio's issue 3066 brought the check; affine's issue 16 once told that 1e-5 is too much for degrees, of another property.)
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 affine==3.0.1 pyproj==3.7.2 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys

import affine
import numpy as np
import rasterio
from pyproj import Geod
from rasterio.errors import MergeError
from rasterio.merge import merge
from rasterio.vrt import WarpedVRT

print("rasterio", rasterio.__version__, "affine", affine.__version__)
SIZE_PX, HOUSE = 400, (slice(300, 310), slice(350, 360))


def photo(name, crs, corner, pixel, turn_deg):
    """A photo of ground (1) with one house (200), turned about its corner."""
    turned = rasterio.Affine.rotation(turn_deg) @ rasterio.Affine.scale(pixel, -pixel)
    transform = rasterio.Affine.translation(*corner) @ turned
    image = np.ones((SIZE_PX, SIZE_PX), np.uint8)
    image[HOUSE] = 200
    path = f"{sys.argv[1]}/{name}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=SIZE_PX, height=SIZE_PX, count=1, dtype="uint8", crs=crs, transform=transform, nodata=0
    ) as file:
        file.write(image, 1)
    return path, transform @ (355, 305)


def house_of(mosaic, transform):
    """Where the mosaic shows the house."""
    rows, columns = np.nonzero(mosaic == 200)
    return transform @ (columns.mean() + 0.5, rows.mean() + 0.5)


off_m = {}
for turn_deg in (0, -0.5, -2, -30):
    path, _ = photo(f"metres{turn_deg}", 32645, (354000, 3057000), 0.3, turn_deg)
    try:
        merge([path])
        told = "merged"
    except MergeError as error:
        told = str(error)
    assert (told == "merged") == (turn_deg == 0), told
    path, true = photo(f"degrees{turn_deg}", 4326, (85.3, 27.7), 2.7e-6, turn_deg)
    mosaic, transform = merge([path])
    found = house_of(mosaic[0], transform)
    off_m[turn_deg] = Geod(ellps="WGS84").inv(*true, *found)[2]
    with rasterio.open(path) as file, WarpedVRT(file) as north_up:
        warped_m = Geod(ellps="WGS84").inv(*true, *house_of(north_up.read(1), north_up.transform))[2]
        rectilinear = file.transform.is_rectilinear
    print(
        f"turned by {turn_deg} degrees: in metres {told!r}; in degrees the house is {off_m[turn_deg]:.1f} m off "
        f"(warped first {warped_m:.1f} m); is_rectilinear {rectilinear}"
    )
    assert rectilinear and warped_m < 0.3
assert off_m[0] < 0.2 and off_m[-0.5] > 0.5 and off_m[-2] > 2 and off_m[-30] > 30, off_m
near = rasterio.Affine(2.7e-6, 0, 85.3, 0, -2.7e-6, 27.7)
east = rasterio.Affine.translation(9e-6, 0) @ near
east_m = Geod(ellps="WGS84").inv(*near @ (0, 0), *east @ (0, 0))[2]
print(f"two grids {east_m:.2f} m apart: almost_equals {near.almost_equals(east)}")
assert east_m > 0.8 and near.almost_equals(east)
print("seen: a turned photo in degrees is merged as if it were north up")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

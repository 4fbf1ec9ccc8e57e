#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3): a photo whose bands are named blue, green, red is copied to PNG, JPEG, WebP and MBTiles as red, green,
# blue, and one of red, green, blue to Idrisi's RST as blue, green, red: red roofs are blue.
#
# A good engineer guesses that a copy shows the colours of its source, since GDAL carries the name of each band along (its
# colour interpretation) and its GeoTIFF, COG, JPEG 2000, NITF and VRT copies keep names and pixels together; NITF was mended for
# this (GDAL's pull request 10585). The four formats that know one order alone take bands by position: the blue band
# is stored as red, and the copy says so by its names. Satellite images with bands by wavelength are named so.
# RST does the reverse: GDAL reads its pixels as blue, green, red, and writes the bands as they come. No error, no warning; size, extent,
# CRS and the numbers by position are right, so that a check of the array against the source is green. A viewer, a
# network that takes red by its name, and a map of tiles all see the wrong colour. Whoever copies names the order: a VRT with
# the bands by their names first, or read, sort and write.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.shutil import copy
from rasterio.transform import from_origin

warnings.simplefilter("error", UserWarning)
folder = Path(sys.argv[1])
ROOF = {"red": 200, "green": 120, "blue": 40}
FORMATS = {
    "GTiff": "tif",
    "COG": "cog.tif",
    "JP2OpenJPEG": "jp2",
    "NITF": "ntf",
    "VRT": "vrt",
    "PNG": "png",
    "JPEG": "jpg",
    "WEBP": "webp",
    "MBTiles": "mbtiles",
    "RST": "rst",
}
BY_POSITION = {"PNG", "JPEG", "WEBP", "MBTiles"}


def roof(file):
    """The middle pixel by the names of the bands."""
    with rasterio.open(file) as photo:
        pixel = photo.read()[:, photo.height // 2, photo.width // 2].tolist()
        return dict(zip((band.name for band in photo.colorinterp), pixel))


def is_red(found):
    return max(abs(found[name] - value) for name, value in ROOF.items()) < 15


print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
swapped = {}
for order in (("blue", "green", "red"), ("red", "green", "blue")):
    source = folder / f"{order[0]}.tif"
    profile = dict(width=512, height=512, count=3, dtype="uint8", crs="EPSG:32645", transform=from_origin(354000, 3057000, 1, 1))
    with rasterio.open(source, "w", driver="GTiff", **profile) as photo:
        photo.write(np.stack([np.full((512, 512), ROOF[name], np.uint8) for name in order]))
        photo.colorinterp = [ColorInterp[name] for name in order]
    assert roof(source) == {name: ROOF[name] for name in order}
    swapped[order[0]] = set()
    for driver, ending in FORMATS.items():
        target = folder / f"{order[0]}_copy.{ending}"
        copy(source, target, driver=driver)
        found = roof(target)
        print(f"bands {'-'.join(order)}, copied by {driver}: {found}")
        if not is_red(found):
            assert is_red({"red": found["blue"], "green": found["green"], "blue": found["red"]}), found
            swapped[order[0]].add(driver)
assert swapped == {"blue": BY_POSITION, "red": {"RST"}}, swapped
print("seen: copies in which red is blue:", {order: sorted(drivers) for order, drivers in swapped.items()})
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3): reading a photo with a mask band smaller by cubic or Lanczos gives black pixels that the mask,
# read at the same size, calls valid.
#
# A good engineer guesses that masked=True hides what has no data, at every size. Where too much of a pixel's kernel lies in a
# hole, GDAL computes nothing by cubic and Lanczos and leaves 0. But rasterio has the mask made smaller by the same
# kernel, as if it were an image, and calls valid whatever does not come out as 0; the two rules differ along the
# rim of a photo, here a round one. There are so black pixels in all bands that count as image: a network, a mean or a stretch
# takes them for ground. With nodata instead of a mask band, and by nearest, bilinear and average, there is none.
# Whoever shrinks photos with masks takes average, which such a shrinking wants anyway, or nodata.
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
from rasterio.enums import Resampling
from rasterio.transform import from_origin

warnings.simplefilter("error", UserWarning)
folder = Path(sys.argv[1])
SIZE, GREY, FACTOR = 1024, 200, 4
rows, cols = np.mgrid[:SIZE, :SIZE]
shown = (cols - 512) ** 2 + (rows - 512) ** 2 < 480**2  # a round photo, all of one grey
profile = dict(driver="GTiff", width=SIZE, height=SIZE, count=3, dtype="uint8", crs="EPSG:32645",
               transform=from_origin(354000, 3057000, 0.3, 0.3))
with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
    with rasterio.open(folder / "mask.tif", "w", **profile) as file:
        file.write(np.full((3, SIZE, SIZE), GREY, np.uint8))
        file.write_mask(shown)
with rasterio.open(folder / "nodata.tif", "w", nodata=0, **profile) as file:
    file.write(np.where(shown, GREY, 0).astype(np.uint8)[None].repeat(3, axis=0))


def black(name, how):
    """Valid pixels, and those of them that are 0, of the photo read at a quarter of its size."""
    with rasterio.open(folder / name) as file:
        small = file.read(out_shape=(3, SIZE // FACTOR, SIZE // FACTOR), resampling=how, masked=True)
    valid = ~np.ma.getmaskarray(small).any(axis=0)
    return int(valid.sum()), int((valid & (small.data == 0).all(axis=0)).sum())


print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
for how in (Resampling.nearest, Resampling.bilinear, Resampling.average, Resampling.cubic, Resampling.lanczos):
    by_mask, by_nodata = black("mask.tif", how), black("nodata.tif", how)
    print(f"{how.name}: valid, and black of them: with a mask band {by_mask}, with nodata {by_nodata}")
    assert by_nodata[1] == 0, by_nodata
    assert (by_mask[1] > 0) == (how in (Resampling.cubic, Resampling.lanczos)), by_mask
print("seen: black pixels that count as valid")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

#!/usr/bin/env bash
# tifffile 2026.3.3 with imagecodecs 2026.3.6: gaps of a surface model compressed by LERC are heights of 0 m: a town at 1,300 m has a mean
# of 1,176 m, and pits of 1,300 m where the same file has NaN in GDAL.
#
# A good engineer guesses that compression changes how many bytes a file has, not where it has no data: with DEFLATE, ZSTD or LZW tifffile
# returns the NaN that GDAL wrote, and LERC without an error bound is lossless. LERC, however, keeps what is not a number in a mask
# beside the heights, and stores 0 in its place. libtiff puts NaN back; tifffile asks imagecodecs for the heights alone and drops the mask. So
# nothing tells gaps from the sea, neither np.isnan nor the nodata value (NaN) that tifffile reads from the same file. tifffile does not read
# back its own files, either: 25,000 cells of NaN that it writes itself come back as 0 m, though they stand in the file, as GDAL shows.
# scikit-image's imread goes by tifffile, too. Nothing is warned of. A model with -9999 in its gaps is read as it is. Whoever reads heights takes
# rasterio, or decodes with imagecodecs.lerc_decode(..., masks=True). (xarray-spatial's reader of GeoTIFF had the same fault until its pull request 1529.)
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check tifffile==2026.3.3 imagecodecs==2026.3.6 rasterio==1.4.4 scikit-image==0.26.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import os
import sys
import warnings

import imagecodecs
import numpy as np
import rasterio
import skimage.io
import tifffile

warnings.simplefilter("error")
folder = sys.argv[1]
print("tifffile", tifffile.__version__, "imagecodecs", imagecodecs.__version__, "rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
heights = (1300 + np.random.default_rng(0).normal(0, 3, (512, 512))).astype(np.float32)
gaps = np.zeros(heights.shape, bool)
gaps[100:200, 50:300] = True
grid = {"crs": "EPSG:32645", "transform": rasterio.Affine(0.5, 0, 300000, 0, -0.5, 3060000), "height": 512, "width": 512}


def by_gdal(path):
    with rasterio.open(path) as source:
        return source.read(1)


def look(name, path, nodata=np.nan):
    """The gaps that GDAL, tifffile and scikit-image find, and the mean height of the rest."""
    found = {}
    with tifffile.TiffFile(path) as tiff:
        stored = tiff.pages[0].nodata
    for reader, read in (("GDAL", by_gdal), ("tifffile", tifffile.imread), ("scikit-image", skimage.io.imread)):
        cells = read(path)
        empty = np.isnan(cells) | (cells == nodata)
        found[reader] = (int(empty.sum()), int((cells == 0).sum()), float(cells[~empty].astype(np.float64).mean()))
        assert np.array_equal(cells[~gaps], np.where(gaps, 0, heights)[~gaps]), (name, reader)
        print(f"{name}, {reader}: {found[reader][0]} cells without data, {found[reader][1]} cells at 0 m, mean {found[reader][2]:.1f} m")
    print("   nodata by tifffile:", stored)
    return found


for name, options, nodata in (
    ("DEFLATE", {"compress": "DEFLATE", "predictor": 3}, np.nan),
    ("LERC", {"compress": "LERC", "max_z_error": 0}, np.nan),
    ("LERC_ZSTD", {"compress": "LERC_ZSTD", "max_z_error": 0, "tiled": True}, np.nan),
    ("LERC and -9999", {"compress": "LERC", "max_z_error": 0}, -9999),
):
    path = os.path.join(folder, "heights.tif")
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="float32", nodata=nodata, **grid, **options) as target:
        target.write(np.where(gaps, np.float32(nodata), heights), 1)
    found = look(name, path, nodata)
    right = (25000, 0)
    assert found["GDAL"][:2] == right, found
    for reader in ("tifffile", "scikit-image"):
        assert found[reader][:2] == ((0, 25000) if name in ("LERC", "LERC_ZSTD") else right), (name, reader, found)
        if name in ("LERC", "LERC_ZSTD"):
            assert found["GDAL"][2] - found[reader][2] > 120, found

own = os.path.join(folder, "own.tif")
tifffile.imwrite(own, np.where(gaps, np.float32(np.nan), heights), compression="lerc", tile=(256, 256))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
    found = look("written by tifffile", own)
assert found["GDAL"][:2] == (25000, 0) and found["tifffile"][:2] == (0, 25000), found
print("seen: gaps that become sea level")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

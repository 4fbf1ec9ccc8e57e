#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3): a VRT that lacks one of its files fails once, and every later read of the same dataset gives
# zeros over that ground, with nothing said.
#
# A good engineer guesses that a read that failed fails again, and that a loop which leaves out windows that cannot be
# read leaves out all that the missing file would have shown. On a dataset of which nothing was read yet that is so.
# But after one good read of ground that is there only the first read over the gap raises an error; from then on
# each returns zeros, also over windows that were never asked for. The order of the windows decides what is an error
# and what is black image. Whoever reads a VRT looks first whether all files that it names are there; to open the dataset
# anew after an error is enough in one thread, and was not where several had read.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.windows import Window

folder, side = Path(sys.argv[1]), 256
for name, left in (("west.tif", 0), ("east.tif", side)):
    place = from_origin(500_000 + left, 5_000_000, 1, 1)
    with rasterio.open(folder / name, "w", driver="GTiff", height=side, width=side, count=1, dtype="uint8",
                       crs="EPSG:32633", transform=place) as raster:
        raster.write(np.full((1, side, side), 200, np.uint8))
sources = "".join(
    f"<SimpleSource><SourceFilename relativeToVRT='1'>{name}</SourceFilename><SourceBand>1</SourceBand>"
    f"<SrcRect xOff='0' yOff='0' xSize='{side}' ySize='{side}'/>"
    f"<DstRect xOff='{left}' yOff='0' xSize='{side}' ySize='{side}'/></SimpleSource>"
    for name, left in (("west.tif", 0), ("east.tif", side))
)
(folder / "both.vrt").write_text(
    f"<VRTDataset rasterXSize='{2 * side}' rasterYSize='{side}'><SRS>EPSG:32633</SRS>"
    "<GeoTransform>500000, 1, 0, 5000000, 0, -1</GeoTransform>"
    f"<VRTRasterBand dataType='Byte' band='1'>{sources}</VRTRasterBand></VRTDataset>"
)
(folder / "east.tif").unlink()  # a tile that was not copied along


def read(*columns):
    """The mean of a window at each of these columns, by one dataset."""
    found = []
    with rasterio.open(folder / "both.vrt") as raster:
        for row, column in enumerate(columns):
            try:
                found.append(float(raster.read(1, window=Window(column, 40 * row, 32, 32)).mean()))
            except RasterioError:
                found.append("error")
    return found


print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
gap_first, there_first = read(300, 300, 400, 450), read(10, 300, 300, 400, 450)
print("the missing file alone:      ", gap_first)
print("after ground that is there:  ", there_first)
assert gap_first == ["error"] * 4
assert there_first == [200.0, "error", 0.0, 0.0, 0.0]
print("seen: one error, then zeros")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

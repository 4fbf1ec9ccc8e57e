#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3): warping by mode returns ids that no pixel has, where they are above 16,777,216.
#
# A good engineer guesses that the most frequent value of some pixels is the value of one of them; that is why rasters of ids
# (buildings, parcels, zones) are warped by mode and not by a mean. GDAL's warper does it in 32-bit floats also for
# int32, uint32, int64 and float64: of ids around 10^9 it makes multiples of 64 that belong to nobody or, worse, to a
# neighbour. Reading smaller by mode, and the warper's nearest, keep them. Whoever warps ids numbers them
# anew from 1, or takes nearest, which keeps them up to 2^53.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rasterio.warp import reproject

CRS = "EPSG:32645"
fine, coarse = from_origin(354000, 3057000, 1, 1), from_origin(354000, 3057000, 3, 3)
print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
wrong = {}
for dtype in ("int32", "uint32", "int64", "float64"):
    # Houses of 6 x 6 pixels, numbered as land registers do.
    ids = (1_000_000_001 + np.arange(100).reshape(10, 10)).repeat(6, 0).repeat(6, 1).astype(dtype)
    for how in (Resampling.nearest, Resampling.mode):
        warped, _ = reproject(
            ids, np.zeros((20, 20), dtype), src_transform=fine, dst_transform=coarse,
            src_crs=CRS, dst_crs=CRS, resampling=how,
        )
        wrong[dtype, how.name] = float((warped != ids[1::3, 1::3]).mean())
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=60, height=60, count=1, dtype=dtype, crs=CRS, transform=fine
        ) as file:
            file.write(ids, 1)
        with memory.open() as file:
            read = file.read(1, out_shape=(20, 20), resampling=Resampling.mode)
    wrong[dtype, "read by mode"] = float((read != ids[1::3, 1::3]).mean())
    print(f"{dtype}: houses {len(np.unique(ids))}, ids in the warped raster {len(np.unique(warped))}")
for what, share in wrong.items():
    print(*what, f"{share:.0%} of pixels have another id")
    if what[1] == "mode":
        assert share > 0.9, "not seen: ids are kept"
    else:
        assert share == 0, what
print("seen: mode in the warper gives ids that are in no pixel")
PY
"$folder/env/bin/python" "$folder/look.py"

#!/usr/bin/env bash
# rasterio 1.4.4 with GDAL 3.10.3: of 127 H3 cells burnt into a raster of int64 or uint64 not one identifier is kept; at resolution 10 no
# pixel holds a valid cell, and at resolution 15 the 127 cells become 6.
#
# A good engineer guesses that features.rasterize(dtype="int64") burns an integer as it is, and that reproject by the nearest
# neighbour only copies. Both take int64 and uint64, and both carry every value as a double, exact up to 2^53; the identifiers of
# H3 (and S2) are near 2^59, where a double is a multiple of 128. Cells of coarser resolutions end in ones and are rounded up
# by 1, to a number that is no cell, so that a join to a table of cells finds none of the 1.8 km2 here. At
# resolution 15 the last digits are what tells neighbours apart: what is stored is a valid cell, of another place, and single
# cells of 0.9 m2 run together. Writing, reading and decimated reading keep the numbers, so that a raster made by numpy is right
# until it is warped, by reproject or WarpedVRT alike. Nothing is raised or warned of. (xarray-spatial refuses such values since
# its issue 3056; GDAL's issue 12976 tells of mode at 32 bits.) Whoever rasterizes cells burns row numbers in int32, warps those,
# and looks the cells up afterwards.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4 h3==4.5.0 shapely==2.2.0 numpy==2.4.6
cat > "$folder/look.py" <<'PY'
import sys
import warnings

import h3
import numpy as np
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, reproject

warnings.simplefilter("error")
warnings.simplefilter("ignore", PendingDeprecationWarning)  # of affine, about an operator
print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__, "h3", h3.__version__)


def kept(pixels, cells):
    """How many numbers a raster holds besides 0, how many of them are among the cells, and how many are H3 cells at all."""
    numbers = {int(number) for number in np.unique(pixels)} - {0}
    return len(numbers), len(numbers & set(cells)), sum(h3.is_valid_cell(h3.int_to_str(number)) for number in numbers)


for resolution, expected in ((10, (127, 0, 0)), (15, None)):
    names = sorted(h3.grid_disk(h3.latlng_to_cell(47.55, 7.59, resolution), 6))
    cells = [h3.str_to_int(name) for name in names]
    shapes = [shapely.Polygon([(east, north) for north, east in h3.cell_to_boundary(name)]) for name in names]
    bounds = shapely.total_bounds(shapes)
    fine, coarse = from_bounds(*bounds, 400, 400), from_bounds(*bounds, 300, 300)
    rows = rasterize(zip(shapes, range(1, 128), strict=True), out_shape=(400, 400), transform=fine, dtype="int32")
    assert len(np.unique(rows)) == 128
    for dtype in ("int64", "uint64"):
        right = np.array([0, *cells], dtype)[rows]
        path = f"{sys.argv[1]}/cells.tif"
        layout = {"width": 400, "height": 400, "count": 1, "dtype": dtype, "crs": "EPSG:4326", "transform": fine}
        with rasterio.open(path, "w", driver="GTiff", **layout) as file:
            file.write(right, 1)
        warped = np.zeros((300, 300), dtype)
        reproject(
            right, warped, src_transform=fine, dst_transform=coarse, src_crs="EPSG:4326", dst_crs="EPSG:4326", resampling=Resampling.nearest
        )
        with rasterio.open(path) as file, WarpedVRT(file, crs="EPSG:25832") as vrt:
            assert kept(file.read(1), cells) == kept(file.read(1, out_shape=(200, 200)), cells) == (127, 127, 127)
            found = {
                "rasterize": kept(rasterize(zip(shapes, cells, strict=True), out_shape=(400, 400), transform=fine, dtype=dtype), cells),
                "reproject by nearest": kept(warped, cells),
                "WarpedVRT": kept(vrt.read(1), cells),
            }
        for name, (different, among, valid) in found.items():
            print(f"resolution {resolution}, {dtype}, {name}: {different} numbers of 127, {among} of the cells, {valid} valid")
            assert (different, among, valid) == expected if expected else different < 10 and among < 3, found
    area = sum(h3.cell_area(name, unit="m^2") for name in names)
    print(f"resolution {resolution}: the cells cover {area:,.0f} m2")
print("seen: cells that became other numbers")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

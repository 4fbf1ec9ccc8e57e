#!/usr/bin/env bash
# odc-stac 0.5.3 (odc-loader 0.6.5): loaded as float32, a photo with a mask band covers the photo below with the zeros that its
# mask hides.
#
# A good engineer guesses that where two photos of one day overlap the mosaic shows whichever has an image there, as by
# rasterio.merge and stackstac of the same files. odc-stac fills in from the second photo what the first lacks, but never
# looks at the mask band, by which photos in JPEG say what they do not see. Loaded as uint8 that is not noticed,
# since 0 stands for "nothing" there. But float32, the type that odc-stac takes for an item that does not name its own (no
# raster:bands) and that of surface models, keeps NaN for that, and 0 is ground: the blank rim of one photo hides
# good ground of the other, here all 1200 m2 of it with three houses of 100 m2. So dtype decides which houses are on
# the mosaic. The black counts as image in means and for a network. Whoever has masks passes nodata=0, where no true
# value is 0, or writes nodata values into the files.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check \
  odc-stac==0.5.3 odc-loader==0.6.5 odc-geo==0.5.3 stackstac==0.5.1 pystac==1.15.2 rasterio==1.4.4 xarray==2026.9.0 \
  dask==2026.8.0 shapely==2.2.0 numpy==2.2.6
cat > "$folder/look.py" <<'PY'
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import odc.stac
import pystac
import rasterio
import shapely
import stackstac
from rasterio.merge import merge
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

SIZE, GROUND, ROOF = 60, 80, 160  # pixels of 1 m
WEST, NORTH = 500_000, 3_000_000
# On 100 m x 60 m of ground photo A sees the 40 m in the west, photo B all but the first 40 m; their files overlap by 20 m.
truth = np.full((SIZE, 100), GROUND, "uint8")
for y in range(5, 60, 20):
    for x in (5, 25, 42, 62, 82):
        truth[y : y + 10, x : x + 10] = ROOF


def photo(name, first, seen):
    """STAC item of a photo that begins `first` m to the east and has an image in the columns `seen`."""
    values, mask = np.zeros((2, SIZE, SIZE), "uint8")
    values[:, seen], mask[:, seen] = truth[:, first : first + SIZE][:, seen], 255
    path, grid = Path(sys.argv[1]) / f"{name}.tif", from_origin(WEST + first, NORTH, 1, 1)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", width=SIZE, height=SIZE, count=1, dtype="uint8", crs=32645, transform=grid
        ) as file,
    ):
        file.write(values, 1)
        file.write_mask(mask)
    box = transform_bounds(32645, 4326, WEST + first, NORTH - SIZE, WEST + first + SIZE, NORTH)
    item = pystac.Item(
        name,
        shapely.geometry.mapping(shapely.box(*box)),
        list(box),
        datetime(2026, 5, 1, 5),
        {"proj:code": "EPSG:32645", "proj:transform": list(grid)[:6], "proj:shape": [SIZE, SIZE]},
        stac_extensions=["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
    )
    item.add_asset("grey", pystac.Asset(str(path), media_type=pystac.MediaType.GEOTIFF, roles=["data"]))
    return item


items = [photo("A", 0, slice(0, 40)), photo("B", 40, slice(0, 60))]
paths = [item.assets["grey"].href for item in items]
print("odc-stac", version("odc-stac"), "odc-loader", version("odc-loader"), "stackstac", version("stackstac"))
DAY = {"bands": ["grey"], "groupby": "solar_day"}
found = {
    "rasterio.merge": merge(paths)[0][0],
    "stackstac": stackstac.mosaic(stackstac.stack(items, assets=["grey"], epsg=32645)).to_numpy()[0],
    "odc-stac": odc.stac.load(items, **DAY).grey.to_numpy()[0],
    "odc-stac, dtype=uint8": odc.stac.load(items, **DAY, dtype="uint8").grey.to_numpy()[0],
    "odc-stac, nodata=0": odc.stac.load(items, **DAY, nodata=0).grey.to_numpy()[0],
}
seen = {name: ((image == 0).sum(), (image == ROOF).sum()) for name, image in found.items()}
for name, (black, roofs) in seen.items():
    print(f"{name}: {found[name].dtype}, {black} m2 black, {roofs} of {(truth == ROOF).sum()} m2 of roofs")
assert found["odc-stac"].dtype == np.float32
assert seen.pop("odc-stac") == (1200, 1200)
assert set(seen.values()) == {(0, 1500)}
print("seen: masked ground hides a photo that sees it")
PY
"$folder/env/bin/python" "$folder/look.py" "$folder"

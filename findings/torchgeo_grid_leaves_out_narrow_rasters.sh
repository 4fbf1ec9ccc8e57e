#!/usr/bin/env bash
# torchgeo 0.8.1, GridGeoSampler: of a mosaic in several files, those narrower or lower than the window get no window
# at all, without a word: the ground they show is missing from every prediction over the grid.
#
# A good engineer guesses that a grid "for predictions over an entire region" covers the region: within one file it
# does, as the last row and column of windows reach beyond the file and are filled. But the grid is laid over each
# file by itself, and a file that is smaller than the window on one side is passed over (mosaics are delivered with
# strips at their rims, and the last sheet of a row is what is left). The length of the sampler and of the loader are
# right for what is left, so no check of counts sees it. Whoever predicts so takes a window no larger than the
# smallest file, or makes one VRT of the mosaic first.
#
# Runs without geoseg; fails if the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check torchgeo==0.8.1 rasterio==1.4.4 numpy==2.4.6 requests==2.32.5 torch==2.13.0
cat > "$folder/mosaic.py" <<'PY'
"""A mosaic of two sheets, 600 and 200 pixels wide, 600 high, side by side; windows of 256."""
import sys
import warnings
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin
from torch.utils.data import DataLoader

try:
    import torchvision
except RuntimeError:  # builds of both that do not fit each other: its operators are not needed here
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    for name in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[name]
from torchgeo.datasets import RasterDataset, stack_samples
from torchgeo.samplers import GridGeoSampler

warnings.filterwarnings("error", module="torchgeo")
folder = Path(sys.argv[1])
folder.mkdir()
for name, left, width in (("west", 0, 600), ("east", 600, 200)):
    profile = dict(driver="GTiff", width=width, height=600, count=3, dtype="uint8", crs="EPSG:32645")
    with rasterio.open(folder / f"{name}.tif", "w", transform=from_origin(left, 600, 1, 1), **profile) as file:
        file.write(np.full((3, 600, width), 100 if name == "west" else 200, np.uint8))


class Sheets(RasterDataset):
    filename_glob = "*.tif"
    is_image = True


sheets = Sheets(str(folder))
seen = np.zeros((600, 800), bool)
sampler = GridGeoSampler(sheets, size=256, stride=256)
for columns, rows, _ in sampler:
    seen[int(rows.start) : int(rows.stop), int(columns.start) : int(columns.stop)] = True
loader = DataLoader(sheets, sampler=sampler, collate_fn=stack_samples)
brightest = max(int(torch.as_tensor(batch["image"]).max()) for batch in loader)
west, east = seen[:, :600].mean(), seen[:, 768:].mean()
print(f"{len(sheets)} sheets, {len(sampler)} windows, {len(loader)} batches, brightest pixel {brightest}")
print(f"ground under windows: west {west:.0%}, east beyond what west's last windows reach {east:.0%}")
assert len(sampler) == len(loader) == 9
assert west == 1 and east == 0
PY
"$folder/env/bin/python" "$folder/mosaic.py" "$folder/sheets"
echo "as described: a sheet narrower than the window gets no window, and nothing says so"

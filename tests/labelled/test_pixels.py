"""Photos as they are packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from geoseg.labelled.pixels import read_rgb


def test_whole_numbers_far_apart_are_stretched_by_their_percentiles(tmp_path: Path) -> None:
    # Between -20,000 and 20,000 lies more than 16 bits hold with a sign.
    bands = np.tile(np.array([[-20_000, 20_000]], np.int16), (3, 1, 1))
    path = tmp_path / "photo.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=1, count=3, dtype="int16",
        crs="EPSG:32645", transform=from_origin(354_000, 3_057_000, 1, 1),
    ) as made:  # fmt: skip
        made.write(bands)
    assert read_rgb(path)[0, :, 0].tolist() == [0, 255]

"""Drawings in place of a photo, for runs that only show whether, and how fast, geoseg works."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from affine import Affine

if TYPE_CHECKING:
    from pathlib import Path

GSD_M = 0.4
_PITCH_PX, _MARGIN_PX = 60, 16
_ROOF_PX = (30, 34)


def draw_town(path: Path, height: int, width: int) -> Path:
    """Write a GeoTIFF of bright roofs with a shadow, on a mottled ground."""
    rng = np.random.default_rng(0)
    image = rng.normal(95, 9, (3, height, width))
    rows, cols = _ROOF_PX
    for row in range(_MARGIN_PX, height - 40, _PITCH_PX):
        for col in range(_MARGIN_PX, width - 40, _PITCH_PX):
            image[:, row + 3 : row + 3 + rows, col + 3 : col + 3 + cols] -= 55
            image[:, row : row + rows, col : col + cols] = rng.normal(190, 5, (3, rows, cols))
    with rasterio.open(
        path, "w", driver="GTiff", count=3, dtype="uint8", height=height, width=width, tiled=True,
        crs="EPSG:32633", transform=Affine(GSD_M, 0, 5e5, 0, -GSD_M, 5.5e6), photometric="RGB",
    ) as dataset:  # fmt: skip
        dataset.write(image.clip(0, 255).astype(np.uint8))
    return path


@contextmanager
def errors_alone() -> Iterator[None]:
    """Let geoseg's log tell of errors alone: that a drawing is no photo is no news."""
    logger = logging.getLogger("geoseg")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)

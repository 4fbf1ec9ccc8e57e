"""The middle of a large raster, as a file that stands for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rasterio
from rasterio.shutil import copy

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.preview.describe import MosaicInfo


def middle_of(raster: str, seen: MosaicInfo, megapixels: float, folder: Path) -> str:
    """The raster itself, or a VRT of its middle: at most so many megapixels of the analysis grid.

    Args:
        raster: Its name.
        seen: What ``geoseg.info`` saw of it.
        megapixels: At most.
        folder: Where the VRT goes.

    Raises:
        UsageError: it is too large and no file.
    """
    if seen.megapixels <= megapixels:
        return raster
    path = Path(raster)
    if not path.is_file():
        raise UsageError(
            f"{seen.rasters[0].path} has {seen.megapixels:,.0f} MP, and its middle cannot be taken from "
            f"where it lies; give more --megapixels, or a file"
        )
    width, height = seen.rasters[0].width, seen.rasters[0].height
    window = middle_window(width, height, megapixels / seen.megapixels)
    out = folder / "middle.vrt"
    name = f"vrt://{path.absolute()}?srcwin={','.join(map(str, window))}"
    with rasterio.open(name) as middle:
        copy(middle, out, driver="VRT")
    return str(out)


def middle_window(width: int, height: int, share: float) -> tuple[int, int, int, int]:
    """Column, row, width and height of so much of a raster, about its centre, as square as can be."""
    pixels = share * width * height
    side = pixels**0.5
    cols = min(width, max(side, pixels / height))
    rows = min(height, pixels / cols)
    size = max(1, round(cols)), max(1, round(rows))
    return (width - size[0]) // 2, (height - size[1]) // 2, *size

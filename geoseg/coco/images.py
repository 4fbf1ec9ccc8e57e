"""The rasters that COCO calls images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.errors import RasterioIOError

from geoseg.errors import UnreadableRasterError, UnsupportedRasterError, UsageError
from geoseg.files.target import paths_of


@dataclass(frozen=True, slots=True)
class Image:
    """Size and place of a raster."""

    path: Path
    """The file."""
    height: int
    """Rows, pixels."""
    width: int
    """Columns, pixels."""
    transform: Affine
    """(column, row) of pixel corners to (x, y)."""
    crs: CRS
    """CRS of ``transform``."""

    def entry(self, number: int) -> dict[str, Any]:
        """Its record in a COCO file."""
        name = self.path.name
        return {"id": number, "file_name": name, "width": self.width, "height": self.height}


def read_images(rasters: str | Path | Sequence[str | Path]) -> list[Image]:
    """Size and place of one raster or several; no pixel is read.

    Raises:
        UsageError: none is given.
        UnreadableRasterError: one cannot be opened.
        UnsupportedRasterError: one has no CRS.
    """
    paths = paths_of(rasters)
    if not paths:
        raise UsageError("COCO counts in the pixels of images; name their rasters with --raster")
    return [_read_image(path) for path in paths]


def _read_image(path: Path) -> Image:
    try:
        with rasterio.open(path) as dataset:
            if dataset.crs is None:
                raise UnsupportedRasterError(
                    f"{path} has no CRS, so pixels have no place; assign one with gdal_edit.py"
                )
            crs = CRS.from_user_input(dataset.crs)
            return Image(path, dataset.height, dataset.width, dataset.transform, crs)
    except RasterioIOError as error:
        raise UnreadableRasterError(f"{path} cannot be opened as a raster: {error}") from error

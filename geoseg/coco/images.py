"""The rasters that COCO calls images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rasterio
from affine import Affine
from pyproj import CRS
from rasterio.errors import RasterioIOError

from geoseg.errors import UnreadableRasterError, UnsupportedRasterError


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


def read_image(path: Path) -> Image:
    """Size and place; no pixel is read."""
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

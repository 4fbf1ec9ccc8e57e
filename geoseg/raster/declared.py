"""What a raster declares to be no image, where GDAL's warp heeds but a part of it.

It goes by an alpha band or by the first band's nodata value or by a mask, while a raster may have several of
them, or a nodata value for each band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geoseg.types import Window

if TYPE_CHECKING:
    from geoseg.raster.blank import Reading
    from geoseg.raster.source import Source

SPECK_PX = 5
"""Dark pixels of an image may hold the nodata value, too; what is narrower than this is no hole."""


def heeded_in_part(source: Source) -> bool:
    """Whether a warp of the raster passes over some of what it declares."""
    declared = any(value is not None for value in source.nodata)
    marks = (source.bands.alpha is not None, source.has_mask, declared)
    return sum(marks) > 1 or len(set(map(str, source.nodata))) > 1


class DeclaredPixels:
    """The pixels that one raster declares to be no image; one thread at a time."""

    def __init__(self, read: Reading) -> None:
        self._read = read

    def read_mask(self, window: Window) -> NDArray[np.bool_]:
        """(height, width), True where a window of the raster is no image, without specks."""
        from scipy import ndimage

        square = np.ones((SPECK_PX, SPECK_PX), np.bool_)
        middles = ndimage.binary_erosion(~self._read(window)[1], square, border_value=1)
        return np.asarray(ndimage.binary_dilation(middles, square))

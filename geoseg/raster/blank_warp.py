"""Blank pixels of a raster on another grid.

Every pixel of the grid that a blank one has gone into is blank: what a resampling mixes of a fill and
an image is neither.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.warp import reproject

from geoseg.earth.ground import affine_mapping, outline
from geoseg.earth.transforms import way
from geoseg.raster.around import as_gdal_wants_it, beside
from geoseg.raster.cells import grown
from geoseg.raster.source import Source
from geoseg.types import Grid, Window

CUBIC_PX = 2.0
"""How far a cubic kernel reaches, source pixels."""
RECTIFIED_PX = 3.0
"""The same of what ground control points have rectified before, added to it."""
ROOM_PX = 4
"""Source pixels around a block, for the bend of its outline."""


class Masked(Protocol):
    """Pixels of a raster that are no image."""

    def read_mask(self, window: Window) -> NDArray[np.bool_]:
        """(height, width) of a window, True where it is none."""
        ...


class BlankOnGrid:
    """The blank pixels of one raster, on a grid that is not its own."""

    def __init__(self, blank: Masked, source: Source, grid: Grid) -> None:
        self._blank, self._source, self._grid = blank, source, grid
        self._averaged = source.averaged_at(grid.gsd_m)
        self._reach_px = _reach_px(source, grid, averaged=self._averaged)
        self._to_source = way(grid.crs, source.crs)
        self._src_crs, self._src_transform = as_gdal_wants_it(source)
        self._dst_crs = rasterio.CRS.from_wkt(grid.crs.to_wkt())

    def mask(self, block: Window) -> NDArray[np.bool_]:
        """(height, width), True where blank, of a block of the grid; depends on the block alone."""
        reach = self._reach_px
        outer = grown(block, reach)
        place = self._grid.transform @ Affine.translation(outer.col_off, outer.row_off)
        window = self._below(place, outer)
        blank = None if window is None else self._blank.read_mask(window)
        if window is None or blank is None or not blank.any():
            return np.zeros((block.height, block.width), np.bool_)
        carried = self._carried(blank, window, place, outer)
        return _spread(carried, reach)[reach:-reach, reach:-reach]

    def _carried(
        self, blank: NDArray[np.bool_], window: Window, place: Affine, outer: Window
    ) -> NDArray[np.bool_]:
        """The blank pixels of a window of the raster, where they lie in a window of the grid."""
        carried = np.zeros((outer.height, outer.width), np.float32)
        reproject(
            blank.astype(np.float32),
            carried,
            src_transform=self._src_transform @ Affine.translation(window.col_off, window.row_off),
            src_crs=self._src_crs,
            dst_transform=place,
            dst_crs=self._dst_crs,
            resampling=Resampling.average if self._averaged else Resampling.nearest,
        )
        return carried > 0

    def _below(self, place: Affine, outer: Window) -> Window | None:
        """The raster's pixels below a window of the grid whose first pixel lies at ``place``."""
        source = self._source
        x, y = affine_mapping(place)(*outline(outer.height, outer.width))
        x, y = beside(source, np.column_stack(self._to_source.transform(x, y))).T
        cols, rows = affine_mapping(~source.transform)(x, y)
        if not (np.isfinite(cols).all() and np.isfinite(rows).all()):
            return source.window
        row, col = math.floor(rows.min()) - ROOM_PX, math.floor(cols.min()) - ROOM_PX
        height, width = math.ceil(rows.max()) + ROOM_PX - row, math.ceil(cols.max()) + ROOM_PX - col
        return Window(row, col, height, width).intersection(source.window)


def _reach_px(source: Source, grid: Grid, *, averaged: bool) -> int:
    """How far a source pixel reaches beyond the grid's pixel that it lies in, pixels of the grid."""
    reach_px = (0.0 if averaged else CUBIC_PX) + (RECTIFIED_PX if source.by_points else 0.0)
    return math.ceil(reach_px * max(source.pixel.gsd_m / grid.gsd_m, 1.0)) + 1


def _spread(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    from scipy import ndimage

    return np.asarray(ndimage.maximum_filter(mask, 2 * by + 1, mode="constant", cval=0))

"""The terrain model at the samples of the surface model, whatever its grid and CRS."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from geoseg.earth.ground import same_crs
from geoseg.earth.transforms import way
from geoseg.heights.surface import Heights, Surface
from geoseg.types import Window

KNOTS_PX = 64
"""Pixels of the surface between places that are carried into the other CRS; linear in between."""
MOST_PX = 1 << 25
"""A window of the terrain model that would be larger is read in coarser steps."""


class Terrain:
    """Reads one raster at the samples of another."""

    def __init__(self, terrain: Surface, surface: Surface) -> None:
        self._terrain = terrain
        self._to_xy = surface.source.to_xy
        self._inverse = ~terrain.source.transform
        self._carried = (
            None if same_crs(surface.crs, terrain.crs) else way(surface.crs, terrain.crs)
        )

    def read(self, window: Window, step: int) -> Heights:
        """Metres at every ``step``-th pixel's middle of a window of the surface; NaN where unknown."""
        rows = np.arange(0, window.height, step, dtype=float)
        cols = np.arange(0, window.width, step, dtype=float)
        row, col = self._places(window, rows, cols)
        known = np.isfinite(row) & np.isfinite(col)
        if not known.any():
            return np.full(row.shape, np.nan)
        top, left = math.floor(row[known].min()) - 1, math.floor(col[known].min()) - 1
        height = math.ceil(row[known].max()) + 2 - top
        width = math.ceil(col[known].max()) + 2 - left
        coarse = max(1, math.ceil(math.sqrt(height * width / MOST_PX)))
        part = self._terrain.read(Window(top, left, height, width), coarse)
        at = np.stack([(row - top) / coarse, (col - left) / coarse])
        found = map_coordinates(part, at, order=1, mode="constant", cval=np.nan)
        return np.asarray(np.where(known, found, np.nan))

    def _places(
        self, window: Window, rows: NDArray[np.float64], cols: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(rows, columns) row and column in the terrain model, whole numbers in pixels' middles."""
        knot_row, knot_col = _knots(window.height), _knots(window.width)
        c, r = np.meshgrid(knot_col + window.col_off + 0.5, knot_row + window.row_off + 0.5)
        x, y = self._to_xy(c.ravel(), r.ravel())
        if self._carried is not None:
            x, y = self._carried.transform(x, y)
        m = self._inverse
        with np.errstate(invalid="ignore"):
            col = (m.a * x + m.b * y + m.c - 0.5).reshape(c.shape)
            row = (m.d * x + m.e * y + m.f - 0.5).reshape(c.shape)
        return _between(row, knot_row, knot_col, rows, cols), _between(
            col, knot_row, knot_col, rows, cols
        )


def _knots(size: int) -> NDArray[np.float64]:
    return np.linspace(0.0, float(size), max(2, math.ceil(size / KNOTS_PX) + 1))


def _between(
    values: NDArray[np.float64],
    knot_row: NDArray[np.float64],
    knot_col: NDArray[np.float64],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Bilinear between knots."""
    down = np.stack([np.interp(rows, knot_row, column) for column in values.T], axis=1)
    return np.stack([np.interp(cols, knot_col, line) for line in down])

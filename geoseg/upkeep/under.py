"""Mean levels of a map under given outlines, added up piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from geoseg.earth.affine import moved_by
from geoseg.earth.reproject import reproject

if TYPE_CHECKING:
    from pyproj import CRS

    from geoseg.types import Window


class Means:
    """The mean of all valid pixels whose centres lie within each of (n,) outlines."""

    def __init__(self, outlines: NDArray[np.object_], crs: CRS, to: CRS, transform: Affine) -> None:
        self.shapes = moved_by(reproject(outlines, crs, to), ~transform)
        """(n,) x the column and y the row; empty where there is none."""
        self._tree = shapely.STRtree(self.shapes)
        self._sums = np.zeros((2, len(self.shapes)))

    def touched(self, height: int, width: int, side_px: int) -> NDArray[np.bool_]:
        """(rows, columns) True for the squares of a side that the box of an outline meets.

        Args:
            height: Of the map, pixels.
            width: Of the map, pixels.
            side_px: Of the squares, which begin at the first row and column.
        """
        chosen = np.zeros((-(-height // side_px), -(-width // side_px)), dtype=bool)
        boxes = shapely.bounds(self.shapes)
        boxes = boxes[np.isfinite(boxes).all(axis=1)]
        left, top, right, bottom = boxes.T
        on = (right > 0) & (bottom > 0) & (left < width) & (top < height)
        limits = np.array([chosen.shape[1], chosen.shape[0]] * 2) - 1
        cells = np.clip(boxes[on] // side_px, 0, limits).astype(np.intp)
        for first_col, first_row, last_col, last_row in np.unique(cells, axis=0):
            chosen[first_row : last_row + 1, first_col : last_col + 1] = True
        return chosen

    def add(self, core: Window, levels: NDArray[np.uint8], valid: NDArray[np.bool_]) -> None:
        """Count a piece of the map.

        Args:
            core: Where it lies; no two pieces share a pixel.
            levels: (height, width).
            valid: (height, width), True where they are known.
        """
        shapes = self.shapes
        box = shapely.box(core.col_off, core.row_off, core.col_end, core.row_end)
        near = np.sort(self._tree.query(box))
        near = near[shapely.area(shapes[near]) > 0]
        if not len(near):
            return
        burned = rasterize(
            zip(shapes[near], range(1, len(near) + 1), strict=True),
            out_shape=(core.height, core.width),
            transform=Affine.translation(core.col_off, core.row_off),
            dtype="int32",
        )
        burned = np.where(valid, burned, 0).ravel()
        size = len(near) + 1
        self._sums[0, near] += np.bincount(burned, weights=levels.ravel(), minlength=size)[1:]
        self._sums[1, near] += np.bincount(burned, minlength=size)[1:]

    def mean(self) -> NDArray[np.float64]:
        """(n,) NaN where no pixel was valid."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self._sums[0] / self._sums[1])


def frame_of(height: int, width: int, transform: Affine) -> shapely.Geometry:
    """The ground that a map covers, in its CRS."""
    frame: shapely.Geometry = moved_by(np.array([shapely.box(0, 0, width, height)]), transform)[0]
    return frame

"""The observed area: which part of the grid held valid pixels.

Kept as counts per cell, so that its size does not grow with the raster, and drawn at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS
    from shapely import MultiPolygon

    from geoseg.tiles.area import Area
    from geoseg.types import Grid

CELLS_PER_SIDE = 2048
"""A cell is one pixel up to this size of the grid, and a square of pixels beyond."""


class Extent:
    """Accumulates validity row by row; where an area of interest was given, within that."""

    def __init__(self, grid: Grid, area: Area | None = None) -> None:
        self._grid, self._area = grid, area
        self._cell_px = -(-max(grid.height, grid.width) // CELLS_PER_SIDE)
        shape = (-(-grid.height // self._cell_px), -(-grid.width // self._cell_px))
        self.counts: NDArray[np.int64] = np.zeros(shape, np.int64)
        """(cell rows, cell columns), valid pixels per cell."""

    def add(self, row_off: int, col_off: int, valid: NDArray[np.bool_]) -> None:
        """Count ``valid`` (rows, columns), whose first pixel is (row_off, col_off)."""
        rows, row_starts = self._cells(row_off, valid.shape[0])
        cols, col_starts = self._cells(col_off, valid.shape[1])
        if valid.all():  # as nearly everywhere, and many times faster
            heights, widths = (
                np.diff(starts, append=size)
                for starts, size in zip((row_starts, col_starts), valid.shape, strict=True)
            )
            self.counts[rows, cols] += np.outer(heights, widths)
            return
        per_col = np.add.reduceat(valid.view(np.uint8), row_starts, axis=0, dtype=np.int32)
        self.counts[rows, cols] += np.add.reduceat(per_col, col_starts, axis=1)

    def _cells(self, offset: int, size: int) -> tuple[slice, NDArray[np.int64]]:
        """The cells that ``size`` pixels from ``offset`` on lie in, and where each begins in these."""
        first, end = offset // self._cell_px, (offset + size - 1) // self._cell_px + 1
        return slice(first, end), np.maximum(np.arange(first, end) * self._cell_px - offset, 0)

    def polygon(self, crs: CRS, middle_x: float = 0.0) -> MultiPolygon:
        """Cells of which at least half is valid, in ``crs``; may be empty.

        They are cut to the grid and to the area of interest.

        Where x is a longitude, or goes with it, they lie within half a turn of ``middle_x``.
        """
        import shapely
        from rasterio.features import shapes

        from geoseg.earth.ground import affine_mapping
        from geoseg.earth.seam import Seam, near_turn
        from geoseg.earth.transforms import one_way

        grid, cell_px = self._grid, self._cell_px
        observed = (self.counts * 2 >= self._pixels_per_cell()) & (self.counts > 0)
        to_grid = grid.transform.__class__.scale(cell_px)
        cells = [
            shapely.geometry.shape(geometry)
            for geometry, _ in shapes(observed.astype(np.uint8), observed, transform=to_grid)
        ]
        inside = shapely.intersection(cells, shapely.box(0, 0, grid.width, grid.height))
        if self._area is not None:
            pieces = shapely.get_parts(shapely.intersection(inside, self._area.shape))
            inside = pieces[shapely.area(pieces) > 0]  # a shared side is none
        area = shapely.union_all(shapely.segmentize(inside, max(grid.height, grid.width) / 32))
        coordinates = shapely.get_coordinates(area)
        x, y = affine_mapping(grid.transform)(coordinates[:, 0], coordinates[:, 1])
        x, y = one_way(grid.crs, crs, *grid.middle).transform(x, y)
        seam = Seam.of(crs)
        placed = near_turn(np.column_stack([x, y]), middle_x, 0.0 if seam is None else seam.period)
        area = shapely.set_coordinates(area, placed)
        return shapely.MultiPolygon(list(shapely.get_parts(area)))

    def wkb(self, crs: CRS, middle_x: float = 0.0) -> list[bytes]:
        """The parts of :meth:`polygon` as WKB."""
        import shapely

        return [part.wkb for part in shapely.get_parts(self.polygon(crs, middle_x))]

    def _pixels_per_cell(self) -> NDArray[np.int64]:
        def lengths(size: int) -> NDArray[np.int64]:
            starts = np.arange(0, size, self._cell_px)
            return np.minimum(self._cell_px, size - starts)

        return np.outer(lengths(self._grid.height), lengths(self._grid.width))

"""An area of interest: which tiles it needs, which buildings lie inside."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.errors import UnreadableVectorError, UnsupportedRasterError
from geoseg.types import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS
    from shapely.geometry.base import BaseGeometry

    from geoseg.tiles.given import GivenArea
    from geoseg.tiles.lattice import Lattice
    from geoseg.types import Grid

MARGIN_PX = 128
"""Tiles this far from the area are computed from the start: most blocks of buildings that reach
into the area end there, and it is cheaper than starting again."""


@dataclass(frozen=True, slots=True)
class Area:
    """An area of interest on the analysis grid."""

    shape: BaseGeometry
    """Its union, in pixels: x is the column, y the row."""

    @classmethod
    def of(cls, given: GivenArea, grid: Grid, raster_crs: CRS) -> Area:
        """The area that a user gave, brought onto ``grid``.

        Args:
            given: As it was read.
            grid: The analysis grid.
            raster_crs: CRS of areas that state none: that of the first raster.

        Raises:
            UnreadableVectorError: all of it lies off the raster.
        """
        from geoseg.earth.ground import affine_mapping

        polygons = _on_grid(given, grid, given.crs or raster_crs)
        to_pixels = affine_mapping(~grid.transform)
        shape = shapely.transform(
            shapely.union_all(polygons),
            lambda xy: np.column_stack(to_pixels(xy[:, 0], xy[:, 1])),
        )
        inside = shapely.intersection(shape, shapely.box(0, 0, grid.width, grid.height))
        if shapely.area(inside) == 0:
            raise UnreadableVectorError(_elsewhere(given, grid, raster_crs))
        shapely.prepare(shape)
        return cls(shape)

    def window(self, grid: Grid) -> Window:
        """The pixels of a grid within MARGIN_PX of the box around the area."""
        left, top, right, bottom = np.clip(
            shapely.total_bounds(self.shape), 0, [grid.width, grid.height] * 2
        )
        row_off, col_off = (max(0, math.floor(start) - MARGIN_PX) for start in (top, left))
        row_end = min(grid.height, math.ceil(bottom) + MARGIN_PX)
        col_end = min(grid.width, math.ceil(right) + MARGIN_PX)
        return Window(row_off, col_off, row_end - row_off, col_end - col_off)

    def tiles(self, lattice: Lattice) -> NDArray[np.bool_]:
        """(strips, tiles per strip) True where a tile's core lies within MARGIN_PX of the area."""
        cores = [[tile.core for tile in strip.tiles] for strip in lattice.strips()]
        boxes = [
            [
                shapely.box(
                    core.col_off - MARGIN_PX,
                    core.row_off - MARGIN_PX,
                    core.col_end + MARGIN_PX,
                    core.row_end + MARGIN_PX,
                )
                for core in row
            ]
            for row in cores
        ]
        touched: NDArray[np.bool_] = shapely.intersects(np.array(boxes, dtype=object), self.shape)
        return touched

    def holds(self, points: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Whether each point, in pixels, lies inside; on the border counts."""
        inside: NDArray[np.bool_] = shapely.intersects(points, self.shape)
        return inside

    def meets(self, row_min: int, col_min: int, row_max: int, col_max: int) -> bool:
        """Whether the area has a point in common with a box of pixels."""
        return bool(shapely.intersects(shapely.box(col_min, row_min, col_max, row_max), self.shape))


def _elsewhere(given: GivenArea, grid: Grid, raster_crs: CRS) -> str:
    """What is said of an area that is not where the raster is."""
    from geoseg.earth.ground import affine_mapping, bounds_in

    crs = given.crs or raster_crs
    shape = (grid.height, grid.width)
    try:
        there = _corners(bounds_in(grid.crs, affine_mapping(grid.transform), shape, crs))
    except UnsupportedRasterError:
        there = "lies where that CRS does not reach"
    own = (
        ""
        if given.crs
        else ", the raster's own, as it states none (bounds take an EPSG code at the end)"
    )
    return (
        f"{given.label} holds no polygon that overlaps the raster: in {crs.name}{own} it spans "
        f"{_corners(shapely.total_bounds(given.geometry))}, and the raster {there}"
    )


def _corners(bounds: Iterable[float]) -> str:
    return ",".join(f"{one:.8g}" for one in bounds)


def _on_grid(given: GivenArea, grid: Grid, crs: CRS) -> NDArray[np.object_]:
    """The polygons of an area in the CRS of a grid; what is far from it is left out."""
    from geoseg.earth.ground import affine_mapping, bounds_in
    from geoseg.earth.places import place_of_box
    from geoseg.earth.reproject import turned_towards
    from geoseg.errors import GeosegWarning
    from geoseg.vectors.nearby import PADDING_DEG, Neighbourhood
    from geoseg.vectors.polygons import sound
    from geoseg.vectors.rows import notes_of, usable

    rows = usable(given.geometry, crs)
    for note in notes_of(rows.counts, given.label):
        warnings.warn(note, GeosegWarning, stacklevel=4)
    bounds = bounds_in(
        grid.crs, affine_mapping(grid.transform), (grid.height, grid.width), grid.crs
    )
    place = place_of_box(bounds, grid.crs)
    near = Neighbourhood(grid.crs, None if place is None else place.wider(PADDING_DEG))
    moved = sound(near.bring(rows.geometry[rows.kept], crs))
    return turned_towards(moved, grid.crs, bounds[0], bounds[2])

"""Footprints on the analysis grid to outlines in the output's CRS and their measures.

Areas and lengths are geodesic on the ellipsoid of the output's CRS: vertices are taken to longitude
and latitude and joined by geodesics, so feet, degrees and the stretch of Web Mercator do not enter.
A wall that is straight on the map is not quite a geodesic; the tests compare with outlines
densified along the map's straight lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.earth.crs import east_and_north
from geoseg.earth.geodesy import Ground
from geoseg.earth.seam import Seam, near_turn
from geoseg.earth.transforms import one_way
from geoseg.errors import UnsupportedRasterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

    from geoseg.footprints import Footprint
    from geoseg.types import Grid


MEASURES = ("area_m2", "perimeter_m", "length_m", "width_m", "orientation_deg")
"""The columns of the contract that follow from the outline."""
SQUARE = 1e-6
"""Sides that differ by less, relatively, count as equal: noise must not turn a square by 90."""


@dataclass(frozen=True, slots=True)
class MeasuredBatch:
    """Buildings as columns of the output contract; all of one length."""

    building_id: NDArray[np.int64]
    """Smallest raster key of the building's pixels."""
    area_m2: NDArray[np.float64]
    """Geodesic area, courtyards subtracted, square metres."""
    perimeter_m: NDArray[np.float64]
    """Geodesic length of the outline, courtyards included, metres."""
    confidence: NDArray[np.float32]
    """0..1."""
    presence: NDArray[np.float32]
    """0..1, whether a building is there at all; NaN where nobody knows."""
    length_m: NDArray[np.float64]
    """Long side of the minimum rotated rectangle on the analysis grid, metres on the ground."""
    width_m: NDArray[np.float64]
    """Short side of the same rectangle, metres on the ground."""
    orientation_deg: NDArray[np.float64]
    """Its long side, degrees clockwise from the analysis grid's north, from 0 up to below 180."""
    at_edge: NDArray[np.bool_]
    """True where the building touches the edge of the valid raster."""
    shape: NDArray[np.object_]
    """How the outline was drawn, text."""
    geometry: NDArray[np.object_]
    """Polygons in the output's CRS, shells counter-clockwise, holes clockwise."""


def measure(
    footprints: Sequence[Footprint], grid: Grid, output_crs: CRS, *, middle_x: float = 0.0
) -> MeasuredBatch:
    """Measure footprints, each by itself: the batch they come in changes nothing.

    Args:
        footprints: In pixels of the grid.
        grid: The analysis grid.
        output_crs: CRS of the outlines.
        middle_x: Where its x is a longitude, or goes with it, they lie within half a turn of this:
            beyond 180 degrees as the raster does, and not torn apart there.

    Raises:
        UnsupportedRasterError: The CRS has no ellipsoid to measure on.
    """
    ground = _ground_under(output_crs)
    drawn = np.array([footprint.polygon for footprint in footprints], dtype=object)
    placement = _Placement(grid, output_crs, middle_x)
    outlines = shapely.transform(drawn, placement)
    area_m2, perimeter_m = ground.area_and_perimeter(outlines)
    length_m, width_m, orientation_deg = _main_axis(drawn, placement, ground)
    return MeasuredBatch(
        building_id=np.array([footprint.key for footprint in footprints], np.int64),
        area_m2=area_m2,
        perimeter_m=perimeter_m,
        confidence=np.array([footprint.confidence for footprint in footprints], np.float32),
        presence=np.full(len(footprints), np.nan, np.float32),
        length_m=length_m,
        width_m=width_m,
        orientation_deg=orientation_deg,
        at_edge=np.array([footprint.at_edge for footprint in footprints], np.bool_),
        shape=np.array([footprint.shape for footprint in footprints], dtype=object),
        geometry=shapely.orient_polygons(outlines),
    )


def measure_again(
    outlines: NDArray[np.object_], grid: Grid, crs: CRS
) -> tuple[NDArray[np.float64], ...]:
    """Area, perimeter, length, width and orientation, (n,) each, as :func:`measure` gives them.

    Args:
        outlines: (n,) polygons and multipolygons in ``crs``, none empty.
        grid: The analysis grid that they were found on.
        crs: Their CRS.
    """
    ground, placement = _ground_under(crs), _Placement(grid, crs)
    drawn = on_grid(outlines, grid, crs)
    return (*ground.area_and_perimeter(outlines), *_main_axis(drawn, placement, ground))


def on_grid(shapes: NDArray[np.object_], grid: Grid, crs: CRS) -> NDArray[np.object_]:
    """(n,) shapes of ``crs`` in pixels of the grid: x is the column, y the row."""
    moved: NDArray[np.object_] = shapely.transform(shapes, _Placement(grid, crs).back)
    return moved


def _ground_under(crs: CRS) -> Ground:
    ground = Ground.under(crs)
    if ground is None:
        raise UnsupportedRasterError(
            f"the CRS {crs.name!r} is not tied to the Earth, so areas cannot be measured; "
            "assign a projected or geographic CRS, for instance with gdal_edit.py -a_srs"
        )
    return ground


def _main_axis(
    drawn: NDArray[np.object_], placement: _Placement, ground: Ground
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Length, width and orientation of the minimum rotated rectangles.

    The rectangle is sought on the grid's CRS around the polygon's own corner, where numbers are
    small; its sides are measured on the ground along its two middle lines.
    """
    corner = np.floor(shapely.bounds(drawn)[:, :2])
    linear = placement.linear
    near = shapely.get_coordinates(drawn) - np.repeat(corner, _sizes(drawn), axis=0)
    local = shapely.set_coordinates(drawn.copy(), _apply(linear, near))
    boxes = shapely.get_coordinates(shapely.minimum_rotated_rectangle(local)).reshape(-1, 5, 2)
    middles = (boxes[:, :4] + boxes[:, 1:]) / 2  # (n, 4 sides, 2)
    lines = np.stack([middles[:, [0, 2]], middles[:, [1, 3]]], axis=1)  # (n, 2 lines, 2 ends, 2)
    across = lines[:, :, 1] - lines[:, :, 0]
    east, north = _apply(placement.compass, across.reshape(-1, 2)).reshape(-1, 2, 2).T
    bearing = np.degrees(np.arctan2(east, north)).T % 180 % 180
    ends = _apply(np.linalg.inv(linear).astype(np.float64), lines.reshape(-1, 2)) + np.repeat(
        corner, 4, axis=0
    )
    metres = ground.distances(placement(ends)).reshape(-1, 2)
    longer = np.where(
        np.abs(metres[:, 0] - metres[:, 1]) < SQUARE * metres[:, 0],
        bearing.argmin(axis=1),
        metres.argmax(axis=1),
    )
    row = np.arange(len(longer))
    return metres[row, longer], metres[row, 1 - longer], bearing[row, longer]


def _apply(matrix: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (2, 2) matrix times every row, element by element.

    A matrix product may round otherwise in a batch of another size.
    """
    x, y = xy[:, 0], xy[:, 1]
    return np.stack([matrix[0, 0] * x + matrix[0, 1] * y, matrix[1, 0] * x + matrix[1, 1] * y], 1)


def _sizes(polygons: NDArray[np.object_]) -> NDArray[np.int64]:
    return np.asarray(shapely.get_num_coordinates(polygons), np.int64)


class _Placement:
    """Pixel coordinates (column, row) to the output's CRS, vertex by vertex.

    Every vertex goes through the same arithmetic by itself, so a vertex that two buildings share
    stays one vertex, to the last bit.
    """

    def __init__(self, grid: Grid, output_crs: CRS, middle_x: float = 0.0) -> None:
        self._grid = grid
        seam = None if grid.crs == output_crs else Seam.of(output_crs)
        self._middle_x, self._turn = middle_x, 0.0 if seam is None else seam.period
        self._to_output = (
            None if grid.crs == output_crs else one_way(grid.crs, output_crs, *grid.middle)
        )

    @property
    def linear(self) -> NDArray[np.float64]:
        """(2, 2) pixel steps to steps in the grid's CRS."""
        transform = self._grid.transform
        return np.array([[transform.a, transform.b], [transform.d, transform.e]])

    @property
    def compass(self) -> NDArray[np.float64]:
        """(2, 2) steps in the grid's CRS to steps east and north."""
        return east_and_north(self._grid.crs)

    def back(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) x and y to (n, 2) column and row."""
        x, y = xy[:, 0], xy[:, 1]
        if self._to_output is not None:
            x, y = self._to_output.transform(x, y, direction="INVERSE")
        inverse = ~self._grid.transform
        col = inverse.a * x + inverse.b * y + inverse.c
        return np.stack([col, inverse.d * x + inverse.e * y + inverse.f], axis=1)

    def __call__(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) column and row to (n, 2) x and y."""
        transform = self._grid.transform
        col, row = pixels[:, 0], pixels[:, 1]
        x = transform.a * col + transform.b * row + transform.c
        y = transform.d * col + transform.e * row + transform.f
        if self._to_output is not None:
            x, y = self._to_output.transform(x, y)
        return near_turn(np.stack([x, y], axis=1), self._middle_x, self._turn)

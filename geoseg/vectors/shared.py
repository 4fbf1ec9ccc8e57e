"""What polygons share and what one has beyond another, also where their edges lie on each other up to rounding.

GEOS 3.14 finds for some such pairs that they share nothing, or that one shares with another what fills its
hole, although all are valid: of houses and their own minimum rotated rectangles for about one in 5,000, where
coordinates are small. What it takes for the difference errs by as much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import shapely
from numpy.typing import NDArray

FINENESS = 2.0**-24
"""Vertices of a pair in doubt are rounded to this share of the smaller one's longer side: 1e-6 m of a house."""
ROUNDING, OF_THE_LARGER = 1e-6, 1e-12
"""A difference whose area is off by more than these shares of the smaller and the larger one's is in doubt."""
PAIRS_AT_ONCE = 100_000
"""Intersections in memory at a time, where their areas alone are asked for."""

Shapes = NDArray[np.object_] | shapely.Geometry
"""(n,) valid polygons or multipolygons, or one for each of the others."""


def shared_part(first: Shapes, second: Shapes) -> NDArray[np.object_]:
    """(n,) intersections of (n,) valid polygons with (n,) others."""
    first, second = _pairs(first, second)
    common = np.array(shapely.intersection(first, second), dtype=object)
    near = _boxes_overlap(first, second)
    several = _has_several_rings(first) | _has_several_rings(second)
    none = np.flatnonzero(near & ~several & (shapely.area(common) == 0))
    one, other = first[none], second[none]
    lost = none[shapely.intersects(one, other) & ~shapely.touches(one, other)]
    for pair in lost.tolist():
        common[pair] = _rounded(shapely.intersection, first[pair], second[pair])
    for pair in np.flatnonzero(near & several).tolist():  # a part or a hole may be mistaken alone
        snapped = _rounded(shapely.intersection, first[pair], second[pair])
        by = shapely.area(common[pair]) - shapely.area(snapped)
        length = max(shapely.length(common[pair]), shapely.length(snapped))
        if abs(by) > 2 * length * _grid(first[pair], second[pair]):
            common[pair] = snapped
    return common


def shared_by_all(shapes: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """What one or more valid polygons have in common."""
    common: shapely.Geometry = reduce(lambda one, other: shared_part(one, other)[0], shapes)
    return common


def part_beyond(first: Shapes, second: Shapes) -> NDArray[np.object_]:
    """(n,) what each of (n,) valid polygons has beyond the other one."""
    first, second = _pairs(first, second)
    left = np.array(shapely.difference(first, second), dtype=object)
    due = shapely.area(first) - shared_area(first, second)
    areas = np.stack([shapely.area(first), shapely.area(second)])
    allowed = ROUNDING * areas.min(axis=0) + OF_THE_LARGER * areas.max(axis=0)
    for pair in np.flatnonzero(np.abs(shapely.area(left) - due) > allowed).tolist():
        left[pair] = _rounded(shapely.difference, first[pair], second[pair])
    return left


def shared_area(first: Shapes, second: Shapes) -> NDArray[np.float64]:
    """(n,) areas that (n,) valid polygons share with (n,) others, in the square of the coordinates' unit."""
    first, second = _pairs(first, second)
    area = np.empty(len(first))
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        area[part] = shapely.area(shared_part(first[part], second[part]))
    return area


def _pairs(first: Shapes, second: Shapes) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    one, other = np.broadcast_arrays(
        *(np.atleast_1d(np.array(shapes, object)) for shapes in (first, second))
    )
    return one, other


def _boxes_overlap(first: NDArray[np.object_], second: NDArray[np.object_]) -> NDArray[np.bool_]:
    boxes = shapely.bounds(first), shapely.bounds(second)
    low = np.maximum(boxes[0][:, :2], boxes[1][:, :2])
    high = np.minimum(boxes[0][:, 2:], boxes[1][:, 2:])
    return np.asarray((low < high).all(axis=1))


def _has_several_rings(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    several: NDArray[np.bool_] = (shapely.get_num_geometries(shapes) > 1) | (
        shapely.get_num_interior_rings(shapes) > 0
    )
    return several


def _rounded(
    overlay: Callable[..., shapely.Geometry], one: shapely.Geometry, other: shapely.Geometry
) -> shapely.Geometry:
    return overlay(one, other, grid_size=_grid(one, other))


def _grid(one: shapely.Geometry, other: shapely.Geometry) -> float:
    return FINENESS * min(_side(one), _side(other))


def _side(shape: shapely.Geometry) -> float:
    left, bottom, right, top = shapely.bounds(shape).tolist()
    return float(max(right - left, top - bottom))

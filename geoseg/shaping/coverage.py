"""Straight walls for groups of buildings that lie close together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.shaping.arrays import Floats, Ints, Polygons
from geoseg.shaping.drawing import Drawn, draw_groups
from geoseg.shaping.nodes import with_common_nodes
from geoseg.shaping.settle import settle
from geoseg.shaping.simple import are_valid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely.geometry import Polygon

    from geoseg.shaping.settings import RegularizeSettings
    from geoseg.types import DrawnAs

BATCH = 1000
"""Polygons drawn at a time; groups are not torn apart."""


def regularize_coverage(
    polygons: Sequence[Polygon], *, settings: RegularizeSettings
) -> list[tuple[Polygon, DrawnAs]]:
    """Redraw polygons with straight walls, right angles and shared walls.

    Args:
        polygons: A valid coverage in pixels: neighbours share the vertices of their common walls.
        settings: Limits and tolerances.

    Returns:
        For each polygon, in order, the new one and how it was drawn: "raw" where any drawing would
        clash. The result is a valid coverage, and a function of the set of polygons alone.
    """
    given = np.asarray(polygons, dtype=object)
    if len(given) == 0:
        return []
    group = np.zeros(len(given), dtype=np.int64)
    drawn, shapes = regularize_groups(given, group, settings=settings)
    return list(zip(drawn.tolist(), shapes, strict=True))


def regularize_groups(
    polygons: Polygons, group: Ints, *, settings: RegularizeSettings
) -> tuple[Polygons, list[DrawnAs]]:
    """The same for many groups at once, which is several times faster than one by one.

    Args:
        polygons: (n,) polygons; those of one group form a valid coverage, in pixels.
        group: (n,) numbers of the groups. Groups do not influence each other.
        settings: Limits and tolerances; groups that lie apart by more than twice
            ``max_outward_px`` do not meet afterwards either.

    Returns:
        (n,) new polygons, and how each was drawn.
    """
    numbers = np.unique(group, return_inverse=True)[1].astype(np.int64)
    drawn = settle(polygons, numbers, settings, _draw)
    shapes: list[DrawnAs] = drawn.shapes.tolist()
    return with_common_nodes(drawn.polygons), shapes


def _draw(polygons: Polygons, group: Ints, settings: RegularizeSettings) -> Drawn:
    """Draw groups once, numbered from 0, each as if it lay at the origin.

    Groups in which a polygon is so thin somewhere that it is not valid there, for coordinates are
    rounded otherwise, stay raw.
    """
    corner = _group_corners(polygons, group)[group]
    local = shapely.normalize(_shift(polygons, -corner))
    drawn = Drawn(polygons.copy(), np.full(len(group), "raw", dtype=object), np.zeros(len(group)))
    sound = ~np.isin(group, group[~are_valid(local)])
    order = _canonical_order(local, group)
    for batch in _batches(order[sound[order]], group):
        some = draw_groups(local[batch], group[batch], settings)
        drawn.polygons[batch] = _shift(some.polygons, corner[batch])
        drawn.shapes[batch], drawn.noise[batch] = some.shapes, some.noise
    return drawn


def _batches(order: Ints, group: Ints) -> Iterator[Ints]:
    """Runs of whole groups, each small enough for the processor's caches."""
    begins = np.flatnonzero(np.diff(group[order], prepend=-1) != 0)
    while len(begins):
        later = begins[begins >= begins[0] + BATCH]
        yield order[begins[0] : later[0] if len(later) else len(order)]
        begins = later


def _group_corners(polygons: Polygons, group: Ints) -> Floats:
    """(groups, 2) whole pixels at or before the lower corner of each group's box."""
    corners = np.full((int(group.max()) + 1, 2), np.inf)
    np.minimum.at(corners, group, shapely.bounds(polygons)[:, :2])
    return np.asarray(np.floor(corners))


def _shift(polygons: Polygons, by: Floats) -> Polygons:
    """Polygons moved, each by its row of ``by`` (n, 2)."""
    xy, index = shapely.get_coordinates(polygons, return_index=True)
    return np.asarray(shapely.set_coordinates(polygons.copy(), xy + by[index]))


def _canonical_order(polygons: Polygons, group: Ints) -> Ints:
    """Groups in order, and within each an order that depends on the polygons only."""
    keys = np.column_stack([group, shapely.bounds(polygons), shapely.area(polygons)])
    order = np.lexsort(keys.T[::-1])
    ranked = keys[order]
    if (ranked[1:] == ranked[:-1]).all(axis=1).any():
        order = np.asarray(
            sorted(order, key=lambda i: (*keys[i].tolist(), shapely.to_wkb(polygons[i])))
        )
    return order

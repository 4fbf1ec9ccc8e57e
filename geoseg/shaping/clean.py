"""Whether polygons are a clean layer, to the last bit, and how any polygons are made into one."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.shaping.arrays import Bools, Ints, Polygons, anywhere
from geoseg.shaping.fitting import may_clash, meeting
from geoseg.shaping.simple import are_valid

MOST = 1000
"""Boxes are held against each other two by two; larger groups are left to the full check."""


def unclean(polygons: Polygons, group: Ints | None = None) -> Bools:
    """(n,) True where a polygon is not valid, overlaps another, or lacks vertices of a common wall.

    Exact: nothing is left out as rounding. (n,) ``group`` numbers coverages one after the other; None:
    all are one.
    """
    broken = ~are_valid(polygons) | shapely.is_empty(polygons)
    home = np.zeros(len(polygons), np.int64) if group is None else group
    return np.asarray(broken | overlapping(polygons, home, broken))


def overlapping(
    polygons: Polygons, group: Ints, broken: Bools, moved: Bools | None = None
) -> Bools:
    """(n,) True where a polygon overlaps another of its group, or lacks vertices of a common wall.

    Args:
        polygons: (n,) polygons.
        group: (n,) their groups, one after the other.
        broken: (n,) True for those that may not be valid.
        moved: (n,) False for those that are known to fit to each other; None: none are.
    """
    out, boxes = np.zeros(len(polygons), np.bool_), shapely.bounds(polygons)
    quick = ~anywhere(broken, group) & (np.bincount(group)[group] <= MOST)
    unsure = ~quick
    unsure[quick] = may_clash(
        polygons[quick], group[quick], (~out if moved is None else moved)[quick]
    )
    for number in np.unique(group[unsure]):
        members = np.flatnonzero(group == number)
        doubtful = unsure[members]
        near = members[doubtful | meeting(boxes[members], boxes[members[doubtful]])]
        edges = shapely.coverage_invalid_edges(polygons[near])
        out[near] = ~shapely.is_empty(edges) & unsure[near]
    return out


def unite(polygons: Polygons, row: Ints) -> tuple[Polygons, Ints]:
    """Polygons of a clean layer; those of one row that share a wall become one.

    Returns:
        The polygons, and the first of those given that each is made of.
    """
    order = np.argsort(row, kind="stable")
    _, begin, count = np.unique(row[order], return_index=True, return_counts=True)
    out, source = polygons.copy(), np.arange(len(polygons))
    gone = np.zeros(len(polygons), dtype=bool)
    for first, size in zip(begin[count > 1], count[count > 1], strict=True):
        members = order[first : first + size]
        whole = shapely.get_parts(shapely.coverage_union_all(polygons[members]))
        if len(whole) < size:
            gone[members[len(whole) :]] = True
            out[members[: len(whole)]] = whole
    return out[~gone], source[~gone]


def partition(polygons: Polygons, row: Ints, grid: float) -> tuple[Polygons, Ints]:
    """Any polygons made a clean layer: what several cover goes to the smallest of them.

    All outlines are rounded to a grid together so that they cross at common vertices only (Hobby
    1999); the faces between them are then given to the rows. What is narrower than the grid goes.

    Args:
        polygons: (n,) valid polygons.
        row: (n,) whose each is; those of one row become one where they share a wall.
        grid: Spacing of the grid, best a power of two, so that its points are exact.

    Returns:
        The polygons of the new layer, and the first of those given that is of the same row.
    """
    if len(polygons) == 0:
        return polygons, np.empty(0, dtype=np.int64)
    lines = shapely.union_all(shapely.boundary(polygons), grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    spots = shapely.point_on_surface(faces)
    face, home = shapely.STRtree(polygons).query(spots, predicate="intersects")
    order = np.lexsort((home, shapely.area(polygons)[home], face))
    face, place = np.unique(face[order], return_index=True)
    owner = row[home[order][place]]
    pieces, source = unite(faces[face], owner)
    rows, first = np.unique(row, return_index=True)
    return pieces, first[np.searchsorted(rows, owner[source])]

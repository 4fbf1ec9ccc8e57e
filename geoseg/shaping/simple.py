"""A quick look that spares most polygons the full check for validity."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.kernels.jit import FIRST, inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.points import bounds
from geoseg.shaping.rings import rings_of

RUN = 8
"""Edges that share a box."""
MOST_EDGES = 10_000
"""Longer rings are left to the full check, which is the quicker one there."""
MOST_RINGS = 8
"""So are polygons of more rings."""
ROUNDING = 4e-16
"""Signs of areas are sure beyond this share of their terms (Shewchuk 1997)."""


def are_valid(polygons: Polygons) -> Bools:
    """(n,) True where a geometry is valid, as ``shapely.is_valid``; faster for simple polygons."""
    plain = shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON
    plain &= ~shapely.is_empty(polygons)
    pierced = shapely.get_num_interior_rings(polygons) > 0
    out = np.zeros(len(polygons), dtype=np.bool_)
    for chosen in (np.flatnonzero(plain & ~pierced), np.flatnonzero(plain & pierced)):
        if len(chosen):
            out[chosen] = _are_simple(polygons[chosen])
    out[~out] = shapely.is_valid(polygons[~out])
    return out


def _are_simple(polygons: Polygons) -> Bools:
    """(n,) True for polygons whose rings surely neither cross nor touch themselves or each other."""
    xy, first, home = rings_of(polygons)
    out = np.zeros(len(polygons), dtype=np.bool_)
    _mark_simple(xy, first, bounds(home, len(polygons)), out)
    return out


@jit
def _mark_simple(xy: Floats, first: Ints, shell: Ints, out: Bools) -> None:
    """Mark polygons of closed rings, given the shell of each, that surely are valid."""
    boxes, others = np.empty((MOST_EDGES // RUN + 1, 4)), np.empty((MOST_EDGES // RUN + 1, 4))
    for polygon in range(len(out)):
        begin, end = shell[polygon], shell[polygon + 1]
        good = end - begin <= MOST_RINGS
        for ring in range(begin, end):
            edges = first[ring + 1] - first[ring] - 1
            good = good and 3 <= edges <= MOST_EDGES  # noqa: PLR2004
            good = good and _is_simple(xy, first[ring], edges, boxes)
            for other in range(begin, ring):
                good = good and _rings_apart(xy, first, (other, ring), (others, boxes))
                good = good and is_around(xy, first, other, ring) == (1 if other == begin else -1)
                good = good and is_around(xy, first, ring, other) == -1
        out[polygon] = good


@inner_jit
def _rings_apart(
    xy: Floats, first: Ints, rings: tuple[int, int], boxes: tuple[Floats, Floats]
) -> bool:
    """Whether no edge of one ring meets one of another; the boxes of the second are known."""
    a_start, a_edges = first[rings[0]], first[rings[0] + 1] - first[rings[0]] - 1
    b_start, b_edges = first[rings[1]], first[rings[1] + 1] - first[rings[1]] - 1
    for a in range(box_runs(xy, a_start, a_edges, boxes[0], FIRST)):
        for b in range((b_edges + RUN - 1) // RUN):
            if not boxes_meet(boxes[0][a], boxes[1][b]):
                continue
            for i in range(a_start + a * RUN, a_start + min((a + 1) * RUN, a_edges)):
                for j in range(b_start + b * RUN, b_start + min((b + 1) * RUN, b_edges)):
                    if not (beside(xy, i, j) or parted(xy, i, j) or parted(xy, j, i)):
                        return False
    return True


@inner_jit
def is_around(xy: Floats, first: Ints, ring: int, other: int) -> int:
    """1 where the first vertex of another ring surely lies within a ring, -1 outside, or else 0."""
    point, out = first[other], -1
    y = xy[point, 1]
    for i in range(first[ring], first[ring + 1] - 1):
        if (xy[i, 1] > y) != (xy[i + 1, 1] > y):
            hand = side(xy, i, i + 1, point)
            if hand == 0:
                return 0
            # The edge crosses the ray to the right of the point where that lies on this side.
            if (hand > 0) == (xy[i + 1, 1] > y):
                out = -out
    return out


@inner_jit
def _is_simple(xy: Floats, start: int, edges: int, boxes: Floats) -> bool:
    for i in range(start, start + edges):
        if not _turns(xy, i, i + 2 if i + 2 <= start + edges else start + 1):
            return False
    count = box_runs(xy, start, edges, boxes, FIRST)
    for a in range(count):
        for b in range(a, count):
            if boxes_meet(boxes[a], boxes[b]) and not _runs_apart(xy, (start, edges), a, b):
                return False
    return True


@inner_jit
def _turns(xy: Floats, a: int, c: int) -> bool:
    """Whether the way on from the vertex behind a to c surely does not lead back."""
    b = a + 1
    ahead = (xy[b, 0] - xy[a, 0]) * (xy[c, 0] - xy[b, 0])
    ahead += (xy[b, 1] - xy[a, 1]) * (xy[c, 1] - xy[b, 1])
    return bool(ahead > 0.0 or side(xy, a, b, c) != 0)


@inner_jit
def side(xy: Floats, a: int, b: int, c: int) -> int:
    """1 where c surely lies left of the line from a to b, -1 where right, or else 0."""
    left = (xy[a, 0] - xy[c, 0]) * (xy[b, 1] - xy[c, 1])
    right = (xy[a, 1] - xy[c, 1]) * (xy[b, 0] - xy[c, 0])
    unsure = ROUNDING * (abs(left) + abs(right))
    if left - right > unsure:
        return 1
    return -1 if right - left > unsure else 0


@inner_jit
def box_runs(xy: Floats, start: int, edges: int, boxes: Floats, at: int) -> int:
    """Write the boxes of runs of edges, from a row on; the row behind them."""
    for begin in range(start, start + edges, RUN):
        x_min = x_max = xy[begin, 0]
        y_min = y_max = xy[begin, 1]
        for i in range(begin + 1, min(begin + RUN, start + edges) + 1):
            x_min, x_max = min(x_min, xy[i, 0]), max(x_max, xy[i, 0])
            y_min, y_max = min(y_min, xy[i, 1]), max(y_max, xy[i, 1])
        boxes[at, 0], boxes[at, 1] = x_min, y_min
        boxes[at, 2], boxes[at, 3] = x_max, y_max
        at += 1
    return at


@inner_jit
def boxes_meet(one: Floats, other: Floats) -> bool:
    """Whether two boxes have a point in common."""
    return bool(
        one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
    )


@inner_jit
def _runs_apart(xy: Floats, ring: tuple[int, int], a: int, b: int) -> bool:
    """Whether no edge of one run meets one of another, but where they follow each other."""
    start, edges = ring
    stop = start + edges
    for i in range(start + a * RUN, min(start + (a + 1) * RUN, stop)):
        for j in range(max(start + b * RUN, i + 2), min(start + (b + 1) * RUN, stop)):
            if beside(xy, i, j) or (i == start and j + 1 == stop):
                continue
            if not (parted(xy, i, j) or parted(xy, j, i)):
                return False
    return True


@inner_jit
def beside(xy: Floats, i: int, j: int) -> bool:
    """Whether the boxes of two edges lie apart."""
    for axis in range(2):
        low, high = min(xy[i, axis], xy[i + 1, axis]), max(xy[i, axis], xy[i + 1, axis])
        if (xy[j, axis] < low and xy[j + 1, axis] < low) or (
            xy[j, axis] > high and xy[j + 1, axis] > high
        ):
            return True
    return False


@inner_jit
def parted(xy: Floats, i: int, j: int) -> bool:
    """Whether edge j surely lies on one side of the line through edge i."""
    return side(xy, i, i + 1, j) * side(xy, i, i + 1, j + 1) > 0

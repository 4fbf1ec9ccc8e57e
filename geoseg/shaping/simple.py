"""A quick look that spares most polygons the full check for validity."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons

RUN = 8
"""Edges that share a box."""
MOST_EDGES = 10_000
"""Longer rings are left to the full check, which is the quicker one there."""
ROUNDING = 4e-16
"""Signs of areas are sure beyond this share of their terms (Shewchuk 1997)."""


def are_valid(polygons: Polygons) -> Bools:
    """(n,) True where a geometry is valid, as ``shapely.is_valid``; faster for simple polygons."""
    plain = shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON
    plain &= (shapely.get_num_interior_rings(polygons) == 0) & ~shapely.is_empty(polygons)
    out = np.zeros(len(polygons), dtype=np.bool_)
    chosen = np.flatnonzero(plain)
    if len(chosen):
        xy, ring = shapely.get_coordinates(polygons[chosen], return_index=True)
        simple = np.zeros(len(chosen), dtype=np.bool_)
        _mark_simple(xy, np.searchsorted(ring, np.arange(len(chosen) + 1)), simple)
        out[chosen] = simple
    out[~out] = shapely.is_valid(polygons[~out])
    return out


@jit
def _mark_simple(xy: Floats, first: Ints, out: Bools) -> None:
    """Mark the closed rings that surely neither cross nor touch themselves."""
    boxes = np.empty((MOST_EDGES // RUN + 1, 4))
    for ring in range(len(out)):
        edges = first[ring + 1] - first[ring] - 1
        if 3 <= edges <= MOST_EDGES:  # noqa: PLR2004
            out[ring] = _is_simple(xy, first[ring], edges, boxes)


@inner_jit
def _is_simple(xy: Floats, start: int, edges: int, boxes: Floats) -> bool:
    for i in range(start, start + edges):
        if not _turns(xy, i, i + 2 if i + 2 <= start + edges else start + 1):
            return False
    count = _runs(xy, start, edges, boxes)
    for a in range(count):
        for b in range(a, count):
            if _boxes_meet(boxes, a, b) and not _runs_apart(xy, (start, edges), a, b):
                return False
    return True


@inner_jit
def _turns(xy: Floats, a: int, c: int) -> bool:
    """Whether the way on from the vertex behind a to c surely does not lead back."""
    b = a + 1
    ahead = (xy[b, 0] - xy[a, 0]) * (xy[c, 0] - xy[b, 0])
    ahead += (xy[b, 1] - xy[a, 1]) * (xy[c, 1] - xy[b, 1])
    return bool(ahead > 0.0 or _side(xy, a, b, c) != 0)


@inner_jit
def _side(xy: Floats, a: int, b: int, c: int) -> int:
    """1 where c surely lies left of the line from a to b, -1 where right, or else 0."""
    left = (xy[a, 0] - xy[c, 0]) * (xy[b, 1] - xy[c, 1])
    right = (xy[a, 1] - xy[c, 1]) * (xy[b, 0] - xy[c, 0])
    unsure = ROUNDING * (abs(left) + abs(right))
    if left - right > unsure:
        return 1
    return -1 if right - left > unsure else 0


@inner_jit
def _runs(xy: Floats, start: int, edges: int, boxes: Floats) -> int:
    """Write the boxes of runs of edges; their number."""
    count = 0
    for begin in range(start, start + edges, RUN):
        x_min = x_max = xy[begin, 0]
        y_min = y_max = xy[begin, 1]
        for i in range(begin + 1, min(begin + RUN, start + edges) + 1):
            x_min, x_max = min(x_min, xy[i, 0]), max(x_max, xy[i, 0])
            y_min, y_max = min(y_min, xy[i, 1]), max(y_max, xy[i, 1])
        boxes[count, 0], boxes[count, 1] = x_min, y_min
        boxes[count, 2], boxes[count, 3] = x_max, y_max
        count += 1
    return count


@inner_jit
def _boxes_meet(boxes: Floats, a: int, b: int) -> bool:
    return bool(
        boxes[a, 0] <= boxes[b, 2]
        and boxes[b, 0] <= boxes[a, 2]
        and boxes[a, 1] <= boxes[b, 3]
        and boxes[b, 1] <= boxes[a, 3]
    )


@inner_jit
def _runs_apart(xy: Floats, ring: tuple[int, int], a: int, b: int) -> bool:
    """Whether no edge of one run meets one of another, but where they follow each other."""
    start, edges = ring
    stop = start + edges
    for i in range(start + a * RUN, min(start + (a + 1) * RUN, stop)):
        x_min, x_max = min(xy[i, 0], xy[i + 1, 0]), max(xy[i, 0], xy[i + 1, 0])
        y_min, y_max = min(xy[i, 1], xy[i + 1, 1]), max(xy[i, 1], xy[i + 1, 1])
        for j in range(max(start + b * RUN, i + 2), min(start + (b + 1) * RUN, stop)):
            k = j + 1
            if (xy[j, 0] < x_min and xy[k, 0] < x_min) or (xy[j, 0] > x_max and xy[k, 0] > x_max):
                continue
            if (xy[j, 1] < y_min and xy[k, 1] < y_min) or (xy[j, 1] > y_max and xy[k, 1] > y_max):
                continue
            if not (_parted(xy, i, j) or _parted(xy, j, i) or (i == start and k == stop)):
                return False
    return True


@inner_jit
def _parted(xy: Floats, i: int, j: int) -> bool:
    """Whether edge j surely lies on one side of the line through edge i."""
    return _side(xy, i, i + 1, j) * _side(xy, i, i + 1, j + 1) > 0

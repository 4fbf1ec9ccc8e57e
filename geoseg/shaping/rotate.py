"""Closed arcs have no end: where to begin them."""

from __future__ import annotations

import math

from geoseg.kernels.jit import inner_jit
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.segment import NO_ENDS, moments


@inner_jit
def farthest(xy: Floats, start: int, stop: int) -> int:
    """The vertex of a closed arc farthest from its middle."""
    x = y = 0.0
    for i in range(start, stop):
        x += xy[i, 0]
        y += xy[i, 1]
    x, y = x / (stop - start), y / (stop - start)
    top, out = -1.0, start
    for i in range(start, stop):
        reach = (xy[i, 0] - x) ** 2 + (xy[i, 1] - y) ** 2
        if reach > top + 1e-6:
            top, out = reach, i
    return out


@inner_jit
def begin_at(xy: Floats, start: int, stop: int, vertex: int, ring: Floats) -> None:
    """Rotate a closed arc, in place, to begin and end at a vertex; ``ring`` is room to work in."""
    n = stop - start
    for i in range(n):
        ring[i, 0], ring[i, 1] = xy[start + i, 0], xy[start + i, 1]
    shift = vertex - start
    for i in range(n + 1):
        source = (i + shift) % n
        xy[start + i, 0], xy[start + i, 1] = ring[source, 0], ring[source, 1]


@inner_jit
def rotate_ends(ends: Ints, corner: int, n: int, room: Ints) -> None:
    """Ends of walls, in place, after the arc of n vertices was rotated to begin at one of them.

    The last end is the arc's own, n vertices after its beginning.
    """
    count = len(ends)
    start, turn = ends[count - 1] - n, 0
    for k in range(count):
        room[k] = ends[k]
        if ends[k] <= corner:
            turn = k + 1
    shift = corner - start
    for k in range(count):
        source = (k + turn) % count
        ends[k] = room[source] - shift + (n if source < turn else 0)


@inner_jit
def sharpest(sums: Floats, start: int, ends: Ints) -> int:
    """The inner break between the two walls that form the surest corner."""
    top, out = -1.0, ends[0]
    before = start
    for k in range(len(ends) - 1):
        _, _, _, _, d0, c0 = moments(sums, before, ends[k], NO_ENDS)
        _, _, _, _, d1, c1 = moments(sums, ends[k], ends[k + 1], NO_ENDS)
        turn = 0.5 * (math.atan2(c0, d0) - math.atan2(c1, d1))
        left, right = ends[k] - before, ends[k + 1] - ends[k]
        sure = abs(math.sin(turn)) * min(left, right)
        if sure > top + 1e-9:
            top, out = sure, ends[k]
        before = ends[k]
    return int(out)

"""Arcs with fewer vertices: staircases become slopes, slopes are thinned, walls are fitted.

A slanting wall shows on the lattice as a staircase whose corners lie alternately on either side of
it, up to a pixel apart. Picking among those corners leaves the steps or shifts the wall. Here a
staircase is first replaced by the line through the middles of its runs, which lies on the wall and
leaves the area as it was; corners that belong to no staircase stay (``smooth``). Douglas-Peucker
then removes what lies within a tolerance, and the walls that are left move to the middle of what
they replace (``thin``). All of it looks at one arc alone, in its canonical direction, and keeps its
end points, so both sides of a wall agree, whoever draws it.

Why arcs thinned safely cannot cross: a chord of ``smooth`` cuts a triangle off a corner, with legs
of half of either run, one of them half a pixel. Triangles of different corners do not meet, so arcs
stay apart and nothing moves by more than half a pixel. Pieces that share no vertex stay at least
0.44 px apart: a strip one pixel wide can lose up to half a pixel at a place from one side or the
other, never from both. Douglas-Peucker keeps every chord within 0.2 px of its piece, so chords of
pieces that share no vertex cannot meet. Two chords from a common vertex could only overlap if both
pieces lay within 0.2 px of one ray; they leave the vertex at right angles, or turn back around the
end of a strip, and are half a pixel from it and more than 0.4 px apart soon after. With larger
tolerances and fitted walls crossings are rare but possible: there the caller must look.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geoseg.footprints.arcs import Bools, CrackArcs, Floats, Ints
from geoseg.footprints.fit import Room, fit, new_room, take_kept
from geoseg.kernels.jit import Integer, inner_jit, jit

SAFE_TOLERANCE_PX = 0.2
"""Within this, arcs that were apart stay apart."""


def smooth(arcs: CrackArcs) -> CrackArcs:
    """Replace staircases by slopes; moves no point by more than half a pixel."""
    xy, offset = np.empty((2 * len(arcs.xy), 2)), np.zeros(len(arcs.offset), np.int64)
    soft = np.empty(len(arcs.xy), np.bool_)
    _smooth((arcs.xy, arcs.offset, arcs.closed), soft, xy, offset)
    return replace(arcs, xy=xy[: offset[-1]].copy(), offset=offset)


def thin(arcs: CrackArcs, tolerance_px: float, *, safely: Bools | None = None) -> CrackArcs:
    """Smoothed arcs with fewer vertices, and walls moved to the middle of what they replace.

    A loop without nodes keeps two far points and one between.

    Args:
        arcs: As :func:`smooth` gives them.
        tolerance_px: Vertices that lie no farther from a wall are left out.
        safely: (arcs,) True for arcs that must not meet others whatever these look like: thinned
            within ``SAFE_TOLERANCE_PX`` and not moved. None: all.
    """
    safely = np.ones(len(arcs.closed), np.bool_) if safely is None else safely
    tolerance = np.where(safely, min(SAFE_TOLERANCE_PX, tolerance_px), tolerance_px)
    xy, offset = np.empty_like(arcs.xy), np.zeros(len(arcs.offset), np.int64)
    whole = arcs.xy, arcs.offset, arcs.closed
    _thin(whole, tolerance**2, ~safely, new_room(len(xy)), (xy, offset))
    return replace(arcs, xy=xy[: offset[-1]].copy(), offset=offset)


@inner_jit
def _turn(xy: Floats, before: int, here: int, after: int) -> float:
    """Which way the path turns: the sign of the cross product of two steps."""
    dx, dy = xy[here, 0] - xy[before, 0], xy[here, 1] - xy[before, 1]
    return float(dx * (xy[after, 1] - xy[here, 1]) - dy * (xy[after, 0] - xy[here, 0]))


@inner_jit
def _mark_soft_corners(xy: Floats, first: int, last: int, closed: bool, soft: Bools) -> None:
    """Mark corners at a step of one pixel between two runs of one direction."""
    for i in range(first, last + 1):
        soft[i] = False
    # The ends of an open arc never are corners.
    around = _turn(xy, last - 1, first, first + 1) if closed else 0.0
    here = around
    for i in range(first, last):
        beyond = around if i + 1 == last else _turn(xy, i, i + 1, i + 2)
        unit = abs(xy[i + 1, 0] - xy[i, 0]) + abs(xy[i + 1, 1] - xy[i, 1]) == 1
        if unit and here * beyond < 0:
            soft[i] = soft[i + 1] = True
        here = beyond
    if closed:
        soft[first] = soft[last] = soft[first] or soft[last]


@jit
def _smooth(arcs: tuple[Floats, Ints, Bools], soft: Bools, out: Floats, out_offset: Ints) -> None:
    xy, offset, closed = arcs
    n = 0
    for arc in range(len(closed)):
        begin, last = offset[arc], offset[arc + 1] - 1
        _mark_soft_corners(xy, begin, last, closed[arc], soft)
        first = n
        for i in range(begin, last):
            if not soft[i]:
                out[n, 0], out[n, 1] = xy[i, 0], xy[i, 1]
                n += 1
            if soft[i] or soft[i + 1]:
                out[n, 0], out[n, 1] = (xy[i, 0] + xy[i + 1, 0]) / 2, (xy[i, 1] + xy[i + 1, 1]) / 2
                n += 1
        out[n, 0] = out[first, 0] if closed[arc] else xy[last, 0]
        out[n, 1] = out[first, 1] if closed[arc] else xy[last, 1]
        n += 1
        out_offset[arc + 1] = n


@inner_jit
def _farthest(path: Floats, a: int, b: int) -> tuple[int, float]:
    """The vertex between a and b farthest from the segment a-b, and its squared distance."""
    best, best_squared = -1, -1.0
    dx, dy = path[b, 0] - path[a, 0], path[b, 1] - path[a, 1]
    length_squared = dx * dx + dy * dy
    for i in range(a + 1, b):
        x, y = path[i, 0] - path[a, 0], path[i, 1] - path[a, 1]
        along = (x * dx + y * dy) / length_squared if length_squared > 0 else 0.0
        along = min(max(along, 0.0), 1.0)
        squared = (x - along * dx) ** 2 + (y - along * dy) ** 2
        if squared > best_squared:
            best, best_squared = i, squared
    return best, best_squared


@inner_jit
def _farthest_from_start(path: Floats, begin: Integer, end: int) -> int:
    """The vertex of ``path[begin:end]`` farthest from the first."""
    best, best_squared = int(begin), -1.0
    for i in range(best, end):
        x, y = path[i, 0] - path[begin, 0], path[i, 1] - path[begin, 1]
        if x * x + y * y > best_squared:
            best, best_squared = i, x * x + y * y
    return best


@inner_jit
def _start(xy: Floats, begin: int, end: int, closed: bool, path: Floats) -> int:
    """Write one arc into ``path``, seen from its start; returns which vertex that is.

    A closed one starts at the vertex farthest from its first one, which is a true corner.
    """
    first = _farthest_from_start(xy, begin, end) if closed else begin
    for i in range(end - begin):
        place = first + i
        if place >= end:
            place -= end - begin - 1  # the last vertex of a closed arc is its first one
        path[i, 0], path[i, 1] = xy[place, 0] - xy[first, 0], xy[place, 1] - xy[first, 1]
    return first


@inner_jit
def _keep(room: Room, size: int, closed: bool, limit_squared: float) -> None:
    """Mark what Douglas-Peucker keeps of the path in the room."""
    path, keep, stack = room.path, room.keep, room.stack
    for i in range(size):
        keep[i] = i == 0 or i == size - 1
    stack[0, 0], stack[0, 1], top = 0, size - 1, 1
    if closed:
        turn = _farthest_from_start(path, np.int64(0), size)
        keep[turn] = True
        stack[0, 1], stack[1, 0], stack[1, 1], top = turn, turn, size - 1, 2
    while top > 0:
        top -= 1
        a, b = stack[top, 0], stack[top, 1]
        middle, squared = _farthest(path, a, b)
        if squared > limit_squared:
            keep[middle] = True
            stack[top, 0], stack[top, 1] = a, middle
            stack[top + 1, 0], stack[top + 1, 1] = middle, b
            top += 2


@inner_jit
def _list_kept(keep: Bools, kept: Ints, size: int) -> int:
    count = 0
    for i in range(size):
        if keep[i]:
            kept[count] = i
            count += 1
    return count


@inner_jit
def _thin_path(room: Room, size: int, closed: bool, limit_squared: float) -> int:
    """List the vertices of the path in the room that stay; returns how many."""
    _keep(room, size, closed, limit_squared)
    kept = room.kept
    count = _list_kept(room.keep, kept, size)
    if closed and count == 3:  # noqa: PLR2004
        # The loop would collapse to one chord: the vertex farthest from it stays too.
        out, out_squared = _farthest(room.path, kept[0], kept[1])
        back, back_squared = _farthest(room.path, kept[1], kept[2])
        room.keep[out if out_squared >= back_squared else back] = True
        count = _list_kept(room.keep, kept, size)
    return count


@jit
def _thin(
    arcs: tuple[Floats, Ints, Bools],
    limit_squared: Floats,
    fitted: Bools,
    room: Room,
    out: tuple[Floats, Ints],
) -> None:
    """Write the thinned arcs, one after the other, and where they begin."""
    xy, offset, closed = arcs
    vertices, out_offset = out
    n = 0
    for arc in range(len(closed)):
        begin, end = offset[arc], offset[arc + 1]
        start = _start(xy, begin, end, closed[arc], room.path)
        count = _thin_path(room, end - begin, closed[arc], limit_squared[arc])
        first = 0
        if fitted[arc]:
            first, count = fit(room, end - begin, count, closed[arc])
        else:
            take_kept(room, count)
        for i in range(first, first + count):
            vertices[n, 0] = room.corner[i, 0] + xy[start, 0]
            vertices[n, 1] = room.corner[i, 1] + xy[start, 1]
            n += 1
        out_offset[arc + 1] = n

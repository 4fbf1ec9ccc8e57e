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
from numba import njit

from geoseg.footprints.arcs import Arcs, Bools, Floats, Ints
from geoseg.footprints.fit import fit

SAFE_TOLERANCE_PX = 0.2
"""Within this, arcs that were apart stay apart."""


def smooth(arcs: Arcs) -> Arcs:
    """Replace staircases by slopes; moves no point by more than half a pixel."""
    xy, offset = _smooth(arcs.xy, arcs.offset, arcs.closed)
    return replace(arcs, xy=xy, offset=offset)


def thin(arcs: Arcs, tolerance_px: float, *, safely: Bools | None = None) -> Arcs:
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
    xy, offset = _thin(arcs.xy, arcs.offset, arcs.closed, tolerance**2, ~safely)
    return replace(arcs, xy=xy, offset=offset)


@njit(cache=True, nogil=True)
def _soft_corners(xy: Floats, closed: bool) -> Bools:
    """Corners at a step of one pixel between two runs of one direction."""
    runs = len(xy) - 1
    turn = np.zeros(runs + 1)  # 0 at the ends of an open arc, which never are corners
    for i in range(0 if closed else 1, runs):
        before, after = xy[i] - xy[i - 1 if i else runs - 1], xy[i + 1] - xy[i]
        turn[i] = before[0] * after[1] - before[1] * after[0]
    turn[runs] = turn[0]
    soft = np.zeros(runs + 1, np.bool_)
    for i in range(runs):
        unit = abs(xy[i + 1, 0] - xy[i, 0]) + abs(xy[i + 1, 1] - xy[i, 1]) == 1
        if unit and turn[i] * turn[i + 1] < 0:
            soft[i] = soft[i + 1] = True
    if closed:
        soft[0] = soft[runs] = soft[0] or soft[runs]
    return soft


@njit(cache=True, nogil=True)
def _smooth(xy: Floats, offset: Ints, closed: Bools) -> tuple[Floats, Ints]:
    out, out_offset = np.empty((2 * len(xy), 2)), np.zeros(len(offset), np.int64)
    n = 0
    for arc in range(len(closed)):
        path = xy[offset[arc] : offset[arc + 1]]
        soft = _soft_corners(path, closed[arc])
        first = n
        for i in range(len(path) - 1):
            if not soft[i]:
                out[n] = path[i]
                n += 1
            if soft[i] or soft[i + 1]:
                out[n] = (path[i] + path[i + 1]) / 2
                n += 1
        out[n] = out[first] if closed[arc] else path[-1]
        n += 1
        out_offset[arc + 1] = n
    return out[:n].copy(), out_offset


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _keep(path: Floats, keep: Bools, limit_squared: float) -> None:
    """Douglas-Peucker between the vertices that ``keep`` already holds."""
    fixed = np.flatnonzero(keep)
    stack = [(fixed[i], fixed[i + 1]) for i in range(len(fixed) - 1)]
    while len(stack) > 0:
        a, b = stack.pop()
        middle, squared = _farthest(path, a, b)
        if squared > limit_squared:
            keep[middle] = True
            stack.append((a, middle))
            stack.append((middle, b))


@njit(cache=True, nogil=True)
def _start_far_out(path: Floats) -> Floats:
    """A closed path begun at the vertex farthest from its first one, which is a true corner."""
    apart = ((path - path[0]) ** 2).sum(axis=1)
    first = np.argmax(apart)
    return np.concatenate((path[first:-1], path[: first + 1]))


@njit(cache=True, nogil=True)
def _thin(
    xy: Floats, offset: Ints, closed: Bools, limit_squared: Floats, fitted: Bools
) -> tuple[Floats, Ints]:
    out, out_offset = np.empty_like(xy), np.zeros(len(offset), np.int64)
    n = 0
    for arc in range(len(closed)):
        path = xy[offset[arc] : offset[arc + 1]]
        keep = np.zeros(len(path), np.bool_)
        keep[0] = keep[-1] = True
        if closed[arc]:
            path = _start_far_out(path)
            keep[np.argmax(((path - path[0]) ** 2).sum(axis=1))] = True
            _keep(path, keep, limit_squared[arc])
            if keep.sum() == 3:  # noqa: PLR2004
                keep[_widest(path, keep)] = True
        else:
            _keep(path, keep, limit_squared[arc])
        kept = np.flatnonzero(keep)
        vertices = fit(path, kept, closed[arc]) if fitted[arc] else path[kept]
        out[n : n + len(vertices)] = vertices
        n += len(vertices)
        out_offset[arc + 1] = n
    return out[:n].copy(), out_offset


@njit(cache=True, nogil=True)
def _widest(path: Floats, keep: Bools) -> int:
    """The vertex of a loop farthest from the one chord that it would collapse to."""
    turn = int(np.flatnonzero(keep)[1])
    out, out_squared = _farthest(path, 0, turn)
    back, back_squared = _farthest(path, turn, len(path) - 1)
    return out if out_squared >= back_squared else back

"""Which vertices simplifying keeps: GEOS's simplification of coverages, for places that leave nothing to round.

Outlines on a fine lattice near the origin have corners whose areas and sides are exact. There this gives the
vertices that ``shapely.coverage_simplify`` keeps, in a tenth of the time: nothing is put together but the arcs
that are known already. Arcs are thinned one after the other; of an arc's corners the smallest goes first
(Visvalingam and Whyatt 1993), unless a vertex of any arc, as thinned so far, lies in the triangle that it spans.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from geoseg.kernels.jit import FIRST, inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.fitting import same
from geoseg.shaping.simple import boxes_meet

PER_PX = 2.0**10
"""Lines of the lattice per pixel."""
FARTHEST_PX = 2.0**14
"""Products of differences of coordinates up to this are exact."""
MOST_VERTICES = 2000
"""Arcs with more are left to GEOS, which keeps corners in a heap."""
GONE = -2
"""Stands for the vertices next to one that was removed."""
NONE = -1
"""Stands for the vertex beyond the end of an arc."""
LEAST_RING, LEAST_LINE = 3, 2
"""Vertices that are left at least."""


def can_thin(polygons: Polygons, arcs: Arcs) -> bool:
    """Whether ``thinned`` gives what GEOS does of normalized polygons, and soon; ``arcs`` are theirs."""
    xy, home = shapely.get_coordinates(polygons, return_index=True)
    scaled = xy * PER_PX
    near = np.abs(xy).max(initial=0) <= FARTHEST_PX
    exact = near and (scaled == np.rint(scaled)).all()
    repeated = ((xy[1:] == xy[:-1]).all(axis=1) & (home[1:] == home[:-1])).any()
    short = np.diff(arcs.first).max(initial=0) <= MOST_VERTICES
    return bool(exact and short and not repeated)


def thinned(arcs: Arcs, coverages: tuple[Ints, Ints], tolerance_px: float) -> Bools:
    """(v,) True for the vertices that simplified coverages keep.

    Args:
        arcs: Those of normalized polygons on the lattice.
        coverages: (c,) first arc of each coverage that is simplified, and (c,) the one behind its last.
        tolerance_px: Corners of no larger area than its square may go.
    """
    begin, end = coverages
    most, wide = (
        int((bound[end] - bound[begin]).max(initial=0))
        for bound in (arcs.first, np.arange(len(arcs.first)))
    )
    room = Room(
        np.empty((3, most), np.int64),
        np.empty(most),
        np.empty((wide, 4)),
        np.empty((3, wide + 1), np.int64),
    )
    out = np.zeros(len(arcs.xy), np.bool_)
    _thin((arcs.xy, arcs.first, arcs.node_from), arcs.corner, coverages, tolerance_px**2, room, out)
    return out


class Room(NamedTuple):
    """Arrays to work on one coverage at a time."""

    links: Ints
    """(3, v) corners of its arcs: place among all vertices, and which corners lie before and after."""
    area: Floats
    """(v,) of the triangle that each spans with those, where it may go and was not refused; else infinite."""
    box: Floats
    """(a, 4) of each arc."""
    arcs: Ints
    """(3, a + 1) where the corners of each arc begin, how many are left, and arcs near the one at work."""


@jit
def _thin(
    arcs: tuple[Floats, Ints, Ints],
    corners: Bools,
    coverages: tuple[Ints, Ints],
    limit: float,
    room: Room,
    out: Bools,
) -> None:
    """Mark the vertices that are kept."""
    xy, first, node = arcs
    of_arc = room.arcs
    for coverage in range(len(coverages[0])):
        begin, end = coverages[0][coverage], coverages[1][coverage]
        of_arc[0, 0] = 0
        for k in range(end - begin):
            span = first[begin + k], first[begin + k + 1] - 1
            free = node[begin + k] < 0
            of_arc[0, k + 1] = _list_corners(xy, corners, span, free, (of_arc[0, k], room.links))
            _write_box(xy, room.links[0, of_arc[0, k] : of_arc[0, k + 1]], room.box[k])
            # What closes is listed once in a free ring, and twice in one that begins at a node.
            closed = same(xy, span[0], span[1])
            of_arc[1, k] = of_arc[0, k + 1] - of_arc[0, k] - int(closed and not free)
        for k in range(end - begin):
            near = FIRST
            for other in range(end - begin):
                if boxes_meet(room.box[k], room.box[other]):
                    of_arc[2, near] = other
                    near += 1
            closed = same(xy, first[begin + k], first[begin + k + 1] - 1)
            _thin_arc(xy, (k, near), LEAST_RING if closed else LEAST_LINE, limit, room)
        for i in range(of_arc[0, end - begin]):
            out[room.links[0, i]] = room.links[1, i] != GONE
        for arc in range(begin, end):
            if node[arc] < 0:
                out[first[arc + 1] - 1] = out[first[arc]]


@inner_jit
def _list_corners(
    xy: Floats, corners: Bools, span: tuple[int, int], free: bool, to: tuple[int, Ints]
) -> int:
    """Write an arc's corners, each linked to the one before and the one after; the place behind them.

    Those of a free ring begin at its least vertex, as in a normalized polygon, and go round.
    """
    (lo, hi), (begin, links) = span, to
    least, count, at = lo, hi - lo + 1 - int(free), begin
    if free:
        for i in range(lo, hi):
            if xy[i, 0] < xy[least, 0] or (xy[i, 0] == xy[least, 0] and xy[i, 1] < xy[least, 1]):
                least = i
    for k in range(count):
        if corners[lo + k]:  # which are as the arc was built
            i = lo + (least - lo + k) % count
            links[0, at], links[1, at], links[2, at] = i, at - 1, at + 1
            at += 1
    links[1, begin], links[2, at - 1] = (at - 1, begin) if free else (NONE, NONE)
    return at


@inner_jit
def _write_box(xy: Floats, places: Ints, box: Floats) -> None:
    box[0] = box[1] = np.inf
    box[2] = box[3] = -np.inf
    for i in places:
        box[0], box[1] = min(box[0], xy[i, 0]), min(box[1], xy[i, 1])
        box[2], box[3] = max(box[2], xy[i, 0]), max(box[3], xy[i, 1])


@inner_jit
def _thin_arc(xy: Floats, arc: tuple[int, int], least: int, limit: float, room: Room) -> None:
    """Take an arc's corners out, the smallest first; ``arc`` is its number, and how many are near it."""
    k, area, (_, before, after) = arc[0], room.area, room.links
    start, stop = room.arcs[0, k], room.arcs[0, k + 1]
    for i in range(start, stop):
        area[i] = _area(xy, room.links, i)
    while room.arcs[1, k] > least:
        i = start
        for j in range(start, stop):
            if area[j] < area[i]:
                i = j
        if area[i] > limit:
            break
        area[i] = np.inf
        if _may_go(xy, i, arc, room):
            back, on = before[i], after[i]
            after[back], before[on], before[i] = on, back, GONE
            room.arcs[1, k] -= 1
            area[back], area[on] = _area(xy, room.links, back), _area(xy, room.links, on)


@inner_jit
def _area(xy: Floats, links: Ints, i: int) -> float:
    """Of the triangle at a corner; infinite at the end of an arc."""
    if links[1, i] == NONE or links[2, i] == NONE:
        return np.inf
    before, here, after = links[0, links[1, i]], links[0, i], links[0, links[2, i]]
    return abs(_turn(xy, before, here, after)) / 2


@inner_jit
def _turn(xy: Floats, a: int, b: int, c: int) -> float:
    """Twice the area of a triangle, positive where c lies left of the way from a to b."""
    x, y = xy[b, 0] - xy[a, 0], xy[b, 1] - xy[a, 1]
    return float(x * (xy[c, 1] - xy[a, 1]) - y * (xy[c, 0] - xy[a, 0]))


@inner_jit
def _may_go(xy: Floats, corner: int, arc: tuple[int, int], room: Room) -> bool:
    """Whether no other vertex lies in the triangle at a corner, nor an arc of two along its base."""
    (at, before, after), of_arc = room.links, room.arcs
    a, b, c = at[before[corner]], at[corner], at[after[corner]]
    left, right = min(xy[a, 0], xy[c, 0]), max(xy[a, 0], xy[c, 0])
    low, high = min(xy[a, 1], xy[c, 1]), max(xy[a, 1], xy[c, 1])
    left, right = min(left, xy[b, 0]), max(right, xy[b, 0])
    low, high = min(low, xy[b, 1]), max(high, xy[b, 1])
    for other in of_arc[2, : arc[1]]:
        box = room.box[other]
        if box[0] > right or box[2] < left or box[1] > high or box[3] < low:
            continue
        begin, end = of_arc[0, other], of_arc[0, other + 1]
        for j in range(begin, end):
            x, y = xy[at[j], 0], xy[at[j], 1]
            inside = left <= x <= right and low <= y <= high and before[j] != GONE
            if inside and _holds(xy, (a, b, c), at[j]):
                return False
        if of_arc[1, other] == LEAST_LINE:
            one, two = at[begin], at[end - 1]
            if same(xy, a, one) and same(xy, c, two):
                return False
            if same(xy, a, two) and same(xy, c, one):
                return False
    return True


@inner_jit
def _holds(xy: Floats, triangle: tuple[int, int, int], point: int) -> bool:
    """Whether a point lies in a triangle, or on its sides, but at none of its corners."""
    a, b, c = triangle
    if same(xy, a, point) or same(xy, b, point) or same(xy, c, point):
        return False
    way = 1.0 if _turn(xy, a, b, c) > 0.0 else -1.0
    inside = _turn(xy, a, b, point) * way >= 0.0 and _turn(xy, b, c, point) * way >= 0.0
    return inside and _turn(xy, c, a, point) * way >= 0.0

"""Walls of a whole coverage: arcs cut twice, first freely, then along the buildings' directions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arcs import OUTSIDE, Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, runs
from geoseg.shaping.beginnings import new_beginnings
from geoseg.shaping.direction import (
    FreeWalls,
    first_directions,
    refine_directions,
    unite_directions,
)
from geoseg.shaping.noise import estimate_noise, with_smooth_errors
from geoseg.shaping.points import NO_NODE
from geoseg.shaping.segment import (
    FREE,
    PRICES,
    coarse_candidates,
    cut_arc,
    cut_arc_freely,
    fine_candidates,
    moments,
    prefix_sums,
)

ROUNDS = 3
"""Free cuts, each with the noise that the one before has shown."""
FEWEST = 4
"""A ring of fewer walls is not rotated: two walls of one class are then all there is."""


class Walls(NamedTuple):
    """The cut of all arcs into walls."""

    sums: Floats
    """(v, 6) prefix sums of the samples, see ``segment.prefix_sums``."""
    first: Ints
    """(a + 1,) first wall of each arc."""
    end: Ints
    """(w,) vertex at which each wall ends; it begins where the one before it ends."""
    kind: Ints
    """(w,) class, see ``segment``."""
    owner: Ints
    """(a,) polygon whose direction the classes of the arc's walls refer to."""
    theta: Floats
    """(n,) direction of each polygon, radians."""
    noise: Floats
    """(n,) standard deviation of each polygon's outline about its walls, pixels."""


def cut_walls(arcs: Arcs, group: Ints, noise_px: float, *, faithful: bool = False) -> Walls:
    """Cut freely to learn noise and directions, then coarsely and finely along these.

    Args:
        arcs: The arcs; closed ones are rotated in place to begin at a corner.
        group: (n,) group of each polygon; the polygons of one group share an estimate of noise.
        noise_px: Where the estimate begins, and its upper bound.
        faithful: Price walls by the noise that shows, not by smooth errors that it stands for.
    """
    sums = np.empty((len(arcs.xy), 6))
    first, end, noise = _free(arcs, group, noise_px, sums)
    free = FreeWalls(sums, arcs.first, first, end, *_arcs_of_polygons(arcs, len(group)))
    direction = np.zeros((len(group), 2))
    first_directions(free, noise, direction)
    alike = np.arange(len(group))
    unite_directions(direction, arcs.near, arcs.far, alike)
    theta = direction[:, 0].copy()
    walls = Walls(sums, first, end, np.zeros_like(end), arcs.near, theta, noise)
    unit = (noise if faithful else with_smooth_errors(noise)) ** 2
    for fine in (False, True):
        walls = _along(arcs, walls, unit, fine=fine)
        if not fine:
            _begin_at_corners(arcs.xy, arcs.first, arcs.node_from == NO_NODE, walls)
        better = refine_directions(walls, arcs.first, alike)
        walls = walls._replace(theta=better)
    return walls


def _arcs_of_polygons(arcs: Arcs, polygons: int) -> tuple[Ints, Ints]:
    """Arcs of each polygon: (polygons + 1,) beginnings and the arcs in order."""
    shared = np.flatnonzero(arcs.far != OUTSIDE)
    polygon = np.concatenate([arcs.near, arcs.far[shared]])
    arc = np.concatenate([np.arange(len(arcs.near)), shared])
    order = np.lexsort((arc, polygon))
    begin = np.searchsorted(polygon[order], np.arange(polygons + 1))
    return begin.astype(np.int64), arc[order]


def _free(arcs: Arcs, group: Ints, noise_px: float, sums: Floats) -> tuple[Ints, Ints, Floats]:
    """Walls of any direction: the first of each arc, their ends, and the noise they were cut at.

    Writes the prefix sums. Arcs are cut again where the noise that their group has shown differs
    from what they were cut at.
    """
    closed, noise = arcs.node_from == NO_NODE, np.full(len(group), noise_px)
    count, room = np.zeros(len(arcs.near), np.int64), np.empty(len(arcs.xy), np.int64)
    _begin_far(arcs.xy, arcs.first, closed, sums)
    stale = np.ones(len(group), dtype=np.bool_)
    for later in reversed(range(ROUNDS)):
        price = PRICES[0] * noise[arcs.near] ** 2
        _cut_freely((arcs.xy, arcs.first), sums, price, stale[arcs.near], (count, room))
        if later:
            first, end = _packed(arcs.first, count, room)
            better = estimate_noise(sums, arcs, first, end, group, noise_px)
            stale, noise = better != noise, better
    _begin_at_sharpest(arcs.xy, arcs.first, closed, sums, (count, room))
    return *_packed(arcs.first, count, room), noise


def _packed(arc_first: Ints, count: Ints, room: Ints) -> tuple[Ints, Ints]:
    """First wall of each arc, and ends of all walls, which lie at each arc's first vertex."""
    k, arc = runs(count)
    return np.append(0, np.cumsum(count)), room[arc_first[arc] + k]


@jit
def _begin_far(xy: Floats, first: Ints, closed: Bools, sums: Floats) -> None:
    """Rotate closed arcs, in place, to begin far from their middle; write the prefix sums."""
    ring = np.empty((len(xy), 2))
    for arc in range(len(closed)):
        start, stop = first[arc], first[arc + 1] - 1
        if closed[arc]:
            _begin_at(xy, start, stop, _farthest(xy, start, stop), ring)
        prefix_sums(xy, start, stop, sums)


@jit
def _cut_freely(
    arcs: tuple[Floats, Ints], sums: Floats, price: Floats, wanted: Bools, out: tuple[Ints, Ints]
) -> None:
    """Write the number of walls of the wanted arcs, and their ends at each arc's first vertex."""
    (xy, first), (count, end) = arcs, out
    cand, open_ = np.empty(len(end) + 2, np.int64), new_beginnings(len(end))
    for arc in range(len(count)):
        if wanted[arc]:
            start, stop = first[arc], first[arc + 1] - 1
            some = cand[: coarse_candidates(xy, start, stop, cand)]
            count[arc] = cut_arc_freely(sums, some, price[arc], open_, end[start:])


@jit
def _begin_at_sharpest(
    xy: Floats, first: Ints, closed: Bools, sums: Floats, walls: tuple[Ints, Ints]
) -> None:
    """Rotate closed arcs, their walls and sums, in place, to begin at their surest corner."""
    count, end = walls
    ring, room = np.empty((len(xy), 2)), np.empty(len(xy), np.int64)
    for arc in range(len(closed)):
        start, stop = first[arc], first[arc + 1] - 1
        if closed[arc] and count[arc] > 1:
            mine = end[start : start + count[arc]]
            corner = _sharpest(sums, start, mine)
            _rotate_ends(mine, corner, stop - start, room)
            _begin_at(xy, start, stop, corner, ring)
            prefix_sums(xy, start, stop, sums)


def _along(arcs: Arcs, old: Walls, unit: Floats, *, fine: bool) -> Walls:
    """Cut along the directions: anywhere, or finely near the ends of an earlier cut.

    ``unit`` (n,) is what prices are counted in, for each polygon.
    """
    first, owner = np.zeros(len(arcs.first), np.int64), arcs.near.copy()
    end, kind = np.empty(len(arcs.xy), np.int64), np.empty(len(arcs.xy), np.int64)
    _cut_along((arcs.xy, arcs.first), arcs.far, (old, unit), fine, (first, end, kind, owner))
    return old._replace(
        first=first, end=end[: first[-1]].copy(), kind=kind[: first[-1]].copy(), owner=owner
    )


@jit
def _cut_along(
    arcs: tuple[Floats, Ints],
    far: Ints,
    given: tuple[Walls, Floats],
    fine: bool,
    out: tuple[Ints, Ints, Ints, Ints],
) -> None:
    (xy, arc_first), (old, units) = arcs, given
    first, end, kind, owner = out
    room = len(end) + 2
    cand, end2, kind2 = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    open_ = new_beginnings(room)
    at = 0
    for arc in range(len(far)):
        start, stop = arc_first[arc], arc_first[arc + 1] - 1
        if fine:
            ends = old.end[old.first[arc] : old.first[arc + 1]]
            count = fine_candidates(xy, start, stop, ends, cand)
        else:
            count = coarse_candidates(xy, start, stop, cand)
        near = owner[arc]
        theta, unit = old.theta[near], units[near]
        some, here = cand[:count], (end[at:], kind[at:])
        walls, least = cut_arc(old.sums, some, (theta, unit), open_, here)
        if far[arc] >= 0 and old.theta[far[arc]] != theta:
            theta = old.theta[far[arc]]
            walls2, least2 = cut_arc(old.sums, some, (theta, unit), open_, (end2, kind2))
            if least2 < least:
                walls, owner[arc] = walls2, far[arc]
                for i in range(walls):
                    end[at + i], kind[at + i] = end2[i], kind2[i]
        at += walls
        first[arc + 1] = at


@jit
def _begin_at_corners(xy: Floats, arc_first: Ints, closed: Bools, walls: Walls) -> None:
    """Rotate closed arcs that begin amid a wall to its end, in place, prefix sums too.

    The wall's two pieces stay apart until the next cut, the first as a wall without pixels.
    """
    ring = np.empty((len(xy), 2))
    for arc in range(len(arc_first) - 1):
        lo, hi = walls.first[arc], walls.first[arc + 1]
        start, stop = arc_first[arc], arc_first[arc + 1] - 1
        if not closed[arc] or hi - lo < FEWEST or walls.kind[lo] != walls.kind[hi - 1]:
            continue
        if walls.kind[lo] == FREE:
            continue
        shift = walls.end[lo] - start
        _begin_at(xy, start, stop, walls.end[lo], ring)
        walls.end[lo] = start
        for wall in range(lo + 1, hi - 1):
            walls.end[wall] -= shift
        prefix_sums(xy, start, stop, walls.sums)


@inner_jit
def _farthest(xy: Floats, start: int, stop: int) -> int:
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
def _begin_at(xy: Floats, start: int, stop: int, vertex: int, ring: Floats) -> None:
    """Rotate a closed arc, in place, to begin and end at a vertex; ``ring`` is room to work in."""
    n = stop - start
    for i in range(n):
        ring[i, 0], ring[i, 1] = xy[start + i, 0], xy[start + i, 1]
    shift = vertex - start
    for i in range(n + 1):
        source = (i + shift) % n
        xy[start + i, 0], xy[start + i, 1] = ring[source, 0], ring[source, 1]


@inner_jit
def _rotate_ends(ends: Ints, corner: int, n: int, room: Ints) -> None:
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
def _sharpest(sums: Floats, start: int, ends: Ints) -> int:
    """The inner break between the two walls that form the surest corner."""
    top, out = -1.0, ends[0]
    before = start
    for k in range(len(ends) - 1):
        _, _, _, _, d0, c0 = moments(sums, before, ends[k])
        _, _, _, _, d1, c1 = moments(sums, ends[k], ends[k + 1])
        turn = 0.5 * (np.arctan2(c0, d0) - np.arctan2(c1, d1))
        left, right = ends[k] - before, ends[k + 1] - ends[k]
        sure = abs(np.sin(turn)) * min(left, right)
        if sure > top + 1e-9:
            top, out = sure, ends[k]
        before = ends[k]
    return int(out)

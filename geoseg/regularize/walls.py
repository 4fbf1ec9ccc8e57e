"""Walls of a whole coverage: arcs cut twice, first freely, then along the buildings' directions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geoseg.regularize.arcs import Arcs
from geoseg.regularize.arrays import Floats, Ints
from geoseg.regularize.direction import (
    FreeWalls,
    arcs_of_polygons,
    first_directions,
    refine_directions,
    unite_directions,
)
from geoseg.regularize.segment import (
    coarse_candidates,
    cut_arc,
    cut_arc_freely,
    fine_candidates,
    moments,
    prefix_sums,
)

WALL_PRICE = 30.0
"""Price of a wall in the building's direction, in squared standard deviations of the noise."""
FREE_PRICE = 55.0
"""Price of a wall in any other direction."""
DIAGONAL_PRICE = 45.0
"""Price of a wall at 45 degrees."""
PARALLEL_PRICE = 20.0
"""Extra price where two parallel walls follow each other."""


class Walls(NamedTuple):
    """The cut of all arcs into walls; a named tuple, so that kernels can take it whole."""

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


def cut_walls(arcs: Arcs, polygons: int, noise_px: float) -> Walls:
    """Cut freely to learn the directions, then coarsely and finely along them.

    Closed arcs are rotated in place to begin at a corner.
    """
    sums, wall_first, end = _cut_freely(arcs, noise_px)
    begin, arcs_of = arcs_of_polygons(arcs.near, arcs.far, polygons)
    free = FreeWalls(sums, arcs.first, wall_first, end, begin, arcs_of)
    direction = first_directions(free, noise_px)
    group = unite_directions(direction, arcs.near, arcs.far)
    walls = Walls(sums, wall_first, end, np.zeros_like(end), arcs.near, direction[:, 0].copy())
    for fine in (False, True):
        walls = _cut_along(arcs, walls, noise_px, fine)
        theta = refine_directions(
            walls.theta,
            group[walls.owner],
            group,
            sums,
            arcs.first,
            walls.first,
            walls.end,
            walls.kind,
        )
        walls = walls._replace(theta=theta)
    return walls


@njit(cache=True)
def _cut_freely(arcs: Arcs, noise: float) -> tuple[Floats, Ints, Ints]:
    """Prefix sums, first wall of each arc, and ends of walls of any direction."""
    xy, first = arcs.xy, arcs.first
    for arc in range(len(first) - 1):
        if arcs.node_from[arc] < 0:
            start, stop = first[arc], first[arc + 1] - 1
            _begin_at(xy, start, stop, _farthest(xy, start, stop))
    sums = prefix_sums(xy, first)
    wall_first, end = np.zeros(len(first), np.int64), np.empty(len(sums), np.int64)
    at = 0
    for arc in range(len(first) - 1):
        start, stop = first[arc], first[arc + 1] - 1
        cand = coarse_candidates(start, stop)
        ends = cut_arc_freely(sums, cand, WALL_PRICE * noise * noise)
        if arcs.node_from[arc] < 0 and len(ends) > 1:
            corner = _sharpest(sums, start, ends)
            _begin_at(xy, start, stop, corner)
            _rotate_ends(ends, start, stop, corner - start)
        end[at : at + len(ends)] = ends
        at += len(ends)
        wall_first[arc + 1] = at
    return prefix_sums(xy, first), wall_first, end[:at].copy()


@njit(cache=True)
def _cut_along(arcs: Arcs, old: Walls, noise: float, fine: bool) -> Walls:
    """Cut along the directions: anywhere, or finely near the ends of an earlier cut."""
    price = np.array([WALL_PRICE, WALL_PRICE, DIAGONAL_PRICE, DIAGONAL_PRICE, FREE_PRICE])
    price *= noise * noise
    parallel = PARALLEL_PRICE * noise * noise
    wall_first, owner = np.zeros(len(arcs.first), np.int64), arcs.near.copy()
    end, kind = np.empty(len(arcs.xy), np.int64), np.empty(len(arcs.xy), np.int64)
    at = 0
    for arc in range(len(arcs.near)):
        start, stop = arcs.first[arc], arcs.first[arc + 1] - 1
        cand = coarse_candidates(start, stop)
        if fine:
            cand = fine_candidates(start, stop, old.end[old.first[arc] : old.first[arc + 1]])
        theta = old.theta[arcs.near[arc]]
        ends, kinds, least = cut_arc(old.sums, cand, theta, price, parallel)
        if arcs.far[arc] >= 0 and old.theta[arcs.far[arc]] != theta:
            other = old.theta[arcs.far[arc]]
            ends2, kinds2, least2 = cut_arc(old.sums, cand, other, price, parallel)
            if least2 < least:
                ends, kinds, owner[arc] = ends2, kinds2, arcs.far[arc]
        end[at : at + len(ends)] = ends
        kind[at : at + len(ends)] = kinds
        at += len(ends)
        wall_first[arc + 1] = at
    return Walls(old.sums, wall_first, end[:at].copy(), kind[:at].copy(), owner, old.theta)


@njit(cache=True)
def _farthest(xy: Floats, start: int, stop: int) -> int:
    x, y = xy[start:stop, 0].mean(), xy[start:stop, 1].mean()
    top, out = -1.0, start
    for i in range(start, stop):
        reach = (xy[i, 0] - x) ** 2 + (xy[i, 1] - y) ** 2
        if reach > top + 1e-6:
            top, out = reach, i
    return int(out)


@njit(cache=True)
def _begin_at(xy: Floats, start: int, stop: int, vertex: int) -> None:
    """Rotate a closed arc, in place, to begin and end at a vertex."""
    ring = xy[start:stop].copy()
    shift = vertex - start
    for i in range(stop - start):
        xy[start + i] = ring[(i + shift) % (stop - start)]
    xy[stop] = xy[start]


@njit(cache=True)
def _rotate_ends(ends: Ints, start: int, stop: int, shift: int) -> None:
    """Ends of walls after the arc was rotated by so many vertices; the last is the arc's end."""
    n = stop - start
    for k in range(len(ends)):
        place = (ends[k] - start - shift) % n
        ends[k] = start + (place if place > 0 else n)
    ends.sort()


@njit(cache=True)
def _sharpest(sums: Floats, start: int, ends: Ints) -> int:
    """The inner break between the two walls that form the surest corner."""
    top, out = -1.0, ends[0]
    for k in range(len(ends) - 1):
        before = start if k == 0 else ends[k - 1]
        _, _, _, _, d0, c0 = moments(sums, before, ends[k])
        _, _, _, _, d1, c1 = moments(sums, ends[k], ends[k + 1])
        turn = 0.5 * (np.arctan2(c0, d0) - np.arctan2(c1, d1))
        sure = abs(np.sin(turn)) * min(ends[k] - before, ends[k + 1] - ends[k])
        if sure > top + 1e-9:
            top, out = sure, ends[k]
    return int(out)

"""Walls of a whole coverage: arcs cut twice, first freely, then along the buildings' directions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.direction import (
    FreeWalls,
    arcs_of_polygons,
    first_directions,
    refine_directions,
    unite_directions,
)
from geoseg.shaping.segment import (
    FREE,
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

NOISE_GAIN = 1.35
"""Noise over the residual of free walls, which follow the noise a little."""
FEWEST = 4
"""A ring of fewer walls is not rotated: two walls of one class are then all there is."""
MIN_NOISE_PX = 0.3
"""A staircase of pixels about a straight wall errs by this much."""


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
    noise: Floats
    """(n,) standard deviation of each polygon's outline about its walls, pixels."""


def cut_walls(arcs: Arcs, group: Ints, noise_px: float) -> Walls:
    """Cut freely to learn noise and directions, then coarsely and finely along these.

    Args:
        arcs: The arcs; closed ones are rotated in place to begin at a corner.
        group: (n,) group of each polygon; the polygons of one group share an estimate of noise.
        noise_px: Where the estimate begins; it ends between MIN_NOISE_PX and this.
    """
    polygons = len(group)
    noise = np.full(polygons, noise_px)
    for _ in range(3):
        sums, wall_first, end = _cut_freely(arcs, noise)
        begin, arcs_of = arcs_of_polygons(arcs.near, arcs.far, polygons)
        free = FreeWalls(sums, arcs.first, wall_first, end, begin, arcs_of)
        settled = noise
        noise = np.clip(NOISE_GAIN * _residual(free, arcs.near, group), MIN_NOISE_PX, noise_px)
    direction = first_directions(free, settled)
    alike = unite_directions(direction, arcs.near, arcs.far)
    theta = direction[:, 0].copy()
    walls = Walls(sums, wall_first, end, np.zeros_like(end), arcs.near, theta, settled)
    for fine in (False, True):
        walls = _cut_along(arcs, walls, fine)
        if not fine:
            walls = walls._replace(sums=_begin_at_corners(arcs, walls))
        better = refine_directions(
            walls.theta, alike[walls.owner], alike, walls.sums,
            arcs.first, walls.first, walls.end, walls.kind,
        )  # fmt: skip
        walls = walls._replace(theta=better)
    return walls


@jit
def _residual(free: FreeWalls, near: Ints, group: Ints) -> Floats:
    """(n,) residual of the typical pixel of each polygon's group: a median over walls."""
    out = np.zeros(len(group))
    count = len(free.wall_end)
    square, weight = np.zeros(count), np.zeros(count)
    home = np.zeros(count, np.int64)
    for arc in range(len(near)):
        i = free.arc_first[arc]
        for wall in range(free.wall_first[arc], free.wall_first[arc + 1]):
            w, _, _, t, d, c = moments(free.sums, i, free.wall_end[wall])
            i = free.wall_end[wall]
            home[wall], weight[wall] = group[near[arc]], w
            square[wall] = (t - np.sqrt(d * d + c * c)) / max(w, 1e-9)
    typical = np.zeros(group.max() + 1)
    at = 0
    order = np.argsort(home, kind="mergesort")
    while at < count:
        stop = at
        while stop < count and home[order[stop]] == home[order[at]]:
            stop += 1
        mine = order[at:stop]
        mine = mine[np.argsort(square[mine], kind="mergesort")]
        half, total = 0.5 * weight[mine].sum(), 0.0
        for wall in mine:
            total += weight[wall]
            if total >= half:
                typical[home[wall]] = np.sqrt(max(square[wall], 0.0))
                break
        at = stop
    for polygon in range(len(group)):
        out[polygon] = typical[group[polygon]]
    return out


@jit
def _cut_freely(arcs: Arcs, noise: Floats) -> tuple[Floats, Ints, Ints]:
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
        ends = cut_arc_freely(sums, cand, WALL_PRICE * noise[arcs.near[arc]] ** 2)
        if arcs.node_from[arc] < 0 and len(ends) > 1:
            corner = _sharpest(sums, start, ends)
            _begin_at(xy, start, stop, corner)
            _rotate_ends(ends, start, stop, corner - start)
        end[at : at + len(ends)] = ends
        at += len(ends)
        wall_first[arc + 1] = at
    return prefix_sums(xy, first), wall_first, end[:at].copy()


@jit
def _cut_along(arcs: Arcs, old: Walls, fine: bool) -> Walls:
    """Cut along the directions: anywhere, or finely near the ends of an earlier cut."""
    prices = np.array([WALL_PRICE, WALL_PRICE, DIAGONAL_PRICE, DIAGONAL_PRICE, FREE_PRICE])
    wall_first, owner = np.zeros(len(arcs.first), np.int64), arcs.near.copy()
    end, kind = np.empty(len(arcs.xy), np.int64), np.empty(len(arcs.xy), np.int64)
    at = 0
    for arc in range(len(arcs.near)):
        start, stop = arcs.first[arc], arcs.first[arc + 1] - 1
        cand = coarse_candidates(start, stop)
        if fine:
            cand = fine_candidates(start, stop, old.end[old.first[arc] : old.first[arc + 1]])
        theta = old.theta[arcs.near[arc]]
        unit = old.noise[arcs.near[arc]] ** 2
        price, parallel = unit * prices, unit * PARALLEL_PRICE
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
    return Walls(
        old.sums, wall_first, end[:at].copy(), kind[:at].copy(), owner, old.theta, old.noise
    )


@jit
def _begin_at_corners(arcs: Arcs, walls: Walls) -> Floats:
    """Rotate closed arcs that begin amid a wall to its end, in place; the new prefix sums.

    The wall's two pieces stay apart until the next cut, the first as a wall without pixels.
    """
    changed = False
    for arc in range(len(arcs.near)):
        lo, hi = walls.first[arc], walls.first[arc + 1]
        if arcs.node_from[arc] >= 0 or hi - lo < FEWEST or walls.kind[lo] != walls.kind[hi - 1]:
            continue
        if walls.kind[lo] == FREE:
            continue
        start, stop = arcs.first[arc], arcs.first[arc + 1] - 1
        shift = walls.end[lo] - start
        _begin_at(arcs.xy, start, stop, walls.end[lo])
        walls.end[lo] = start
        for wall in range(lo + 1, hi - 1):
            walls.end[wall] -= shift
        changed = True
    return prefix_sums(arcs.xy, arcs.first) if changed else walls.sums


@inner_jit
def _farthest(xy: Floats, start: int, stop: int) -> int:
    x, y = xy[start:stop, 0].mean(), xy[start:stop, 1].mean()
    top, out = -1.0, start
    for i in range(start, stop):
        reach = (xy[i, 0] - x) ** 2 + (xy[i, 1] - y) ** 2
        if reach > top + 1e-6:
            top, out = reach, i
    return int(out)


@inner_jit
def _begin_at(xy: Floats, start: int, stop: int, vertex: int) -> None:
    """Rotate a closed arc, in place, to begin and end at a vertex."""
    ring = xy[start:stop].copy()
    shift = vertex - start
    for i in range(stop - start):
        xy[start + i] = ring[(i + shift) % (stop - start)]
    xy[stop] = xy[start]


@inner_jit
def _rotate_ends(ends: Ints, start: int, stop: int, shift: int) -> None:
    """Ends of walls after the arc was rotated by so many vertices; the last is the arc's end."""
    n = stop - start
    for k in range(len(ends)):
        place = (ends[k] - start - shift) % n
        ends[k] = start + (place if place > 0 else n)
    ends.sort()


@inner_jit
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

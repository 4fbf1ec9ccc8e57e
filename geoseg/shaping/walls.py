"""Walls of a whole coverage: arcs cut twice, first freely, then along the buildings' directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoseg.kernels.jit import jit
from geoseg.shaping.arcs import OUTSIDE, Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, runs
from geoseg.shaping.bays import put_bays
from geoseg.shaping.beginnings import Beginnings, new_beginnings
from geoseg.shaping.candidates import coarse_candidates, fine_candidates
from geoseg.shaping.cut import FreeCut, FreeWalls, Walls
from geoseg.shaping.direction import (
    first_directions,
    refine_directions,
    turn_between,
    unite_directions,
)
from geoseg.shaping.noise import estimate_noise, price_units, stretch
from geoseg.shaping.points import NO_NODE
from geoseg.shaping.rotate import begin_at, farthest, rotate_ends, sharpest
from geoseg.shaping.rows import ANY_WALL, odd_arcs, with_free_walls
from geoseg.shaping.segment import (
    BETWEEN_NODES,
    DIAGONAL,
    FREE,
    PRICES,
    cut_arc,
    cut_arc_freely,
    prefix_sums,
)
from geoseg.shaping.turning import Rows, evenly_turning

if TYPE_CHECKING:
    from geoseg.shaping.settings import RegularizeSettings

ROUNDS = 3
"""Free cuts, each with the noise that the one before has shown."""
HALFWAY_PRICE = 3.0
"""Extra price where the walls between two houses run halfway between the directions of both, in
squared standard deviations of the noise."""
RECTANGLE_PX = 60.0
"""Oblique walls of a lone outline no longer than this are twice as dear, of longer ones less: most small
houses are rectangles, and their few pixels hardly tell how noisy they are."""
MOST_APART = 0.6
"""Houses that are turned by more against each other, radians, have nothing halfway."""
HALFWAY = 1
"""The second of the ways that walls between two houses may run other than the first of them."""
FEWEST = 4
"""A ring of fewer walls is not rotated: two walls of one class are then all there is."""


def learn(arcs: Arcs, group: Ints, settings: RegularizeSettings) -> FreeCut:
    """Cut freely to learn noise and directions.

    Args:
        arcs: The arcs; closed ones are rotated in place to begin at a corner.
        group: (n,) group of each polygon, from 0; the polygons of one share an estimate of noise.
        settings: Where that estimate begins, its upper bound too, and over how much it hangs together.
    """
    sums, dear = np.empty((len(arcs.xy), 6)), stretch(settings.correlation_px)
    first, end, noise = cut_freely(arcs, group, settings, sums, dear)
    free = FreeWalls(sums, arcs.first, first, end, *_arcs_of_polygons(arcs, len(group)))
    direction = np.zeros((len(group), 2))
    first_directions(free, noise, direction)
    alike = np.arange(len(group))
    unite_directions(direction, arcs.near, arcs.far, alike)
    theta, rows = direction[:, 0].copy(), Rows.none(len(group))
    if settings.correlation_px is not None:  # else long noise looks like turns
        every = Rows.of(arcs, len(group))
        rows, theta = evenly_turning(every, arcs, (sums, first, end), noise, (theta, alike))
        alike = np.where(rows.number >= 0, np.arange(len(group)), alike)
    return FreeCut(arcs, sums, first, end, noise, theta, alike, rows)


def cut_walls(
    cut: FreeCut, settings: RegularizeSettings, *, faithful: bool = False
) -> tuple[Arcs, Walls]:
    """Cut coarsely and finely along directions; the arcs, rotated once more, and their walls.

    Args:
        cut: What the directions were learned from.
        settings: Over how much the noise hangs together, and how dear oblique walls are.
        faithful: Price walls by the noise that shows, not by smooth errors that it stands for.
    """
    arcs, noise = cut.arcs._replace(xy=cut.arcs.xy.copy()), cut.noise
    kind = np.zeros_like(cut.end)
    walls = Walls(cut.sums.copy(), cut.first, cut.end, kind, arcs.near, arcs.near, cut.theta, noise)
    correlation_px, dear = settings.correlation_px, settings.oblique
    unit = noise**2 if faithful else price_units(noise, correlation_px)
    length = np.maximum(cut.sums[arcs.first[1:] - 1, 0], RECTANGLE_PX)
    alone = PRICES[FREE] * (1.0 + (RECTANGLE_PX / length) ** 2)
    oblique = dear * np.where(arcs.node_from == NO_NODE, alone, BETWEEN_NODES)
    prices = unit, dear * PRICES[DIAGONAL], oblique
    # Else noise that hangs together looks like odd angles, or bays.
    known = correlation_px is not None
    fronts = known & (arcs.far == OUTSIDE) & (arcs.node_from != NO_NODE)
    halfway = (arcs.far != OUTSIDE) & (cut.even.number[arcs.near] >= 0)
    walls, cost = _along(arcs, walls, prices, (fronts, halfway), fine=False)
    if known:
        odd = odd_arcs(cut, unit, cost, dear * ANY_WALL)
        walls, oblique[odd] = with_free_walls(walls, cut, odd), dear * ANY_WALL
    _begin_at_corners(arcs.xy, arcs.first, arcs.node_from == NO_NODE, walls)
    walls = walls._replace(theta=refine_directions(walls, arcs.first, cut.alike, cut.even, 0.0))
    walls, _ = _along(arcs, walls, prices, (fronts, halfway), fine=True)
    return arcs, walls._replace(
        theta=refine_directions(walls, arcs.first, cut.alike, cut.even, 0.0)
    )


def _arcs_of_polygons(arcs: Arcs, polygons: int) -> tuple[Ints, Ints]:
    """Arcs of each polygon: (polygons + 1,) beginnings and the arcs in order."""
    shared = np.flatnonzero(arcs.far != OUTSIDE)
    polygon = np.concatenate([arcs.near, arcs.far[shared]])
    arc = np.concatenate([np.arange(len(arcs.near)), shared])
    order = np.lexsort((arc, polygon))
    begin = np.searchsorted(polygon[order], np.arange(polygons + 1))
    return begin.astype(np.int64), arc[order]


def cut_freely(
    arcs: Arcs, group: Ints, settings: RegularizeSettings, sums: Floats, dear: float
) -> tuple[Ints, Ints, Floats]:
    """Walls of any direction: the first of each arc, their ends, and the noise they were cut at.

    Writes the prefix sums. Arcs are cut again where the noise that their group has shown differs
    from what they were cut at. Walls cost ``dear`` times what they do in usual noise, once the
    noise is known.
    """
    closed, noise = arcs.node_from == NO_NODE, np.full(len(group), settings.noise_px)
    count, room = np.zeros(len(arcs.near), np.int64), np.empty(len(arcs.xy), np.int64)
    some = np.zeros_like(count), np.empty_like(room)
    _begin_far((arcs.xy, arcs.first), closed, sums, some)
    open_ = new_beginnings(int(np.diff(arcs.first).max(initial=0)) + 2)
    stale = np.ones(len(group), dtype=np.bool_)
    for later in reversed(range(ROUNDS)):
        price = PRICES[0] * noise[arcs.near] ** 2
        if later < ROUNDS - 1:  # the first cut supposes the most noise: that is dear enough
            price *= dear
        wanted = price, stale[arcs.near]
        _cut_freely((arcs.first, *some), sums, wanted, open_, (count, room))
        if later:
            first, end = _packed(arcs.first, count, room)
            better = estimate_noise(sums, arcs, first, end, group, settings)
            stale, noise = better != noise, better
    _begin_at_sharpest(arcs.xy, arcs.first, closed, sums, (count, room))
    return *_packed(arcs.first, count, room), noise


def _packed(arc_first: Ints, count: Ints, room: Ints) -> tuple[Ints, Ints]:
    """First wall of each arc, and ends of all walls, which lie at each arc's first vertex."""
    k, arc = runs(count)
    return np.append(0, np.cumsum(count)), room[arc_first[arc] + k]


@jit
def _begin_far(
    arcs: tuple[Floats, Ints], closed: Bools, sums: Floats, out: tuple[Ints, Ints]
) -> None:
    """Rotate closed arcs, in place, to begin far from their middle; write the prefix sums.

    Writes the number of vertices where a wall may end, and these at each arc's first vertex.
    """
    (xy, first), (count, cand) = arcs, out
    ring = np.empty((len(xy), 2))
    for arc in range(len(closed)):
        start, stop = first[arc], first[arc + 1] - 1
        if closed[arc]:
            begin_at(xy, start, stop, farthest(xy, start, stop), ring)
        prefix_sums(xy, start, stop, sums)
        count[arc] = coarse_candidates(xy, start, stop, cand[start:])


@jit
def _cut_freely(
    candidates: tuple[Ints, Ints, Ints],
    sums: Floats,
    wanted: tuple[Floats, Bools],
    open_: Beginnings,
    out: tuple[Ints, Ints],
) -> None:
    """Write the number of walls of the wanted arcs, and their ends at each arc's first vertex.

    ``wanted`` is what a wall costs in each arc, and whether it is wanted.
    """
    (first, size, cand), (price, chosen), (count, end) = candidates, wanted, out
    for arc in range(len(count)):
        if chosen[arc]:
            some = cand[first[arc] : first[arc] + size[arc]]
            count[arc] = cut_arc_freely(sums, some, price[arc], open_, end[first[arc] :])


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
            corner = sharpest(sums, start, mine)
            rotate_ends(mine, corner, stop - start, room)
            begin_at(xy, start, stop, corner, ring)
            prefix_sums(xy, start, stop, sums)


def _along(
    arcs: Arcs,
    old: Walls,
    prices: tuple[Floats, float, Floats],
    marks: tuple[Bools, Bools],
    *,
    fine: bool,
) -> tuple[Walls, Floats]:
    """Cut along the directions: anywhere, or finely near the ends of an earlier cut.

    ``prices`` are (n,) what they are counted in, for each polygon, that of a wall at 45 degrees, and (a,) that of
    an oblique one; ``marks`` (a,) are True where bays are looked for, and where walls between two houses run halfway.

    Returns:
        The walls, and (a,) what those of each arc cost.
    """
    first = np.zeros(len(arcs.first), np.int64)
    owner, other = arcs.near.copy(), arcs.near.copy()
    end, kind = np.empty(len(arcs.xy), np.int64), np.empty(len(arcs.xy), np.int64)
    (fronts, halfway), cost = marks, np.empty(len(arcs.near))
    cand = np.empty(len(arcs.near), np.int64), np.empty(len(arcs.xy), np.int64)
    longest = int(np.diff(arcs.first).max(initial=0)) + 2
    free = np.empty((2, longest), np.int64), new_beginnings(longest)
    out = first, end, kind, owner, other, cost
    topology = arcs.xy, arcs.first
    _cut_along(topology, arcs.far, (old, *prices, halfway), fine, (cand, free), out)
    cut = first, end[: first[-1]].copy(), kind[: first[-1]].copy()
    if fronts.any():  # else the loops that look for bays need not be compiled
        directions = old.theta[owner], prices[0][owner], prices[1], prices[2]
        cut = put_bays((*topology, old.sums, *cand), directions, fronts, cut, cost)
    return old._replace(first=cut[0], end=cut[1], kind=cut[2], owner=owner, other=other), cost


@jit
def _cut_along(
    arcs: tuple[Floats, Ints],
    far: Ints,
    given: tuple[Walls, Floats, float, Floats, Bools],
    fine: bool,
    room: tuple[tuple[Ints, Ints], tuple[Ints, Beginnings]],
    out: tuple[Ints, Ints, Ints, Ints, Ints, Floats],
) -> None:
    """Write the walls; into ``room`` also how many vertices there are where those of each arc may end, and these."""
    (xy, arc_first), (old, units, diagonal, obliques, halfway) = arcs, given
    first, end, kind, owner, other, cost = out
    (size, cand), (free, open_) = room
    end2, kind2 = free[0], free[1]
    at = 0
    for arc in range(len(far)):
        start, stop = arc_first[arc], arc_first[arc + 1] - 1
        if fine:
            ends = old.end[old.first[arc] : old.first[arc + 1]]
            size[arc] = fine_candidates(xy, start, stop, ends, cand[start:])
        else:
            size[arc] = coarse_candidates(xy, start, stop, cand[start:])
        near = owner[arc]
        theta, unit, oblique = old.theta[near], units[near], obliques[arc]
        if halfway[arc]:
            other[arc] = far[arc]
            theta += 0.5 * turn_between(old.theta[far[arc]], theta)
        some, here = cand[start : start + size[arc]], (end[at:], kind[at:])
        direction = theta, unit, diagonal, oblique
        walls, cost[arc] = cut_arc(old.sums, some, direction, open_, here)
        if far[arc] >= 0 and not halfway[arc] and old.theta[far[arc]] != theta:
            there = old.theta[far[arc]]
            ways = 2 if abs(turn_between(there, theta)) <= MOST_APART else 1
            for way in range(ways):  # the other's, or halfway between the two
                turned = there + (0.5 * turn_between(theta, there) if way == HALFWAY else 0.0)
                walls2, cost2 = cut_arc(
                    old.sums, some, (turned, unit, diagonal, oblique), open_, (end2, kind2)
                )
                cost2 += way * unit * HALFWAY_PRICE
                if cost2 < cost[arc]:
                    walls, owner[arc], cost[arc] = walls2, far[arc], cost2
                    other[arc] = near if way == HALFWAY else far[arc]
                    for i in range(walls):
                        end[at + i], kind[at + i] = end2[i], kind2[i]
            if ways > 1 and not fine:  # which it is shows once the houses' own walls have told more
                other[arc] = near + far[arc] - owner[arc]
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
        begin_at(xy, start, stop, walls.end[lo], ring)
        walls.end[lo] = start
        for wall in range(lo + 1, hi - 1):
            walls.end[wall] -= shift
        prefix_sums(xy, start, stop, walls.sums)

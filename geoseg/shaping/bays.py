"""Bays: walls that step out of a straight front, or back, before it goes on in line.

Of the five walls of a front with a bay the last lies on the first one's line again, and the one flank
steps back by as much as the other steps out. So a bay tells no more than its middle and one flank do,
and costs as much; the plain cut, which knows no other walls than a wall's neighbour, would charge for
twice as many, and draws triangles.
"""

from __future__ import annotations

import math

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.segment import (
    ACROSS,
    ALONG,
    COUNTER,
    DIAGONAL,
    FREE,
    NO_ENDS,
    PARALLEL_PRICE,
    PRICES,
    moments,
)

PRICE = 20.0
"""What a bay costs beside one of its flanks, in squared standard deviations of the noise. Square flanks cost as
much as those at 45 degrees here, lest these be drawn square."""
CORNERS, WALLS = 4, 5
"""Of a bay, and of a front with one: its walls and the two pieces beside them."""
FLANKS = np.array([[ACROSS, ACROSS], [DIAGONAL, COUNTER], [COUNTER, DIAGONAL], [FREE, FREE]])
"""(bays, 2) classes of either flank, as seen from the front."""
MOST_WALLS = 6
"""A bay is looked for in the place of so many walls."""
MANY = 2**62
MOST_EDGES = (MANY, 20, 48, 20, MANY)
"""Edges of the outline, of a pixel at most, along each of these walls."""
FRONT_PX, MIDDLE_PX = 4.0, 3.0
"""Least length of a front on either side of its bay, and of the bay's middle."""
IN_LINE_PX = 4.0
"""Beginning and end of a front lie no farther out of its line."""


def put_bays(
    arcs: tuple[Floats, Ints, Floats, Ints, Ints],
    directions: tuple[Floats, Floats, float, Floats],
    fronts: Bools,
    walls: tuple[Ints, Ints, Ints],
    cost: Floats,
) -> tuple[Ints, Ints, Ints]:
    """The walls, with bays in the place of those of fronts wherever that is cheaper.

    Args:
        arcs: Vertices, where those of each arc begin, prefix sums; how many vertices there are where walls of
            each arc may end, and these, from the place of its first vertex on.
        directions: (a,) that of the house, radians, and (a,) the squared standard deviation of the noise; what
            walls at 45 degrees to it, and (a,) oblique ones, cost.
        fronts: (a,) True for arcs in which bays are looked for.
        walls: First wall of each arc, ends and classes.
        cost: (a,) of the walls of each arc; what is saved is taken off.
    """
    xy, (first, end, kind) = arcs[0], walls
    out = np.zeros_like(first), np.empty(len(xy), np.int64), np.empty(len(xy), np.int64)
    _put_bays(arcs, directions, fronts, (first, end, kind), (*out, cost))
    count = out[0][-1]
    return out[0], out[1][:count].copy(), out[2][:count].copy()


@jit
def _put_bays(
    arcs: tuple[Floats, Ints, Floats, Ints, Ints],
    directions: tuple[Floats, Floats, float, Floats],
    fronts: Bools,
    walls: tuple[Ints, Ints, Ints],
    out: tuple[Ints, Ints, Ints, Floats],
) -> None:
    (xy, begin, sums, size, cand), (theta, unit, diagonal, oblique) = arcs, directions
    (old_first, old_end, old_kind), (first, end, kind, cost) = walls, out
    at = 0
    for arc in range(len(fronts)):
        lo, count = old_first[arc], old_first[arc + 1] - old_first[arc]
        for i in range(count):
            end[at + i], kind[at + i] = old_end[lo + i], old_kind[lo + i]
        if fronts[arc]:
            some = cand[begin[arc] : begin[arc] + size[arc]]
            direction = theta[arc], unit[arc], diagonal, oblique[arc]
            here = end[at:], kind[at:]
            count, saved = with_bays((xy, sums, some), direction, count, here)
            cost[arc] -= saved
        at += count
        first[arc + 1] = at


@inner_jit
def with_bays(
    arc: tuple[Floats, Floats, Ints],
    direction: tuple[float, float, float, float],
    count: int,
    out: tuple[Ints, Ints],
) -> tuple[int, float]:
    """Put bays in the place of the walls of a front, in place, wherever that is cheaper.

    Args:
        arc: Vertices, prefix sums, and the vertices at which walls may end.
        direction: Of the house, and prices; see ``segment.cut_arc``.
        count: Number of walls.
        out: Their ends and classes.

    Returns:
        Number of the walls then, and what is saved.
    """
    (xy, sums, cand), (out_end, out_kind) = arc, out
    end, kind = out_end[:count].copy(), out_kind[:count].copy()
    corners = np.empty((2, CORNERS), np.int64)
    wall = first = walls = 0
    total, begin = 0.0, cand[0]
    while wall < count:
        rest = xy, sums, cand[first:]
        last, flanks, saved = _best_bay(rest, direction, (end[wall:], kind[wall:]), corners)
        if saved > 0.0:
            front = kind[wall] if kind[wall] <= ACROSS else kind[wall + last]
            for corner in range(CORNERS):
                out_end[walls], out_kind[walls] = corners[1, corner], front
                if corner % 2 == 1:
                    flank = FLANKS[flanks, corner // 2]
                    out_kind[walls] = flank if flank == FREE else flank ^ front
                walls += 1
            total, wall, begin = total + saved, wall + last, corners[1, CORNERS - 1]
            kind[wall] = front  # what is left of it may have another bay
        else:
            out_end[walls], out_kind[walls] = end[wall], kind[wall]
            walls, begin, wall = walls + 1, end[wall], wall + 1
        while cand[first] < begin:
            first += 1
    return walls, total


@inner_jit
def _best_bay(
    arc: tuple[Floats, Floats, Ints],
    direction: tuple[float, float, float, float],
    walls: tuple[Ints, Ints],
    corners: Ints,
) -> tuple[int, int, float]:
    """Of all bays in the place of the first walls: the last of these, the flanks, what is saved.

    Nothing is saved where there is none. The second row of ``corners`` (2, CORNERS) gets its corners.
    """
    (xy, sums, cand), (end, kind), (theta, unit, diagonal, oblique) = arc, walls, direction
    price = PRICES[ALONG], PRICES[ACROSS], diagonal, diagonal, oblique
    cos2, sin2 = math.cos(2.0 * theta), math.sin(2.0 * theta)
    last = flanks = stop = 0
    saved, cost, at = 0.0, 0.0, cand[0]
    for wall in range(min(len(end), MOST_WALLS)):
        cost += _squares(sums, at, end[wall], kind[wall], (cos2, sin2)) + unit * price[kind[wall]]
        if wall > 0 and kind[wall - 1] == kind[wall] != FREE:
            cost += unit * PARALLEL_PRICE
        at = end[wall]
        while cand[stop] < at:
            stop += 1
        front = kind[0] if kind[0] <= ACROSS else kind[wall]
        if front > ACROSS:
            continue
        ux, uy = math.cos(theta), math.sin(theta)
        if front == ACROSS:
            ux, uy = -uy, ux
        dx, dy = xy[at, 0] - xy[cand[0], 0], xy[at, 1] - xy[cand[0], 1]
        ahead, aside = abs(dx * ux + dy * uy), abs(dy * ux - dx * uy)
        half = 0.5 * (sums[at, 0] - sums[cand[0], 0])
        if aside > IN_LINE_PX or ahead < max(half, 2.0 * FRONT_PX + MIDDLE_PX):
            continue
        for bay in range(len(FLANKS)):
            flank = max(price[FLANKS[bay, 0]], PRICES[DIAGONAL])
            most = cost - saved - unit * (PRICES[ALONG] + PRICE + flank)
            if most > 0.0:
                left = _put_corners(sums, cand[: stop + 1], (ux, uy), bay, most, corners[0])
                if left < most:
                    saved, last, flanks = saved + most - left, wall, bay
                    # As a row, numba would also compile how an error of shapes is told: two seconds.
                    corners[1, 0], corners[1, 1] = corners[0, 0], corners[0, 1]
                    corners[1, 2], corners[1, 3] = corners[0, 2], corners[0, 3]
    return last, flanks, saved


@inner_jit
def _squares(sums: Floats, i: int, j: int, kind: int, turn: tuple[float, float]) -> float:
    """What a wall of a class leaves; ``turn`` is cosine and sine of twice the direction's angle."""
    _, _, _, t, d, c = moments(sums, i, j, NO_ENDS)
    if kind == FREE:
        return t - math.sqrt(d * d + c * c)
    if kind >= DIAGONAL:
        d, c = c, -d
    q = d * turn[0] + c * turn[1]
    return t + q if kind in (ACROSS, COUNTER) else t - q


@inner_jit
def _put_corners(
    sums: Floats,
    cand: Ints,
    front: tuple[float, float],
    flanks: int,
    most: float,
    corners: Ints,
) -> float:
    """Write the best corners of a bay in a front from the first candidate to the last.

    Returns:
        What its walls leave, both pieces of the front being one line; no less than ``most`` where no bay
        leaves less. ``front`` is its unit direction.
    """
    (ux, uy), last = front, len(cand) - 1
    turn = ux * ux - uy * uy, 2.0 * ux * uy
    best, back = np.full((WALLS + 1, last + 1), np.inf), np.empty((WALLS, last + 1), np.int64)
    best[0, 0] = 0.0
    for wall in range(WALLS):
        kind = FLANKS[flanks, wall // 2] if wall % 2 == 1 else ALONG
        low = 0
        for j in range(1 if wall < CORNERS else last, last + 1):
            while cand[j] - cand[low] > MOST_EDGES[wall]:
                low += 1
            for i in range(low, j):
                if best[wall, i] < min(most, best[wall + 1, j]):
                    cost = best[wall, i] + _squares(sums, cand[i], cand[j], kind, turn)
                    if cost < best[wall + 1, j]:
                        best[wall + 1, j], back[wall, j] = cost, i
    if best[WALLS, last] >= most:
        return most
    j = last
    for corner in range(CORNERS - 1, -1, -1):
        j = back[corner + 1, j]
        corners[corner] = cand[j]
    w, x, y, _, _, _ = moments(sums, cand[0], corners[0], NO_ENDS)
    w1, x1, y1, _, _, _ = moments(sums, corners[1], corners[2], NO_ENDS)
    w2, x2, y2, _, _, _ = moments(sums, corners[3], cand[last], NO_ENDS)
    onward = ((x1 - x) * ux + (y1 - y) * uy) * ((x2 - x1) * ux + (y2 - y1) * uy) > 0.0
    if min(w, w2) < FRONT_PX or w1 < MIDDLE_PX or not onward:
        return most
    aside = (y2 - y) * ux - (x2 - x) * uy
    return float(best[WALLS, last] + w * w2 / (w + w2) * aside * aside)

"""Cut arcs into walls by dynamic programming over all their pixels.

A wall is a run of samples (midpoints of the arc's edges) with the straight line that fits them
best. The cut with the least sum of squared residuals plus a price per wall is found exactly; walls
along the building's direction are cheaper than oblique ones. The squared residuals of any run
follow from prefix sums in constant time: with the centred second moments ``t = (cxx + cyy) / 2``,
``d = (cxx - cyy) / 2`` and ``cxy``, a line of direction ``phi`` leaves
``t - (d cos 2 phi + cxy sin 2 phi)``, the best line ``t - hypot(d, cxy)``.
"""

from __future__ import annotations

import math

import numpy as np

from geoseg.kernels.jit import inner_jit, whole
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.beginnings import (
    BOUND,
    COST,
    KIND,
    LANES,
    MOST,
    PAGE,
    WALL,
    Beginnings,
    drop,
    first_with,
    lanes_in_use,
    least,
    put,
    spread,
)

ALONG, ACROSS, DIAGONAL, COUNTER, FREE = 0, 1, 2, 3, 4
"""Classes of walls: at 0, 90, 45 and 135 degrees to the building's direction, or any."""
CLASSES = 5
BEFORE_ALL, NOTHING = whole(0), whole(-1)
"""Number of the first beginning, and the class of what comes before the first wall."""
PRICES = (30.0, 30.0, 45.0, 45.0, 55.0)
"""Price of a wall of each class, in squared standard deviations of the noise."""
BETWEEN_NODES = 80.0
"""Price of an oblique wall where houses touch: beside a small step to the next house a straight
front looks as if it leant, since the mask blurs the step."""
NO_ENDS, END_SAMPLES = whole(0), whole(4)
"""Samples at either end of a wall that count twice, where all count alike and where they do."""
END_SHARE = whole(4)
"""But no more than one in so many."""
OUTERMOST = whole(2)
"""Samples at either end of a wall that tell where it ends."""
PARALLEL_PRICE = 20.0
"""Extra price where two walls of one fixed class follow each other: a short wall joins them."""


@inner_jit
def prefix_sums(xy: Floats, start: int, stop: int, sums: Floats) -> None:
    """Write the running sums of w, wx, wy, wxx, wxy, wyy before each vertex of one arc.

    The arc's vertices are start..stop, and places count from its first one. The weight of a sample
    is half the way to its neighbours, so that a staircase weighs what the straight line through it
    would.
    """
    closed = xy[start, 0] == xy[stop, 0] and xy[start, 1] == xy[stop, 1]
    for column in range(6):
        sums[start, column] = 0.0
    step = _step(xy, stop - 1, start) if closed else _step(xy, start, start)
    for i in range(start, stop):
        after = i + 1
        if after == stop:
            after = start if closed else i
        ahead = _step(xy, i, after)
        w = 0.5 * (step + ahead)
        if not closed and (i == start or i + 1 == stop):
            w += 0.5 * _step(xy, i, i)  # the way to the node, which no sample stands for
        step = ahead
        x = 0.5 * (xy[i, 0] + xy[i + 1, 0]) - xy[start, 0]
        y = 0.5 * (xy[i, 1] + xy[i + 1, 1]) - xy[start, 1]
        sums[i + 1, 0] = sums[i, 0] + w
        sums[i + 1, 1] = sums[i, 1] + w * x
        sums[i + 1, 2] = sums[i, 2] + w * y
        sums[i + 1, 3] = sums[i, 3] + w * x * x
        sums[i + 1, 4] = sums[i, 4] + w * x * y
        sums[i + 1, 5] = sums[i, 5] + w * y * y


@inner_jit
def _step(xy: Floats, i: int, j: int) -> float:
    """Distance between the midpoints of edges i and j; the edge's own length where i is j."""
    if i == j:
        dx, dy = xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]
        return float(math.sqrt(dx * dx + dy * dy))
    dx = xy[j, 0] + xy[j + 1, 0] - xy[i, 0] - xy[i + 1, 0]
    dy = xy[j, 1] + xy[j + 1, 1] - xy[i, 1] - xy[i + 1, 1]
    return float(0.5 * math.sqrt(dx * dx + dy * dy))


@inner_jit
def moments(
    sums: Floats, i: int, j: int, ends: int
) -> tuple[float, float, float, float, float, float]:
    """Weight, mean x, mean y and centred t, d, cxy of the samples between vertices i and j.

    So many samples at either end, but one in ``END_SHARE`` at most, count twice. Neighbouring samples
    err alike, so one within a wall says little that those on its either side do not; the last ones have
    neighbours on one side only. The mean and slope of noise whose correlation falls off exponentially
    are known best when the ends weigh as much more as the noise hangs together (the best linear unbiased
    estimate; Cressie 1993, section 3.4).
    """
    k = min(ends, (j - i) // END_SHARE)
    a, b = i + k, j - k
    w = sums[j, 0] - sums[i, 0] + (sums[a, 0] - sums[i, 0] + sums[j, 0] - sums[b, 0])
    if w <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    x = (sums[j, 1] - sums[i, 1] + (sums[a, 1] - sums[i, 1] + sums[j, 1] - sums[b, 1])) / w
    y = (sums[j, 2] - sums[i, 2] + (sums[a, 2] - sums[i, 2] + sums[j, 2] - sums[b, 2])) / w
    xx = sums[j, 3] - sums[i, 3] + (sums[a, 3] - sums[i, 3] + sums[j, 3] - sums[b, 3])
    xy = sums[j, 4] - sums[i, 4] + (sums[a, 4] - sums[i, 4] + sums[j, 4] - sums[b, 4])
    yy = sums[j, 5] - sums[i, 5] + (sums[a, 5] - sums[i, 5] + sums[j, 5] - sums[b, 5])
    cxx, cxy, cyy = xx - w * x * x, xy - w * x * y, yy - w * y * y
    return w, x, y, 0.5 * (cxx + cyy), 0.5 * (cxx - cyy), cxy


@inner_jit
def likely_moments(
    sums: Floats, i: int, j: int, reach: float
) -> tuple[float, float, float, float, float, float]:
    """The same as the likeliest line through the samples weighs them, up to a factor.

    Where the correlation of the noise falls off exponentially over ``reach`` pixels, a line of residuals r is the
    likelier the less the integral of r squared is, plus ``reach`` times those at its two ends, plus ``reach`` squared
    times the integral of their slope squared (the inverse of the covariance; Cressie 1993, section 3.4).
    """
    k = min(OUTERMOST, j - i)
    a, b = i + k, j - k
    w0, w1 = sums[a, 0] - sums[i, 0], sums[j, 0] - sums[b, 0]
    if reach <= 0.0 or w0 <= 0.0 or w1 <= 0.0:
        return moments(sums, i, j, END_SAMPLES)
    x0, y0 = (sums[a, 1] - sums[i, 1]) / w0, (sums[a, 2] - sums[i, 2]) / w0
    x1, y1 = (sums[j, 1] - sums[b, 1]) / w1, (sums[j, 2] - sums[b, 2]) / w1
    w = sums[j, 0] - sums[i, 0] + 2.0 * reach
    x = (sums[j, 1] - sums[i, 1] + reach * (x0 + x1)) / w
    y = (sums[j, 2] - sums[i, 2] + reach * (y0 + y1)) / w
    dx, dy = x1 - x0, y1 - y0
    per = reach * reach / max(math.sqrt(dx * dx + dy * dy), 1.0)
    cxx = sums[j, 3] - sums[i, 3] + reach * (x0 * x0 + x1 * x1) - w * x * x + per * dx * dx
    cxy = sums[j, 4] - sums[i, 4] + reach * (x0 * y0 + x1 * y1) - w * x * y + per * dx * dy
    cyy = sums[j, 5] - sums[i, 5] + reach * (y0 * y0 + y1 * y1) - w * y * y + per * dy * dy
    return w, x, y, 0.5 * (cxx + cyy), 0.5 * (cxx - cyy), cxy


@inner_jit
def cut_arc(
    sums: Floats,
    cand: Ints,
    direction: tuple[float, float, float, float],
    open_: Beginnings,
    out: tuple[Ints, Ints],
) -> tuple[int, float]:
    """Write ends and classes of the walls of one arc; their number, and what the cut costs.

    Args:
        sums: Prefix sums.
        cand: Vertices at which walls may end, the arc's first and last among them.
        direction: Of the building, radians; the squared standard deviation of the noise, which
            prices are counted in; and the prices of a wall at 45 degrees to it and of an oblique one.
        open_: Room to work in.
        out: Ends and classes are written here.
    """
    m, (theta, unit, diagonal, oblique) = len(cand), direction
    turn = math.cos(2.0 * theta), math.sin(2.0 * theta)
    price = unit, unit * diagonal, unit * oblique
    kind, origin = np.empty((m, 2), np.int64), np.empty((m, 2), np.int64)
    costs = np.empty(CLASSES)
    count, cheapest = put(open_, BEFORE_ALL, sums[cand[0]], (0.0, NOTHING, 0.0), BEFORE_ALL), 0.0
    for j in range(1, m):
        _end_walls(open_, count, sums[cand[j]], turn, price)
        cheapest, most = _choose(open_, count, unit * PARALLEL_PRICE, costs, (kind[j], origin[j]))
        # A beginning no later wall can profit from is dropped (Killick et al. 2012, PELT).
        count = drop(open_, count, most)
        count = put(open_, count, sums[cand[j]], (cheapest, kind[j, 0], most), j)
    return _walk_back(cand, kind, origin, *out), cheapest


@inner_jit
def _end_walls(
    open_: Beginnings,
    count: int,
    sums: Floats,
    turn: tuple[float, float],
    price: tuple[float, float, float],
) -> None:
    """Write what walls of each class from all beginnings to where the sums are ``sums`` cost.

    ``price`` is one unit, and that of a wall at 45 degrees and of an oblique one.
    """
    (cos2, sin2), (unit, diagonal, oblique) = turn, price
    for begin in range(0, count, LANES):
        start = (begin // LANES) * PAGE
        page = open_.pages[start : start + PAGE]
        for i in range(lanes_in_use(count, begin)):
            t, d, c = spread(page, i, sums)
            r, cost = math.sqrt(d * d + c * c), page[COST * LANES + i]
            page[BOUND * LANES + i] = cost + (t - r)
            q, q45 = d * cos2 + c * sin2, c * cos2 - d * sin2
            # What comes before costs more where it ends with a wall of the same fixed class.
            kind, most = page[KIND * LANES + i], page[MOST * LANES + i]
            page[WALL * LANES + i] = (
                (most if kind == ALONG else cost) + t - q + unit * PRICES[ALONG]
            )
            page[(WALL + 1) * LANES + i] = (
                (most if kind == ACROSS else cost) + t + q + unit * PRICES[ACROSS]
            )
            page[(WALL + 2) * LANES + i] = (most if kind == DIAGONAL else cost) + t - q45 + diagonal
            page[(WALL + 3) * LANES + i] = (most if kind == COUNTER else cost) + t + q45 + diagonal
            page[(WALL + 4) * LANES + i] = (most if kind == FREE else cost) + t - r + oblique


@inner_jit
def _choose(
    open_: Beginnings, count: int, parallel: float, costs: Floats, out: tuple[Ints, Ints]
) -> tuple[float, float]:
    """Cheapest way to end a wall: what it costs, and what it does before a wall of its own class.

    Writes the wall's class and where it begins, and those of the wall that had better come before
    one of that class. ``costs`` (CLASSES,) is room to work in.
    """
    (kind, origin), first = out, 0
    for k in range(CLASSES):
        costs[k] = least(open_, count, WALL + k)
        if costs[k] < costs[first]:
            first = k
    second, most = first, costs[first]
    if first != FREE:
        most += parallel
        for k in range(CLASSES):
            if k != first and costs[k] < most:
                second, most = k, costs[k]
    kind[0], kind[1] = first, second
    origin[0] = origin[1] = first_with(open_, count, WALL + first, costs[first])
    if second != first:
        origin[1] = first_with(open_, count, WALL + second, costs[second])
    return costs[first], most


@inner_jit
def _walk_back(cand: Ints, kind: Ints, origin: Ints, out_end: Ints, out_kind: Ints) -> int:
    count, j, way = 0, len(cand) - 1, 0
    while j > 0:
        out_end[count], out_kind[count] = cand[j], kind[j, way]
        i = origin[j, way]
        way = int(i > 0 and kind[i, 0] == kind[j, way])
        count, j = count + 1, i
    for i in range(count // 2):
        k = count - 1 - i
        out_end[i], out_end[k] = out_end[k], out_end[i]
        out_kind[i], out_kind[k] = out_kind[k], out_kind[i]
    return count


@inner_jit
def cut_arc_freely(sums: Floats, cand: Ints, price: float, open_: Beginnings, out_end: Ints) -> int:
    """Write the ends of the walls of one arc when walls of any direction cost the same."""
    origin = np.empty(len(cand), np.int64)
    count = put(open_, BEFORE_ALL, sums[cand[0]], (0.0, NOTHING, 0.0), BEFORE_ALL)
    for j in range(1, len(cand)):
        _bound_walls(open_, count, sums[cand[j]])
        nearest = least(open_, count, BOUND)
        origin[j] = first_with(open_, count, BOUND, nearest)
        cost = nearest + price
        count = drop(open_, count, cost)
        count = put(open_, count, sums[cand[j]], (cost, NOTHING, cost), j)
    walls, j = 0, len(cand) - 1
    while j > 0:
        out_end[walls] = cand[j]
        walls += 1
        j = origin[j]
    for i in range(walls // 2):
        k = walls - 1 - i
        out_end[i], out_end[k] = out_end[k], out_end[i]
    return walls


@inner_jit
def _bound_walls(open_: Beginnings, count: int, sums: Floats) -> None:
    """Write what the best walls from all beginnings to where the sums are ``sums`` cost."""
    for begin in range(0, count, LANES):
        start = (begin // LANES) * PAGE
        page = open_.pages[start : start + PAGE]
        for i in range(lanes_in_use(count, begin)):
            t, d, c = spread(page, i, sums)
            page[BOUND * LANES + i] = page[COST * LANES + i] + (t - math.sqrt(d * d + c * c))

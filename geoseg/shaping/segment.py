"""Cut arcs into walls by dynamic programming over all their pixels.

A wall is a run of samples (midpoints of the arc's edges) with the straight line that fits them
best. The cut with the least sum of squared residuals plus a price per wall is found exactly; walls
along the building's direction are cheaper than oblique ones. The squared residuals of any run
follow from prefix sums in constant time: with the centred second moments ``t = (cxx + cyy) / 2``,
``d = (cxx - cyy) / 2`` and ``cxy``, a line of direction ``phi`` leaves
``t - (d cos 2 phi + cxy sin 2 phi)``, the best line ``t - hypot(d, cxy)``.
"""

from __future__ import annotations

import numpy as np

from geoseg.decode.jit import inner_jit
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.beginnings import BOUND, COST, Beginnings, C, D, drop, look, place, put

ALONG, ACROSS, DIAGONAL, COUNTER, FREE = 0, 1, 2, 3, 4
"""Classes of walls: at 0, 90, 45 and 135 degrees to the building's direction, or any."""
CLASSES = 5
PRICES = (30.0, 30.0, 45.0, 45.0, 55.0)
"""Price of a wall of each class, in squared standard deviations of the noise."""
PARALLEL_PRICE = 20.0
"""Extra price where two walls of one fixed class follow each other: a short wall joins them."""
RUN = 8
"""A straight run of more edges (of a pixel at most) has no walls' ends but its own."""
STRAIGHT = 1e-6
"""Two edges that span no larger area are one run, square pixels."""
NEAR_PX = 3
"""How far a second cut may move the end of a wall."""


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
        return float(np.sqrt(dx * dx + dy * dy))
    dx = xy[j, 0] + xy[j + 1, 0] - xy[i, 0] - xy[i + 1, 0]
    dy = xy[j, 1] + xy[j + 1, 1] - xy[i, 1] - xy[i + 1, 1]
    return float(0.5 * np.sqrt(dx * dx + dy * dy))


@inner_jit
def moments(sums: Floats, i: int, j: int) -> tuple[float, float, float, float, float, float]:
    """Weight, mean x, mean y and centred t, d, cxy of the samples between vertices i and j."""
    w = sums[j, 0] - sums[i, 0]
    if w <= 0.0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    x, y = (sums[j, 1] - sums[i, 1]) / w, (sums[j, 2] - sums[i, 2]) / w
    cxx = sums[j, 3] - sums[i, 3] - w * x * x
    cxy = sums[j, 4] - sums[i, 4] - w * x * y
    cyy = sums[j, 5] - sums[i, 5] - w * y * y
    return w, x, y, 0.5 * (cxx + cyy), 0.5 * (cxx - cyy), cxy


@inner_jit
def coarse_candidates(xy: Floats, start: int, stop: int, cand: Ints) -> int:
    """Write vertices where a wall may end at first: every third, all on the shortest arcs.

    No wall ends amid a long straight run of edges, but at its ends.
    """
    n = stop - start
    count = n // 3
    if count < 20:  # noqa: PLR2004
        # Short arcs: every other vertex as far as that gives 20, all as far as that gives 12.
        count = min(20, n if n < 12 else max(12, n // 2))  # noqa: PLR2004
    cand[0], found, k, begin = start, 1, 1, start
    while begin < stop:
        end = _run_end(xy, begin, stop)
        long = end - begin > RUN
        if long and cand[found - 1] < begin:
            cand[found] = begin
            found += 1
        while k <= count and start + (k * n) // count <= end:
            if not long:
                cand[found] = start + (k * n) // count
                found += 1
            k += 1
        if long:
            cand[found] = end
            found += 1
        begin = end
    return found


@inner_jit
def _run_end(xy: Floats, begin: int, stop: int) -> int:
    """The vertex at which the straight run of edges that begins at one ends."""
    dx, dy = xy[begin + 1, 0] - xy[begin, 0], xy[begin + 1, 1] - xy[begin, 1]
    end = begin + 1
    while end < stop:
        x, y = xy[end + 1, 0] - xy[end, 0], xy[end + 1, 1] - xy[end, 1]
        if abs(dx * y - dy * x) > STRAIGHT or dx * x + dy * y <= 0.0:
            break
        end += 1
    return end


@inner_jit
def fine_candidates(xy: Floats, start: int, stop: int, ends: Ints, cand: Ints) -> int:
    """Write the vertices within NEAR_PX of the ends of an earlier cut, none amid a long run."""
    cand[0] = start
    count = 1
    run_begin, run_end = start, _run_end(xy, start, stop)
    for end in ends:
        i = end - NEAR_PX
        if i <= cand[count - 1]:
            i = cand[count - 1] + 1
        while i < stop and i <= end + NEAR_PX:
            while run_end <= i:
                run_begin, run_end = run_end, _run_end(xy, run_end, stop)
            if i == run_begin or run_end - run_begin <= RUN:
                cand[count] = i
                count += 1
            i += 1
    cand[count] = stop
    return count + 1


@inner_jit
def cut_arc(
    sums: Floats,
    cand: Ints,
    direction: tuple[float, float],
    open_: Beginnings,
    out: tuple[Ints, Ints],
) -> tuple[int, float]:
    """Write ends and classes of the walls of one arc; their number, and what the cut costs.

    Args:
        sums: Prefix sums.
        cand: Vertices at which walls may end, the arc's first and last among them.
        direction: Of the building, radians; and the squared standard deviation of the noise,
            which prices are counted in.
        open_: Room to work in.
        out: Ends and classes are written here.
    """
    m, (theta, unit) = len(cand), direction
    turn = np.cos(2.0 * theta), np.sin(2.0 * theta)
    best, enter = np.full((m, CLASSES), np.inf), np.empty((m, CLASSES))
    enter_class, from_cand = np.empty((m, CLASSES), np.int64), np.empty((m, CLASSES), np.int64)
    for k in range(CLASSES):
        enter[0, k] = 0.0
        enter_class[0, k] = 0
    count = put(open_, 0, sums[cand[0]], 0.0, 0)
    for j in range(1, m):
        nearest = look(open_, count, sums[cand[j]])
        _end_wall(open_, nearest, enter, turn, unit, (best[j], from_cand[j]))
        # Dearer than this is no way to end a wall, whatever class comes next.
        margin = unit * (PARALLEL_PRICE - PRICES[0])
        limit = np.min(best[j]) + margin
        best[j] = np.inf
        for at in range(count):
            if open_.pages[place(at, BOUND)] <= limit:
                _end_wall(open_, at, enter, turn, unit, (best[j], from_cand[j]))
        least, highest = _prepare(best[j], enter[j], enter_class[j], unit * PARALLEL_PRICE)
        # A beginning no later wall can profit from is dropped (Killick et al. 2012, PELT).
        count = drop(open_, count, highest)
        count = put(open_, count, sums[cand[j]], least, j)
    return _walk_back(cand, best, (from_cand, enter_class), *out)


@inner_jit
def _end_wall(
    open_: Beginnings,
    at: int,
    enter: Floats,
    turn: tuple[float, float],
    unit: float,
    out: tuple[Floats, Ints],
) -> None:
    """Compare walls of each class from a beginning with the best that are known."""
    best, origin = out
    i, (cos2, sin2) = open_.candidate[at], turn
    d, c = open_.pages[place(at, D)], open_.pages[place(at, C)]
    r = np.sqrt(d * d + c * c)
    t = open_.pages[place(at, BOUND)] - open_.pages[place(at, COST)] + r
    q, q45 = d * cos2 + c * sin2, c * cos2 - d * sin2
    for k, gain in enumerate((q, -q, q45, -q45, r)):
        value = enter[i, k] + t - gain + unit * PRICES[k]
        if value < best[k]:
            best[k], origin[k] = value, i


@inner_jit
def _prepare(
    best: Floats, enter: Floats, enter_class: Ints, parallel: float
) -> tuple[float, float]:
    """Cheapest way to end a wall and begin one of each class: least and most of them."""
    first = 0
    for k in range(1, CLASSES):
        if best[k] < best[first]:
            first = k
    enter[:], enter_class[:] = best[first], first
    most = best[first]
    if first != FREE:
        most += parallel
        for k in range(CLASSES):
            if k != first and best[k] < most:
                most, enter_class[first] = best[k], k
        enter[first] = most
    return best[first], most


@inner_jit
def _walk_back(
    cand: Ints, best: Floats, origin: tuple[Ints, Ints], out_end: Ints, out_kind: Ints
) -> tuple[int, float]:
    from_cand, enter_class = origin
    last = len(cand) - 1
    final = 0
    for k in range(1, CLASSES):
        if best[last, k] < best[last, final]:
            final = k
    count, j, k = 0, last, final
    while j > 0:
        out_end[count], out_kind[count] = cand[j], k
        count += 1
        i = from_cand[j, k]
        k = enter_class[i, k]
        j = i
    _reverse(out_end, count)
    _reverse(out_kind, count)
    return count, best[last, final]


@inner_jit
def _reverse(values: Ints, count: int) -> None:
    for i in range(count // 2):
        values[i], values[count - 1 - i] = values[count - 1 - i], values[i]


@inner_jit
def cut_arc_freely(sums: Floats, cand: Ints, price: float, open_: Beginnings, out_end: Ints) -> int:
    """Write the ends of the walls of one arc when walls of any direction cost the same."""
    origin = np.empty(len(cand), np.int64)
    count = put(open_, 0, sums[cand[0]], 0.0, 0)
    for j in range(1, len(cand)):
        nearest = look(open_, count, sums[cand[j]])
        origin[j] = open_.candidate[nearest]
        cost = open_.pages[place(nearest, BOUND)] + price
        count = drop(open_, count, cost)
        count = put(open_, count, sums[cand[j]], cost, j)
    walls, j = 0, len(cand) - 1
    while j > 0:
        out_end[walls] = cand[j]
        walls += 1
        j = origin[j]
    _reverse(out_end, walls)
    return walls

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

ALONG, ACROSS, DIAGONAL, COUNTER, FREE = 0, 1, 2, 3, 4
"""Classes of walls: at 0, 90, 45 and 135 degrees to the building's direction, or any."""
CLASSES = 5
PRICES = (30.0, 30.0, 45.0, 45.0, 55.0)
"""Price of a wall of each class, in squared standard deviations of the noise."""
PARALLEL_PRICE = 20.0
"""Extra price where two walls of one fixed class follow each other: a short wall joins them."""
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
def coarse_candidates(start: int, stop: int, cand: Ints) -> int:
    """Write vertices where a wall may end at first: every third, all on the shortest arcs."""
    n = stop - start
    count = n // 3
    if count < 20:  # noqa: PLR2004
        # Short arcs: every other vertex as far as that gives 20, all as far as that gives 12.
        count = min(20, n if n < 12 else max(12, n // 2))  # noqa: PLR2004
    for k in range(count + 1):
        cand[k] = start + (k * n) // count
    return count + 1


@inner_jit
def fine_candidates(start: int, stop: int, ends: Ints, cand: Ints) -> int:
    """Write all vertices within NEAR_PX of the ends of an earlier cut."""
    cand[0] = start
    count = 1
    for end in ends:
        i = end - NEAR_PX
        if i <= cand[count - 1]:
            i = cand[count - 1] + 1
        while i < stop and i <= end + NEAR_PX:
            cand[count] = i
            count += 1
            i += 1
    cand[count] = stop
    return count + 1


@inner_jit
def cut_arc(
    sums: Floats, cand: Ints, theta: float, unit: float, out_end: Ints, out_kind: Ints
) -> tuple[int, float]:
    """Write ends and classes of the walls of one arc; their number, and what the cut costs.

    ``unit`` is the squared standard deviation of the noise, which prices are counted in.
    """
    m = len(cand)
    cos2, sin2 = np.cos(2.0 * theta), np.sin(2.0 * theta)
    best, enter = np.empty((m, CLASSES)), np.empty((m, CLASSES))
    enter_class, from_cand = np.empty((m, CLASSES), np.int64), np.empty((m, CLASSES), np.int64)
    least, bound, alive = np.empty(m), np.empty(m), np.empty(m, np.int64)
    for k in range(CLASSES):
        enter[0, k] = 0.0
        enter_class[0, k] = 0
    least[0], alive[0], kept = 0.0, 0, 1
    for j in range(1, m):
        for k in range(CLASSES):
            best[j, k] = np.inf
        for a in range(kept):
            i = alive[a]
            _, _, _, t, d, c = moments(sums, cand[i], cand[j])
            q, q45, r = d * cos2 + c * sin2, c * cos2 - d * sin2, np.sqrt(d * d + c * c)
            bound[a] = least[i] + t - r
            for k, gain in enumerate((q, -q, q45, -q45, r)):
                value = enter[i, k] + t - gain + unit * PRICES[k]
                if value < best[j, k]:
                    best[j, k], from_cand[j, k] = value, i
        least[j], highest = _prepare(best, enter, enter_class, j, unit * PARALLEL_PRICE)
        # A beginning no later wall can profit from is dropped (Killick et al. 2012, PELT).
        out = 0
        for a in range(kept):
            if bound[a] < highest:
                alive[out] = alive[a]
                out += 1
        alive[out] = j
        kept = out + 1
    return _walk_back(cand, best, (from_cand, enter_class), out_end, out_kind)


@inner_jit
def _prepare(
    best: Floats, enter: Floats, enter_class: Ints, j: int, parallel: float
) -> tuple[float, float]:
    """Cheapest way to end a wall at candidate j and begin one of each class: least and most."""
    least, most = np.inf, 0.0
    for k in range(CLASSES):
        enter[j, k] = np.inf
        for before in range(CLASSES):
            extra = parallel if before == k and k != FREE else 0.0
            if best[j, before] + extra < enter[j, k]:
                enter[j, k] = best[j, before] + extra
                enter_class[j, k] = before
        least = min(least, enter[j, k])
        most = max(most, enter[j, k])
    return least, most


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
def cut_arc_freely(sums: Floats, cand: Ints, price: float, out_end: Ints) -> int:
    """Write the ends of the walls of one arc when walls of any direction cost the same."""
    m = len(cand)
    best, bound = np.empty(m), np.empty(m)
    origin, alive = np.empty(m, np.int64), np.empty(m, np.int64)
    best[0], alive[0], kept = 0.0, 0, 1
    for j in range(1, m):
        best[j] = np.inf
        for a in range(kept):
            _, _, _, t, d, c = moments(sums, cand[alive[a]], cand[j])
            bound[a] = best[alive[a]] + t - np.sqrt(d * d + c * c)
            if bound[a] + price < best[j]:
                best[j], origin[j] = bound[a] + price, alive[a]
        out = 0
        for a in range(kept):
            if bound[a] < best[j]:
                alive[out] = alive[a]
                out += 1
        alive[out] = j
        kept = out + 1
    walls, j = 0, m - 1
    while j > 0:
        out_end[walls] = cand[j]
        walls += 1
        j = origin[j]
    _reverse(out_end, walls)
    return walls

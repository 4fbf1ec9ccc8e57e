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
NEAR_PX = 3
"""How far a second cut may move the end of a wall."""


@inner_jit
def prefix_sums(xy: Floats, first: Ints) -> Floats:
    """(v, 6) running sums of w, wx, wy, wxx, wxy, wyy before each vertex, from the arc's start.

    The weight of a sample is half the way to its neighbours, so that a staircase weighs what the
    straight line through it would.
    """
    sums = np.zeros((len(xy), 6))
    for arc in range(len(first) - 1):
        start, stop = first[arc], first[arc + 1] - 1
        closed = xy[start, 0] == xy[stop, 0] and xy[start, 1] == xy[stop, 1]
        n = stop - start
        for k in range(n):
            i = start + k
            before = i - 1 if k > 0 else (stop - 1 if closed else i)
            after = i + 1 if k + 1 < n else (start if closed else i)
            w = 0.5 * (_step(xy, before, i) + _step(xy, i, after))
            if not closed and (k == 0 or k + 1 == n):
                w += 0.5 * _step(xy, i, i)
            x = 0.5 * (xy[i, 0] + xy[i + 1, 0]) - xy[start, 0]
            y = 0.5 * (xy[i, 1] + xy[i + 1, 1]) - xy[start, 1]
            sums[i + 1, 0] = sums[i, 0] + w
            sums[i + 1, 1] = sums[i, 1] + w * x
            sums[i + 1, 2] = sums[i, 2] + w * y
            sums[i + 1, 3] = sums[i, 3] + w * x * x
            sums[i + 1, 4] = sums[i, 4] + w * x * y
            sums[i + 1, 5] = sums[i, 5] + w * y * y
    return sums


@inner_jit
def _step(xy: Floats, i: int, j: int) -> float:
    """Distance between the midpoints of edges i and j; the edge's own length where i is j."""
    if i == j:
        return float(np.hypot(xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]))
    dx = 0.5 * (xy[j, 0] + xy[j + 1, 0] - xy[i, 0] - xy[i + 1, 0])
    dy = 0.5 * (xy[j, 1] + xy[j + 1, 1] - xy[i, 1] - xy[i + 1, 1])
    return float(np.hypot(dx, dy))


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
def coarse_candidates(start: int, stop: int) -> Ints:
    """Vertices where a wall may end at first: every third, all on the shortest arcs."""
    n = stop - start
    count = max(1, n // 3, min(n // 2, 20), min(n, 12))
    out = np.empty(count + 1, np.int64)
    for k in range(count + 1):
        out[k] = start + (k * n) // count
    return out


@inner_jit
def fine_candidates(start: int, stop: int, ends: Ints) -> Ints:
    """All vertices within NEAR_PX of the ends of an earlier cut."""
    out = np.empty(2 + len(ends) * (2 * NEAR_PX + 1), np.int64)
    out[0] = start
    count = 1
    for end in ends:
        for i in range(max(out[count - 1] + 1, end - NEAR_PX), min(stop, end + NEAR_PX + 1)):
            out[count] = i
            count += 1
    out[count] = stop
    return out[: count + 1]


@inner_jit
def cut_arc(
    sums: Floats, cand: Ints, theta: float, prices: Floats, parallel: float
) -> tuple[Ints, Ints, float]:
    """Ends and classes of the walls of one arc, and what the cut costs.

    ``prices`` holds the price of a wall per class; ``parallel`` is paid where two walls of one
    fixed class follow each other, for then a short wall joins them.
    """
    m = len(cand)
    cos2, sin2 = np.cos(2.0 * theta), np.sin(2.0 * theta)
    best = np.full((m, CLASSES), np.inf)
    enter = np.full((m, CLASSES), np.inf)
    enter_class = np.zeros((m, CLASSES), np.int64)
    from_cand = np.zeros((m, CLASSES), np.int64)
    enter[0, :] = 0.0
    least = np.zeros(m)
    alive, kept = np.empty(m, np.int64), 1
    alive[0] = 0
    bound = np.empty(m)
    for j in range(1, m):
        for a in range(kept):
            i = alive[a]
            _, _, _, t, d, c = moments(sums, cand[i], cand[j])
            q, q45, r = d * cos2 + c * sin2, c * cos2 - d * sin2, np.sqrt(d * d + c * c)
            bound[a] = least[i] + t - r
            for k, gain in enumerate((q, -q, q45, -q45, r)):
                value = enter[i, k] + t - gain + prices[k]
                if value < best[j, k]:
                    best[j, k], from_cand[j, k] = value, i
        _prepare(best, enter, enter_class, j, parallel)
        least[j] = enter[j].min()
        # A beginning no later wall can profit from is dropped (Killick et al. 2012, PELT).
        highest, out = enter[j].max(), 0
        for a in range(kept):
            if bound[a] < highest:
                alive[out] = alive[a]
                out += 1
        alive[out] = j
        kept = out + 1
    return _walk_back(cand, best, from_cand, enter_class)


@inner_jit
def cut_arc_freely(sums: Floats, cand: Ints, price: float) -> Ints:
    """Ends of the walls of one arc when walls of any direction cost the same."""
    m = len(cand)
    best, origin = np.full(m, np.inf), np.zeros(m, np.int64)
    best[0] = 0.0
    alive, kept = np.zeros(m, np.int64), 1
    bound = np.empty(m)
    for j in range(1, m):
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
    ends, count, j = np.empty(m, np.int64), 0, m - 1
    while j > 0:
        ends[count] = cand[j]
        j = origin[j]
        count += 1
    return ends[:count][::-1].copy()


@inner_jit
def _prepare(best: Floats, enter: Floats, enter_class: Ints, j: int, parallel: float) -> None:
    """Cheapest way to end a wall at candidate j and begin one of each class there."""
    for k in range(CLASSES):
        for before in range(CLASSES):
            extra = parallel if before == k and k != FREE else 0.0
            if best[j, before] + extra < enter[j, k]:
                enter[j, k] = best[j, before] + extra
                enter_class[j, k] = before


@inner_jit
def _walk_back(
    cand: Ints, best: Floats, from_cand: Ints, enter_class: Ints
) -> tuple[Ints, Ints, float]:
    m = len(cand)
    k = int(np.argmin(best[m - 1]))
    cost = best[m - 1, k]
    ends, classes = np.empty(m, np.int64), np.empty(m, np.int64)
    count, j = 0, m - 1
    while j > 0:
        ends[count], classes[count] = cand[j], k
        i = from_cand[j, k]
        k = enter_class[i, k]
        j = i
        count += 1
    return ends[:count][::-1].copy(), classes[:count][::-1].copy(), cost

"""Where the walls of an arc may end."""

from __future__ import annotations

from geoseg.kernels.jit import inner_jit
from geoseg.shaping.arrays import Floats, Ints

RUN = 8
"""A straight run of more edges (of a pixel at most) has no walls' ends but its own."""
STRAIGHT = 1e-6
"""Two edges that span no larger area are one run, square pixels."""
NEAR_PX = 3
"""How far a second cut may move the end of a wall."""


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
    # The k-th of them is k * n // count vertices on, without a division each.
    whole, part = n // count, n % count
    cand[0], found, begin, at, rest, k = start, 1, start, start + whole, part, 1
    while begin < stop:
        end = _run_end(xy, begin, stop)
        long = end - begin > RUN
        if long and cand[found - 1] < begin:
            cand[found] = begin
            found += 1
        while k <= count and at <= end:
            if not long:
                cand[found] = at
                found += 1
            carry = int(rest + part >= count)
            at, rest, k = at + whole + carry, rest + part - carry * count, k + 1
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

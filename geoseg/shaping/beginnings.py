"""Where the wall that is being cut may have begun, laid out so that many are looked at in one step.

Cutting spends its time on one question: what would a wall leave that ends here and began there?
Processors answer it for several beginnings at a time where their sums lie side by side. So these
are kept on pages, one row per quantity; all rows of a page have the same length, which the
compiler must know to see that they do not overlap.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.decode.jit import inner_jit
from geoseg.shaping.arrays import Floats, Ints

LANES = 128
"""Beginnings on a page."""
STEP = 8
"""Lanes are looked at in multiples of this, past the last one in use too."""
SUMS = 6
"""The first rows: prefix sums before the beginning, see ``segment.prefix_sums``."""
COST, BOUND, D, C = 6, 7, 8, 9
"""The other rows: the cost of what comes before, that and the residual of the best line, and the
moments ``d`` and ``cxy`` about it (see ``segment``)."""
PAGE = 10 * LANES
WASTE = 4
"""Beginnings are dropped when one in so many is of no use: moving the others costs time."""


class Beginnings(NamedTuple):
    """Candidates that the wall which is being cut may begin at."""

    pages: Floats
    """(pages * PAGE,) the rows of all pages."""
    candidate: Ints
    """(n,) number of the candidate that each beginning is."""


@inner_jit
def new_beginnings(size: int) -> Beginnings:
    """Room for so many."""
    return Beginnings(np.zeros((size // LANES + 1) * PAGE), np.empty(size + 1, np.int64))


@inner_jit
def put(open_: Beginnings, at: int, sums: Floats, cost: float, candidate: int) -> int:
    """Write a beginning at place ``at``; the place behind it."""
    lane = place(at, 0)
    for row in range(SUMS):
        open_.pages[lane + row * LANES] = sums[row]
    open_.pages[lane + COST * LANES] = cost
    open_.candidate[at] = candidate
    return at + 1


@inner_jit
def place(at: int, row: int) -> int:
    """Where a quantity of a beginning is written."""
    return (at // LANES) * PAGE + row * LANES + at % LANES


@inner_jit
def look(open_: Beginnings, count: int, sums: Floats) -> int:
    """Write BOUND, D and C of the walls from all beginnings to where the sums are ``sums``.

    Returns:
        The beginning with the least bound.
    """
    least, out = np.inf, 0
    for begin in range(0, count, LANES):
        start = (begin // LANES) * PAGE
        page, used = open_.pages[start : start + PAGE], min(LANES, count - begin)
        _look_at_page(page, (used + STEP - 1) // STEP * STEP, sums)
        for lane in range(used):
            if page[BOUND * LANES + lane] < least:
                least, out = page[BOUND * LANES + lane], begin + lane
    return out


@inner_jit
def _look_at_page(page: Floats, lanes: int, sums: Floats) -> None:
    w0, x0, y0, xx0, xy0, yy0 = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    for i in range(lanes):
        # A division would be checked for zero, lane by lane.
        each = np.reciprocal(max(w0 - page[i], 1e-9))
        x, y = x0 - page[LANES + i], y0 - page[2 * LANES + i]
        cxx = xx0 - page[3 * LANES + i] - x * x * each
        cxy = xy0 - page[4 * LANES + i] - x * y * each
        cyy = yy0 - page[5 * LANES + i] - y * y * each
        d = 0.5 * (cxx - cyy)
        left = 0.5 * (cxx + cyy) - np.sqrt(d * d + cxy * cxy)
        page[BOUND * LANES + i] = page[COST * LANES + i] + left
        page[D * LANES + i] = d
        page[C * LANES + i] = cxy


@inner_jit
def drop(open_: Beginnings, count: int, limit: float) -> int:
    """Close up over beginnings whose bound reaches the limit, if they are many; how many stay."""
    useless = 0
    for begin in range(0, count, LANES):
        start = (begin // LANES) * PAGE + BOUND * LANES
        bound = open_.pages[start : start + min(LANES, count - begin)]
        for lane in range(len(bound)):
            useless += bound[lane] >= limit
    if useless * WASTE <= count:
        return count
    out, pages = 0, open_.pages
    for at in range(count):
        lane = place(at, 0)
        if pages[lane + BOUND * LANES] < limit:
            to = place(out, 0)
            for row in range(COST + 1):
                pages[to + row * LANES] = pages[lane + row * LANES]
            open_.candidate[out] = open_.candidate[at]
            out += 1
    return out

"""Where the wall that is being cut may have begun, laid out so that many are looked at in one step.

Cutting spends its time on one question: what would a wall leave that ends here and began there?
Processors answer it for several beginnings at a time where their sums lie side by side. So these
are kept on pages, one row per quantity; all rows of a page have the same length, which the
compiler must know to see that they do not overlap.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.kernels.jit import inner_jit, whole
from geoseg.shaping.arrays import Floats, Ints

INFINITY = np.iinfo(np.int64).max
"""More than the bits of any cost."""
LANES = 128
"""Beginnings on a page."""
STEP = 8
"""Lanes are looked at in multiples of this, past the last one in use too."""
TOP = whole(0)
"""The first row."""
SUMS = 6
"""The first rows: prefix sums before the beginning, see ``segment.prefix_sums``."""
COST, KIND, MOST = 6, 7, 8
"""The next rows: the cost of what comes before, and what it is where a wall of class KIND
follows."""
KNOWN = 9
"""Rows that a beginning keeps."""
BOUND, WALL = whole(9), whole(10)
"""Rows that are written for each end of a wall: the cost before and the residual of the best line;
and from WALL on what a wall of each class costs, that before included."""
PAGE = 15 * LANES
WASTE = 4
"""Beginnings are dropped when one in so many is of no use: moving the others costs time."""


class Beginnings(NamedTuple):
    """Candidates that the wall which is being cut may begin at."""

    pages: Floats
    """(pages * PAGE,) the rows of all pages."""
    bits: Ints
    """The same as whole numbers: costs are above 0, and these are in the same order, but quicker
    to search."""
    candidate: Ints
    """(n,) number of the candidate that each beginning is."""


def new_beginnings(size: int) -> Beginnings:
    """Room for so many."""
    pages = np.zeros((size // LANES + 1) * PAGE)
    return Beginnings(pages, pages.view(np.int64), np.empty(size + 1, np.int64))


@inner_jit
def put(
    open_: Beginnings, at: int, sums: Floats, cost: tuple[float, int, float], candidate: int
) -> int:
    """Write a beginning at place ``at``; the place behind it. ``cost`` is COST, KIND and MOST."""
    lane = place(at, TOP)
    for row in range(SUMS):
        open_.pages[lane + row * LANES] = sums[row]
    open_.pages[lane + COST * LANES] = cost[0]
    open_.pages[lane + KIND * LANES] = cost[1]
    open_.pages[lane + MOST * LANES] = cost[2]
    open_.candidate[at] = candidate
    return at + 1


@inner_jit
def place(at: int, row: int) -> int:
    """Where a quantity of a beginning is written."""
    return (at // LANES) * PAGE + row * LANES + at % LANES


@inner_jit
def lanes_in_use(count: int, begin: int) -> int:
    """Lanes to look at on the page of the beginning at place ``begin``."""
    return (min(LANES, count - begin) + STEP - 1) // STEP * STEP


@inner_jit
def spread(page: Floats, i: int, sums: Floats) -> tuple[float, float, float]:
    """Moments t, d, cxy (see ``segment``) of a wall from lane i to where the sums are ``sums``."""
    # A division would be checked for zero, lane by lane.
    each = np.reciprocal(max(sums[0] - page[i], 1e-9))
    x, y = sums[1] - page[LANES + i], sums[2] - page[2 * LANES + i]
    cxx = sums[3] - page[3 * LANES + i] - x * x * each
    cxy = sums[4] - page[4 * LANES + i] - x * y * each
    cyy = sums[5] - page[5 * LANES + i] - y * y * each
    return 0.5 * (cxx + cyy), 0.5 * (cxx - cyy), cxy


@inner_jit
def least(open_: Beginnings, count: int, row: int) -> float:
    """The least of a row of costs."""
    out = INFINITY
    for begin in range(0, count, LANES):
        start = (begin // LANES) * PAGE + row * LANES
        bits = open_.bits[start : start + min(LANES, count - begin)]
        for lane in range(len(bits)):
            out = min(out, bits[lane])
    return np.int64(out).view(np.float64)


@inner_jit
def first_with(open_: Beginnings, count: int, row: int, cost: float) -> int:
    """The candidate of the first beginning with this cost in a row."""
    at = TOP
    while at + 1 < count and open_.pages[place(at, row)] != cost:
        at += 1
    return int(open_.candidate[at])


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
    out, pages = TOP, open_.pages
    for at in range(count):
        lane = place(at, TOP)
        if pages[lane + BOUND * LANES] < limit:
            to = place(out, TOP)
            for row in range(KNOWN):
                pages[to + row * LANES] = pages[lane + row * LANES]
            open_.candidate[out] = open_.candidate[at]
            out += 1
    return out

"""Real, or made up? Buildings of two estimates that have nothing under them at the other date.

There are three kinds of outlines: right ones, badly drawn ones, which are of a building all the same, and
those made up. The confidence is the probability to be right. Right and badly drawn ones lie apart from all of
the other date where a building came or went, equally often; what is made up lies apart unless the other
run made the same mistake. And what is made up is small and stands alone, whereas a building that is drawn in
two has parts that touch: so the size of what hangs together tells, too, and the presence by its odds. How often each kind lies apart, how
many are made up and how large these are is found from the data by EM (A. Dempster, N. Laird and D. Rubin, Maximum
Likelihood from Incomplete Data, JRSS B 39, 1977); sizes of the others are those of what lies not apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoseg.upkeep.odds import GONE_A_YEAR, KNOWN, LEAST, MOST, NEW_A_YEAR, ROUNDS, against

Floats = NDArray[np.float64]

MADE_UP = 0.11
"""Share of the outlines that are not right which are made up, to begin with: measured
(``benchmarks/not_found.py``),"""
MADE_UP_KNOWN = 50.0
"""and it counts as much as so many outlines."""
APART = 0.5
"""Share of those made up that lie apart, to begin with: 1 where mistakes of the two runs are independent."""
BINS = 8
"""Classes of sizes, each with as many outlines."""
SMALLER = 0.5
"""Beside badly drawn ones those made up are rarer in the largest class than in the smallest, the logarithm of the
ratio, to begin with: measured (``benchmarks/not_found.py``),"""
SIZES_KNOWN = 5.0
"""and it counts as much as so many outlines."""
SHIFT_KNOWN = 20.0
"""Sizes of all other buildings count as much as so many of those apart."""
TOUCHING_M = 1.0
"""What is nearer hangs together."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The buildings of one date."""

    confidence: Floats
    """(n,) probability to be right; NaN counts as right."""
    presence: Floats
    """(n,) probability to be there at all; NaN tells nothing."""
    size_m2: Floats
    """(n,) area of all that hangs together with each."""
    apart: NDArray[np.bool_]
    """(n,) True where nothing stands at the other date."""


def together_m2(outlines: NDArray[np.object_]) -> Floats:
    """(n,) area of all outlines that hang together with each, itself too."""
    one, other = shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=TOUCHING_M)
    links = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(outlines),) * 2)
    group = connected_components(links, directed=False)[1]
    sums = np.bincount(group, weights=shapely.area(outlines), minlength=1)
    return np.asarray(sums[group])


def real_ones(before: Weighed, after: Weighed, age_years: float) -> tuple[Floats, Floats]:
    """(k,) probability of each that lies apart to be a building, for both dates.

    Args:
        before: The earlier date.
        after: The later date.
        age_years: Between the dates.
    """
    classes = _classes(before.size_m2, after.size_m2)
    dates = [_Date.of(*one) for one in zip((before, after), classes, strict=True)]
    start = _Shares.expected(dates, age_years)
    shares = start
    for _ in range(ROUNDS):
        told = [_told(date, shares, row) for row, date in enumerate(dates)]
        shares = _shares_of(dates, told, start)
    return told[0].real, told[1].real


@dataclass(frozen=True, slots=True)
class _Date:
    """One date by classes of sizes."""

    known: Floats
    """(k,) probability to be right of those apart."""
    of_size: NDArray[np.intp]
    """(k,) their classes."""
    others: Floats
    """(m,) probability to be right of all others."""
    of_others: NDArray[np.intp]
    """(m,) their classes."""
    against: Floats
    """(k,) how many times as often what is made up has such a presence as a building has, of those apart."""
    against_others: Floats
    """(m,) the same of all others."""

    @classmethod
    def of(cls, date: Weighed, of_size: NDArray[np.intp]) -> _Date:
        known = np.where(np.isnan(date.confidence), MOST, date.confidence)
        known = np.clip(known, LEAST, MOST)
        share = MADE_UP * float((1 - known).mean()) if len(known) else MADE_UP
        odds, apart = against(date.presence, share), date.apart
        return cls(
            known[apart], of_size[apart], known[~apart], of_size[~apart],
            odds[apart], odds[~apart],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shares:
    """What is found from the data."""

    apart: tuple[float, float]
    """Of the buildings of both dates, those that lie apart."""
    false_apart: float
    """Of those made up, those that lie apart."""
    false: float
    """Of those that are not right, those made up."""
    right: tuple[Floats, Floats]
    """(BINS,) sizes of right ones that lie apart, for both dates,"""
    badly: tuple[Floats, Floats]
    """(BINS,) of badly drawn ones that do,"""
    made_up: Floats
    """(BINS,) and of those made up."""

    @classmethod
    def expected(cls, dates: Sequence[_Date], age_years: float) -> _Shares:
        """To begin with."""
        right, badly = np.ones(BINS), np.ones(BINS)
        for date in dates:
            right += _counted(date.of_others, date.others)
            badly += _counted(date.of_others, 1 - date.others)
        right, badly = right / right.sum(), badly / badly.sum()
        small = badly * np.exp(-SMALLER * np.arange(BINS) / BINS)
        gone, come = 1 - (1 - GONE_A_YEAR) ** age_years, (1 + NEW_A_YEAR) ** age_years - 1
        return cls(
            (gone, come), APART, MADE_UP, (right, right), (badly, badly), small / small.sum()
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """What one date is by some shares."""

    real: Floats
    """(k,) probability of those apart to be buildings."""
    right: Floats
    """(k,) to be right."""
    false: Floats
    """(k,) to be made up."""
    counts: Floats
    """(4,) how many are made up and apart, made up and not, badly drawn and apart, and not."""


def _told(date: _Date, shares: _Shares, row: int) -> _Told:
    """The probabilities of Bayes' rule; the first or the second date."""
    wrong, apart = 1 - date.known, shares.apart[row]
    right = date.known * apart * shares.right[row][date.of_size]
    badly = wrong * (1 - shares.false) * apart * shares.badly[row][date.of_size]
    false = wrong * shares.false * shares.false_apart * shares.made_up[date.of_size] * date.against
    total = right + badly + false
    rest_right = date.others * (1 - apart)
    rest_badly = (1 - date.others) * (1 - shares.false) * (1 - apart)
    rest_false = (1 - date.others) * shares.false * (1 - shares.false_apart) * date.against_others
    rest = rest_right + rest_badly + rest_false
    counts = [false / total, rest_false / rest, badly / total, rest_badly / rest]
    return _Told(
        (right + badly) / total, right / total, false / total,
        np.array([float(one.sum()) for one in counts]),
    )  # fmt: skip


def _shares_of(dates: Sequence[_Date], told: Sequence[_Told], start: _Shares) -> _Shares:
    """The shares that fit probabilities best, together with what was expected."""
    apart = [
        (one.real.sum() + KNOWN * begin)
        / (one.real.sum() + len(date.others) - one.counts[1] + KNOWN)
        for date, one, begin in zip(dates, told, start.apart, strict=True)
    ]
    counts = sum((one.counts for one in told), np.zeros(4))
    false = float(counts[:2].sum())
    sizes = SIZES_KNOWN * start.made_up
    for date, one in zip(dates, told, strict=True):
        sizes = sizes + _counted(date.of_size, one.false)
    shifted = [_shifted(*one) for one in zip(dates, told, start.right, start.badly, strict=True)]
    return _Shares(
        (float(apart[0]), float(apart[1])),
        float((counts[0] + KNOWN * APART) / (false + KNOWN)),
        (false + MADE_UP_KNOWN * MADE_UP) / float(counts.sum() + MADE_UP_KNOWN),
        (shifted[0][0], shifted[1][0]),
        (shifted[0][1], shifted[1][1]),
        sizes / sizes.sum(),
    )


def _shifted(date: _Date, told: _Told, right: Floats, badly: Floats) -> tuple[Floats, Floats]:
    """(BINS,) sizes of right and of badly drawn ones apart.

    What comes or goes may be larger or smaller than all else. Right ones tell, and badly drawn ones are taken to
    differ as they do.
    """
    found = SHIFT_KNOWN * right + _counted(date.of_size, told.right)
    found = found / found.sum()
    alike = badly * found / right
    return found, alike / alike.sum()


def _counted(classes: NDArray[np.intp], weights: Floats) -> Floats:
    return np.bincount(classes, weights=weights, minlength=BINS).astype(float)


def _classes(*sizes_m2: Floats) -> list[NDArray[np.intp]]:
    """Classes of sizes, each with as many of all outlines."""
    every = np.concatenate(sizes_m2)
    if not len(every):
        return [np.zeros(0, np.intp) for _ in sizes_m2]
    limits = np.quantile(every, np.linspace(0, 1, BINS + 1)[1:-1])
    return [np.searchsorted(limits, sizes) for sizes in sizes_m2]

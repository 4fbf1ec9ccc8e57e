"""What checked plots say of all the ground that they were drawn from, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.accuracy.score import SiteScore
from geoseg.languages.said import Said

CONFIDENCE = 0.95
"""Probability that an interval holds the truth, over repeated samples."""
DRAWS = 2000
"""Samples that are drawn anew from the plots."""
SEED = 1
"""Of these draws, so that the same review gives the same intervals."""
FIGURES = ("precision", "recall", "f1", "area_bias")
FEWEST = 2
"""Checked plots of a stratum that an interval needs."""
PLAIN, WITH_ENDS = Said("{value:.2f}"), Said("{value:.2f} ({low:.2f} to {high:.2f})")
"""How a figure is written."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and its 95 % interval; None where it has no meaning."""

    value: float | None
    """Best estimate."""
    low: float | None
    """Lower end."""
    high: float | None
    """Upper end."""

    @property
    def text(self) -> Said:
        """As people read it."""
        if self.value is None:
            return Said("unknown")
        if self.low is None:
            return PLAIN.format(value=self.value)
        return WITH_ENDS.format(value=self.value, low=self.low, high=self.high)


@dataclass(frozen=True, slots=True)
class Town:
    """Figures of all ground, plots weighted by what they stand for."""

    precision: Interval
    """Matched share of the predictions."""
    recall: Interval
    """Matched share of the true buildings."""
    f1: Interval
    """Harmonic mean of the two."""
    area_bias: Interval
    """Predicted over true total area, less 1."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PlotCounts:
    """What was found in each plot."""

    counts: NDArray[np.float64]
    """(n, 5) matched, predicted, true buildings; predicted and true area."""
    stratum: NDArray[np.int64]
    """(n,) index of the stratum."""
    plot_m2: NDArray[np.float64]
    """(n,) area of the plot."""
    stratum_m2: NDArray[np.float64]
    """(h,) areas of the strata."""

    @classmethod
    def of(
        cls,
        scores: Sequence[SiteScore],
        stratum: NDArray[np.int64],
        plot_m2: NDArray[np.float64],
        stratum_m2: NDArray[np.float64],
    ) -> PlotCounts:
        """One score per plot."""
        counts = [
            (
                score.correct.sum(), score.correct.size, score.outcome.truth_counts.sum(),
                score.area_predicted_m2, score.area_true_m2,
            )
            for score in scores
        ]  # fmt: skip
        return cls(np.array(counts, dtype=float), stratum, plot_m2, stratum_m2)


def town_of(found: PlotCounts) -> Town:
    """Figures of all ground and intervals by the bootstrap.

    Totals are sums of ratio estimates of the strata. Plots are drawn anew within each stratum, one
    fewer than there are, and weighted up (Rao and Wu, JASA 83, 1988, pages 231-241). There is no
    interval where a stratum has a single plot.
    """
    values = _figures(_totals(found, np.ones((1, len(found.stratum)))))[0]
    sizes = np.bincount(found.stratum, minlength=len(found.stratum_m2))
    if (sizes < FEWEST).any():
        return Town(*(Interval(_plain(value), None, None) for value in values))
    drawn = _figures(_totals(found, _weights(found.stratum, sizes)))
    tails = (1 - CONFIDENCE) / 2
    return Town(
        *(_interval(value, column, tails) for value, column in zip(values, drawn.T, strict=True))
    )


def _interval(value: float, drawn: NDArray[np.float64], tails: float) -> Interval:
    """Between quantiles of the draws in which the figure has a meaning."""
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or not len(known):
        return Interval(_plain(value), None, None)
    low, high = np.quantile(known, [tails, 1 - tails]).tolist()
    return Interval(_plain(value), low, high)


def _weights(stratum: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """(DRAWS, n) how often each plot is drawn, weighted up."""
    random = np.random.default_rng(SEED)
    weights = np.zeros((DRAWS, len(stratum)))
    for one, size in enumerate(sizes.tolist()):
        times = random.multinomial(size - 1, np.full(size, 1 / size), DRAWS)
        weights[:, stratum == one] = times * (size / (size - 1))
    return weights


def _totals(found: PlotCounts, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(draws, 5) the counts of all ground."""
    total = np.zeros((len(weights), found.counts.shape[1]))
    for one, size in enumerate(found.stratum_m2.tolist()):
        mine = found.stratum == one
        if mine.any():
            part = weights[:, mine]
            total += size * (part @ found.counts[mine]) / (part @ found.plot_m2[mine])[:, None]
    return total


def _figures(totals: NDArray[np.float64]) -> NDArray[np.float64]:
    """(draws, 4) the figures; NaN without meaning."""
    matched, predicted, true, found_m2, true_m2 = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = (
            matched / predicted, matched / true, 2 * matched / (predicted + true),
            found_m2 / true_m2 - 1,
        )  # fmt: skip
    together = np.column_stack(figures)
    together[~np.isfinite(together)] = np.nan
    return together


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

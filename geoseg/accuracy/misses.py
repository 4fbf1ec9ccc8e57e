"""The worst misses: what to look at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.accuracy.figures import without_blobs
from geoseg.accuracy.score import SiteScore
from geoseg.accuracy.site import Bounds
from geoseg.languages.said import Said

PER_KIND = 6
"""Misses of each kind."""
LEAST_SIDE_M = 24.0
"""Pictures show at least this much ground."""
MARGIN = 1.8
"""Side of a picture over that of the building."""
NOT_FOUND, AREA, SURE = (
    Said("{area:,.0f} m² not found"), Said("{area:,.0f} m²"),
    Said("{area:,.0f} m², confidence {confidence:.2f}"),
)  # fmt: skip
IN_ONE, IN_PIECES = (
    Said("{count:.0f} buildings in one", one="{count:.0f} building in one"),
    Said("one building in {count:.0f} pieces", one="one building in {count:.0f} piece"),
)  # fmt: skip
"""What is wrong."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One mistake."""

    kind: str
    """One of KINDS."""
    text: str
    """What is wrong, with figures."""
    score: SiteScore
    """The site that it lies in."""
    bounds: Bounds
    """The square of ground to show, on the site's plane."""
    truth: int = -1
    """The true building in question; -1 where it is a prediction."""
    predicted: int = -1
    """The prediction in question; -1 where it is a true building."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A building that may be among the worst."""

    badness: float
    """Sorts the candidates of one kind."""
    score: SiteScore
    """The site that it lies in."""
    index: int
    """Of the true building or the prediction."""


def worst_misses(scores: Sequence[SiteScore]) -> tuple[Miss, ...]:
    """A few of each kind, the worst first; blobs only where there is nothing else."""
    sharp = without_blobs(scores)
    return tuple(miss for kind, find in KINDS.items() for miss in find(kind, sharp))


def _missed(kind: str, scores: Sequence[SiteScore]) -> Iterator[Miss]:
    """Large true buildings that little was found of."""

    def badness(score: SiteScore) -> NDArray[np.float64]:
        found, pairs = score.outcome, score.outcome.pairs
        best = np.zeros(len(found.truth))
        np.maximum.at(best, pairs.second, pairs.iou)
        # Splits and merges have pictures of their own.
        plain = found.missed & (score.groups.pieces < 2) & ~score.groups.together  # noqa: PLR2004
        return np.where(plain, shapely.area(found.truth) * (1 - best), 0.0)

    for worst in _worst(scores, badness):
        area = shapely.area(worst.score.outcome.truth[worst.index])
        yield _missing(kind, worst, NOT_FOUND.format(area=area))


def _false(kind: str, scores: Sequence[SiteScore]) -> Iterator[Miss]:
    """Large, sure predictions where little or nothing is."""

    def badness(score: SiteScore) -> NDArray[np.float64]:
        found = score.outcome
        weight = 1.0 if score.site.confidence is None else found.confidence
        area = shapely.area(found.predicted) * (1 - found.matches.iou)
        plain = found.false & (score.groups.swallowed < 2) & ~score.groups.piece  # noqa: PLR2004
        return np.where(plain, area * weight, 0.0)

    for worst in _worst(scores, badness):
        found = worst.score.outcome
        given = worst.score.site.confidence
        known = given is not None and np.isfinite(given[worst.index])
        area = shapely.area(found.predicted[worst.index])
        text = AREA.format(area=area)
        if known:
            text = SURE.format(area=area, confidence=float(found.confidence[worst.index]))
        yield _wrong(kind, worst, text)


def _merged(kind: str, scores: Sequence[SiteScore]) -> Iterator[Miss]:
    """Predictions that hold the most true buildings."""

    def badness(score: SiteScore) -> NDArray[np.float64]:
        return np.where(score.groups.swallowed > 1, score.groups.swallowed, 0).astype(float)

    for worst in _worst(scores, badness):
        yield _wrong(kind, worst, IN_ONE.format(count=worst.badness))


def _split(kind: str, scores: Sequence[SiteScore]) -> Iterator[Miss]:
    """True buildings in the most pieces."""

    def badness(score: SiteScore) -> NDArray[np.float64]:
        return np.where(score.groups.pieces > 1, score.groups.pieces, 0).astype(float)

    for worst in _worst(scores, badness):
        yield _missing(kind, worst, IN_PIECES.format(count=worst.badness))


KINDS: dict[str, Callable[[str, Sequence[SiteScore]], Iterator[Miss]]] = {
    Said("Missed"): _missed,
    Said("False alarms"): _false,
    Said("Merged"): _merged,
    Said("Split"): _split,
}
"""Kinds of misses and what finds them."""


def _worst(
    scores: Sequence[SiteScore], badness: Callable[[SiteScore], NDArray[np.float64]]
) -> list[_Candidate]:
    """The worst over all sites; equal ones in their order."""
    candidates = [
        _Candidate(float(values[index]), score, int(index))
        for score in scores
        for values in [badness(score)]
        for index in np.argsort(-values, kind="stable")[:PER_KIND]
        if values[index] > 0
    ]
    return sorted(candidates, key=lambda candidate: -candidate.badness)[:PER_KIND]


def _missing(kind: str, worst: _Candidate, text: str) -> Miss:
    shape = worst.score.outcome.truth[worst.index]
    return Miss(kind, text, worst.score, _square_around(shape), truth=worst.index)


def _wrong(kind: str, worst: _Candidate, text: str) -> Miss:
    shape = worst.score.outcome.predicted[worst.index]
    return Miss(kind, text, worst.score, _square_around(shape), predicted=worst.index)


def _square_around(shape: shapely.Geometry) -> Bounds:
    left, bottom, right, top = shapely.bounds(shape).tolist()
    half = max(LEAST_SIDE_M, MARGIN * (right - left), MARGIN * (top - bottom)) / 2
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - half, y - half, x + half, y + half

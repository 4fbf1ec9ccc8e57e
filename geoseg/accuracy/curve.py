"""Precision against recall, as the least confidence falls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.accuracy.figures import without_blobs
from geoseg.accuracy.score import SiteScore

MOST_POINTS = 400
"""Points that a page draws."""
MARKS = (0.9, 0.7, 0.5, 0.3, 0.1)
"""Least confidences that are marked on the curve."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What precision and recall would be if only predictions from some confidence on were kept."""

    confidence: NDArray[np.float64]
    """(n,) the least confidence, falling."""
    precision: NDArray[np.float64]
    """(n,) share of the predictions kept that are right."""
    recall: NDArray[np.float64]
    """(n,) share of the true buildings that one of them matches, rising."""

    def at(self, least: float) -> int | None:
        """The last point whose predictions all have this confidence; None where none has."""
        place = int(np.searchsorted(-self.confidence, -least, side="right")) - 1
        return place if place >= 0 else None


def curve_of(scores: Sequence[SiteScore]) -> Curve | None:
    """The curve over all sites; None without confidences, true buildings, or predictions.

    Matches are those of the whole ranking, by which none of a surer prediction is ever lost.
    """
    sharp = without_blobs(scores)
    if any(score.site.confidence is None for score in sharp):
        return None
    true = sum(int(score.outcome.truth_counts.sum()) for score in sharp)
    confidence = np.concatenate([np.empty(0), *(score.confidence for score in sharp)])
    correct = np.concatenate([np.empty(0, bool), *(score.correct for score in sharp)])
    known = np.isfinite(confidence)
    if not true or not known.any():
        return None
    order = np.argsort(-confidence[known], kind="stable")
    confidence, right = confidence[known][order], np.cumsum(correct[known][order])
    # Predictions of one confidence are kept or dropped together.
    last = np.append(np.flatnonzero(np.diff(confidence)), len(confidence) - 1)
    return Curve(confidence[last], right[last] / (last + 1), right[last] / true)

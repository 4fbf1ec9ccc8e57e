"""Is the confidence the probability that a building is right?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10
"""Bins of equal width between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against the share of buildings that are right."""

    count: NDArray[np.int64]
    """(BINS,) predictions in each bin."""
    confidence: NDArray[np.float64]
    """(BINS,) their mean confidence; NaN in empty bins."""
    correct: NDArray[np.float64]
    """(BINS,) the share of them that matched a true building; NaN in empty bins."""
    ece: float
    """Expected calibration error: the mean distance of the two, weighted by count; NaN without
    predictions."""
    brier: float
    """Mean squared difference of confidence and correctness; NaN without predictions."""


def reliability(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> Reliability:
    """Compare confidences of 0 to 1 with what became of the predictions.

    Expected calibration error: C. Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    index = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    count = np.bincount(index, minlength=BINS)
    divisor = np.where(count > 0, count, np.nan)
    mean = np.bincount(index, weights=confidence, minlength=BINS) / divisor
    share = np.bincount(index, weights=correct, minlength=BINS) / divisor
    if not len(confidence):
        return Reliability(count, mean, share, math.nan, math.nan)
    ece = float(np.nansum(count * np.abs(mean - share)) / len(confidence))
    brier = float(np.mean((confidence - correct) ** 2))
    return Reliability(count, mean, share, ece, brier)

"""Which predicted building is which true one: overlaps of two layers, and the SpaceNet rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.vectors.overlap import Overlaps, find_overlaps, one_to_one

LEAST_IOU = 0.5
"""A pair of at least this intersection over union is one building."""
DIGITS = 6
"""Decimals of an IoU, and of a share: buildings carried from one projection into another differ by some 1e-8, and
a pair of exactly one half must not depend on that."""


@dataclass(frozen=True, slots=True)
class Matches:
    """What became of every prediction."""

    iou: NDArray[np.float64]
    """(n,) IoU with the true building that fits best, taken or not; 0 where none overlaps."""
    best: NDArray[np.intp]
    """(n,) index of that true building; -1 where none overlaps."""
    truth: NDArray[np.intp]
    """(n,) index of the true building that this prediction was given by the rule; -1: a false
    positive. No true building occurs twice."""
    matched_iou: NDArray[np.float64]
    """(n,) IoU with the true building given; 0 where none was."""

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(n,) True for true positives."""
        return self.truth >= 0


def match(
    predicted: Sequence[shapely.Polygon] | NDArray[np.object_],
    truth: Sequence[shapely.Polygon] | NDArray[np.object_],
    confidence: NDArray[np.floating],
    *,
    least_iou: float = LEAST_IOU,
) -> Matches:
    """Pair predictions with true buildings by the rule of the SpaceNet challenges.

    Predictions come in the order of falling confidence; each takes, among the true buildings that
    are still free, the one of the largest IoU, if that is at least ``least_iou``.

    Args:
        predicted: (n,) valid polygons.
        truth: (m,) valid polygons in the same, projected CRS.
        confidence: (n,) higher comes first; equal ones keep the order of ``predicted``.
        least_iou: Smallest IoU of a pair.

    Returns:
        One entry per prediction, in the order of ``predicted``.
    """
    pairs = overlaps(predicted, truth)
    return assign(pairs, np.asarray(confidence, dtype=np.float64), least_iou=least_iou)


def overlaps(
    predicted: Sequence[shapely.Polygon] | NDArray[np.object_],
    truth: Sequence[shapely.Polygon] | NDArray[np.object_],
) -> Overlaps:
    """All pairs that share area, predictions first, their IoU rounded to DIGITS."""
    ours, theirs = (np.asarray(shapes, dtype=object).reshape(-1) for shapes in (predicted, truth))
    pairs = find_overlaps(ours, theirs)
    return replace(pairs, iou=np.round(pairs.iou, DIGITS))


def assign(
    pairs: Overlaps, confidence: NDArray[np.float64], *, least_iou: float = LEAST_IOU
) -> Matches:
    """The rule of ``match`` for pairs that are known already."""
    count = len(confidence)
    best, iou = _best(pairs, count)
    given, given_iou = _greedy(pairs, confidence, least_iou)
    return Matches(iou, best, given, given_iou)


def _best(pairs: Overlaps, count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Per prediction the true building of the largest IoU, the first of equals, and that IoU."""
    best, iou = np.full(count, -1, dtype=np.intp), np.zeros(count)
    # Written last wins: the largest IoU, among equals the smallest index.
    order = np.lexsort((-pairs.second, pairs.iou))
    best[pairs.first[order]] = pairs.second[order]
    iou[pairs.first[order]] = pairs.iou[order]
    return best, iou


def _greedy(
    pairs: Overlaps, confidence: NDArray[np.float64], least_iou: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    good = np.flatnonzero(pairs.iou >= least_iou)
    rank = np.empty(len(confidence), dtype=np.intp)
    rank[np.argsort(-confidence, kind="stable")] = np.arange(len(confidence))
    order = good[np.lexsort((pairs.second[good], -pairs.iou[good], rank[pairs.first[good]]))]
    given, iou = np.full(len(confidence), -1, dtype=np.intp), np.zeros(len(confidence))
    chosen = one_to_one(pairs, order)
    given[pairs.first[chosen]] = pairs.second[chosen]
    iou[pairs.first[chosen]] = pairs.iou[chosen]
    return given, iou

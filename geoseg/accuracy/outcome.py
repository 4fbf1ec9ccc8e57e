"""Which buildings of a site count, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.accuracy.matching import DIGITS, LEAST_IOU, Matches, assign, overlaps
from geoseg.accuracy.site import Site, clip, share_within
from geoseg.vectors.overlap import Overlaps

LEAST_SHARE = 0.5
"""A building counts where at least this part of its area lies in the assessed area."""
MOSTLY = 0.5
"""One building lies in another one where more than this part of its area does."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the buildings of a site."""

    predicted: NDArray[np.object_]
    """(n,) what of the predictions lies in the area of interest."""
    truth: NDArray[np.object_]
    """(m,) the same of the true buildings."""
    confidence: NDArray[np.float64]
    """(n,) 0 for all where the predictions have none; those without one come last."""
    pairs: Overlaps
    """All overlaps, predictions first."""
    matches: Matches
    """By the rule, among the true buildings that count."""
    predicted_counts: NDArray[np.bool_]
    """(n,) True for true and false positives."""
    truth_counts: NDArray[np.bool_]
    """(m,) True for true buildings that are wanted."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """(m,) True for true buildings that a prediction matched."""
        found = np.zeros(len(self.truth), dtype=bool)
        found[self.matches.truth[self.matches.correct]] = True
        return found

    @property
    def false(self) -> NDArray[np.bool_]:
        """(n,) True for false positives."""
        return self.predicted_counts & ~self.matches.correct

    @property
    def missed(self) -> NDArray[np.bool_]:
        """(m,) True for false negatives."""
        return self.truth_counts & ~self.found


def judge(site: Site, min_area_m2: float = 0.0) -> Outcome:
    """Match the buildings of a site.

    A true building counts when at least half of it lies in the assessed area, that is in the area
    of interest but not in ignored areas, and it is large enough. A prediction that matches one that
    counts is a true positive, wherever it lies; one that fits a true building that does not count is
    left out; any other counts as false positive when it would count were it true.
    """
    predicted, truth = clip(site.predicted, site.area), clip(site.truth, site.area)
    count = len(predicted)
    confidence = np.zeros(count) if site.confidence is None else last_without(site.confidence)
    truth_counts = _counts(site, site.truth, truth, min_area_m2)
    pairs = overlaps(predicted, truth)
    wanted = truth_counts[pairs.second]
    matches = assign(_pick(pairs, wanted), confidence)
    excused = np.zeros(count, dtype=bool)
    excused[pairs.first[~wanted & (pairs.iou >= LEAST_IOU)]] = True
    counts = matches.correct | (~excused & _counts(site, site.predicted, predicted, min_area_m2))
    return Outcome(predicted, truth, confidence, pairs, matches, counts, truth_counts)


def last_without(confidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) numbers to rank by: what has none is less sure than everything else, and than 0."""
    known = np.isfinite(confidence)
    least = min(float(confidence[known].min(initial=0.0)), 0.0)
    return np.where(known, confidence, least if known.all() else np.nextafter(least, -np.inf))


@dataclass(frozen=True, slots=True)
class Groups:
    """Buildings that were cut into pieces, and those that were run together."""

    pieces: NDArray[np.int64]
    """(m,) predictions that lie mostly in this true building."""
    swallowed: NDArray[np.int64]
    """(n,) true buildings that lie mostly in this prediction."""
    piece: NDArray[np.bool_]
    """(n,) True for predictions that are one of several pieces."""
    together: NDArray[np.bool_]
    """(m,) True for true buildings that share a prediction with another one."""

    @property
    def splits(self) -> int:
        """True buildings in two or more pieces."""
        return int((self.pieces > 1).sum())

    @property
    def merges(self) -> int:
        """Predictions that hold two or more true buildings."""
        return int((self.swallowed > 1).sum())

    @property
    def merged(self) -> int:
        """True buildings in merges."""
        return int(self.together.sum())


def groups_of(outcome: Outcome) -> Groups:
    """Splits and merges among the buildings that count."""
    pairs = outcome.pairs
    counted = outcome.truth_counts[pairs.second] & outcome.predicted_counts[pairs.first]
    guess, real, shared = pairs.first[counted], pairs.second[counted], pairs.shared[counted]
    inside = shared > MOSTLY * shapely.area(outcome.predicted)[guess]
    pieces = np.bincount(real[inside], minlength=len(outcome.truth))
    held = shared > MOSTLY * shapely.area(outcome.truth)[real]
    swallowed = np.bincount(guess[held], minlength=len(outcome.predicted))
    piece, together = np.zeros(len(swallowed), dtype=bool), np.zeros(len(pieces), dtype=bool)
    piece[guess[inside & (pieces[real] > 1)]] = True
    together[real[held & (swallowed[guess] > 1)]] = True
    return Groups(pieces, swallowed, piece, together)


def _counts(
    site: Site, shapes: NDArray[np.object_], clipped: NDArray[np.object_], min_area_m2: float
) -> NDArray[np.bool_]:
    area = shapely.area(shapes)
    inside = np.divide(shapely.area(clipped), area, out=np.zeros(len(area)), where=area > 0)
    known = inside - share_within(clipped, site.ignored) * inside
    large: NDArray[np.bool_] = (area > 0) & (area >= min_area_m2)
    return large & (np.round(known, DIGITS) >= LEAST_SHARE)


def _pick(pairs: Overlaps, chosen: NDArray[np.bool_]) -> Overlaps:
    return Overlaps(
        pairs.first[chosen], pairs.second[chosen], pairs.shared[chosen], pairs.iou[chosen]
    )

"""The figures of a place, or of all places together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.accuracy.pixels import PixelCounts
from geoseg.accuracy.precision import Precision, average_precision, pycocotools_missing
from geoseg.accuracy.score import SiteScore
from geoseg.attributes.reliability import Reliability, reliability
from geoseg.languages.said import Said

TOTAL = Said("all")
"""Name of the last row."""
UNKNOWN = math.nan
"""Value of a figure that cannot be given; ``None`` in JSON."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How good the predictions of a place are. NaN where a figure has no meaning."""

    place: str
    """Name."""
    blobs: bool
    """True when one true outline may hold several buildings: only pixel figures can be trusted."""
    true: int
    """True buildings that count."""
    predicted: int
    """Predictions that count."""
    matched: int
    """Pairs of the two with IoU of at least 0.5."""
    standing: int
    """Predictions of which half or more lies on true buildings, however they are drawn."""
    expected: float
    """How many of the predictions were expected to: the sum of their ``presence``."""
    precision: float
    """Matched share of the predictions."""
    recall: float
    """Matched share of the true buildings."""
    f1: float
    """Harmonic mean of the two."""
    ap: float
    """Average precision, mean over IoU 0.50 to 0.95."""
    ap50: float
    """Average precision at IoU 0.50."""
    ap75: float
    """Average precision at IoU 0.75."""
    mean_iou: float
    """Mean IoU of the matched pairs."""
    pq: float
    """Panoptic quality: ``mean_iou`` (SQ) times ``f1`` (RQ)."""
    pixel_iou: float
    """IoU of all building pixels."""
    boundary_iou: float
    """IoU of the bands along the outlines."""
    splits: int
    """True buildings that lie in two or more pieces."""
    merges: int
    """Predictions that hold two or more true buildings."""
    merged: int
    """True buildings in them."""
    area_bias: float
    """Predicted over true total area, less 1."""
    area_error: float
    """Median of the matched buildings' relative area errors, without sign."""
    area_error_bias: float
    """Median of the matched buildings' relative area errors, with sign."""
    polis_m: float
    """Mean PoLiS distance of the matched pairs, metres."""
    vertex_ratio: float
    """Predicted over true vertices of the matched pairs."""
    ece: float
    """Expected calibration error."""
    brier: float
    """Mean squared error of the confidence."""

    @property
    def sq(self) -> float:
        """Segmentation quality: the mean IoU of the matched pairs."""
        return self.mean_iou

    @property
    def rq(self) -> float:
        """Recognition quality: F1."""
        return self.f1

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, None for what has no meaning."""
        everything = {**asdict(self), "sq": self.sq, "rq": self.rq}
        return {name: _plain(value) for name, value in everything.items()}


def figures_of(place: str, scores: Sequence[SiteScore]) -> Figures:
    """The figures of some sites.

    Figures of single buildings leave out blobs where other sites have instances; pixel figures
    take all sites.
    """
    sharp = without_blobs(scores)
    true, predicted, matched = _counts(sharp)
    pixels = sum((score.pixels for score in scores), start=PixelCounts())
    iou = _joined([score.shapes.iou for score in sharp])
    error = _joined([score.shapes.area_error for score in sharp])
    ranked, trust = _precision(sharp), reliability_of(sharp)
    f1 = _ratio(2 * matched, predicted + true)
    return Figures(
        place=place,
        blobs=all(score.site.blobs for score in scores),
        true=true,
        predicted=predicted,
        matched=matched,
        standing=sum(int(score.stands.sum()) for score in sharp),
        expected=_expected(sharp),
        precision=_ratio(matched, predicted),
        recall=_ratio(matched, true),
        f1=f1,
        ap=ranked.ap,
        ap50=ranked.ap50,
        ap75=ranked.ap75,
        mean_iou=_mean(iou),
        pq=_mean(iou) * f1 if matched else f1,
        pixel_iou=pixels.iou,
        boundary_iou=pixels.boundary_iou,
        splits=sum(score.groups.splits for score in sharp),
        merges=sum(score.groups.merges for score in sharp),
        merged=sum(score.groups.merged for score in sharp),
        area_bias=_area_bias(sharp),
        area_error=_median(np.abs(error)),
        area_error_bias=_median(error),
        polis_m=_mean(_joined([score.shapes.polis_m for score in sharp])),
        vertex_ratio=_vertex_ratio(sharp),
        ece=trust.ece if trust else UNKNOWN,
        brier=trust.brier if trust else UNKNOWN,
    )


def without_blobs(scores: Sequence[SiteScore]) -> Sequence[SiteScore]:
    """Sites with instances; all where there is none."""
    return [score for score in scores if not score.site.blobs] or scores


def reliability_of(scores: Sequence[SiteScore]) -> Reliability | None:
    """Calibration over sites; None where a site has no confidences or they are no probabilities."""
    if any(score.site.confidence is None for score in scores):
        return None
    confidence = _joined([score.confidence for score in scores])
    known = np.isfinite(confidence)
    confidence, correct = confidence[known], _joined([s.correct.astype(float) for s in scores])
    if len(confidence) and not (confidence.min() >= 0 and confidence.max() <= 1):
        return None
    return reliability(confidence, correct[known] > 0)


def _counts(scores: Sequence[SiteScore]) -> tuple[int, int, int]:
    """True buildings, predictions, and pairs of them."""
    true = sum(int(score.outcome.truth_counts.sum()) for score in scores)
    predicted = sum(int(score.outcome.predicted_counts.sum()) for score in scores)
    return true, predicted, sum(int(score.outcome.matches.correct.sum()) for score in scores)


def _expected(scores: Sequence[SiteScore]) -> float:
    """Unknown where it is not known of every prediction."""
    if any(score.site.presence is None for score in scores):
        return UNKNOWN
    return float(_joined([score.presence for score in scores]).sum())


def _precision(scores: Sequence[SiteScore]) -> Precision:
    if pycocotools_missing() or any(score.site.confidence is None for score in scores):
        return Precision(UNKNOWN, UNKNOWN, UNKNOWN)
    return average_precision([score.ranked for score in scores])


def _area_bias(scores: Sequence[SiteScore]) -> float:
    true = sum(score.area_true_m2 for score in scores)
    return sum(score.area_predicted_m2 for score in scores) / true - 1 if true else UNKNOWN


def _vertex_ratio(scores: Sequence[SiteScore]) -> float:
    drawn = [score.shapes for score in scores if not score.site.traced]
    predicted = sum(int(shapes.vertices_predicted.sum()) for shapes in drawn)
    return _ratio(predicted, sum(int(shapes.vertices_true.sum()) for shapes in drawn))


def _joined(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate([*parts, np.empty(0)])


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else UNKNOWN


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else UNKNOWN


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else UNKNOWN


def _plain(value: Any) -> Any:  # noqa: ANN401  # a figure, a name or a flag
    return None if isinstance(value, float) and not math.isfinite(value) else value

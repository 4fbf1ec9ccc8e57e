"""Average precision by pycocotools, fed with overlaps of polygons instead of masks."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoseg.accuracy.matching import LEAST_IOU
from geoseg.languages.said import Said
from geoseg.vectors.overlap import Overlaps

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

NO_PYCOCOTOOLS = Said("AP is left out: it needs pycocotools, pip install 'geoseg[coco]'.")
"""Said where the package is missing."""
_CATEGORY = 1
_COUNTED, _LEFT_OUT = 1.0, -1.0
"""Areas that COCOeval finds inside and outside its range: it ignores what lies outside."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Predictions of one site in the order of their confidence, and what they overlap."""

    pairs: Overlaps
    """All overlaps, predictions first."""
    confidence: NDArray[np.float64]
    """(n,) higher is surer."""
    predicted_counts: NDArray[np.bool_]
    """(n,) False: no false positive where it matches nothing."""
    truth_counts: NDArray[np.bool_]
    """(m,) False: neither wanted nor wrong."""


@dataclass(frozen=True, slots=True)
class Precision:
    """Average precision as COCO defines it; NaN where there is no true building."""

    ap: float
    """Mean over IoU 0.50, 0.55, ..., 0.95."""
    ap50: float
    """At IoU 0.50."""
    ap75: float
    """At IoU 0.75."""


def pycocotools_missing() -> bool:
    """Whether AP cannot be computed here."""
    try:
        import pycocotools.cocoeval  # noqa: F401
    except ImportError:
        return True
    return False


def average_precision(sites: Sequence[Ranked]) -> Precision:
    """AP over all sites.

    COCOeval compares every prediction of an image with every true building of it, which takes days
    for a town. So each group of buildings that can match one another becomes an image of its own;
    the ranking goes over all images, and the result is that of one image per site.
    """
    images = [image for site in sites for image in _images(site)]
    if not any(counts for image in images for counts in image.truth_counts):
        return Precision(math.nan, math.nan, math.nan)
    with redirect_stdout(io.StringIO()):
        evaluation = _evaluator(images)
        evaluation.evaluate()
        evaluation.accumulate()
    # (IoU thresholds, recall steps, categories, area ranges, numbers of detections)
    steps = evaluation.eval["precision"][:, :, 0, 0, -1]
    by_iou = np.where(steps > -1, steps, 0.0).mean(axis=1)
    return Precision(float(by_iou.mean()), float(by_iou[0]), float(by_iou[5]))


@dataclass(frozen=True, slots=True)
class _Image:
    """Buildings that may match one another, and no others."""

    iou: NDArray[np.float64]
    """(n, m), surest prediction first; pairs below the lowest threshold are 0."""
    confidence: NDArray[np.float64]
    """(n,) falling."""
    predicted_counts: NDArray[np.bool_]
    """(n,) see ``Ranked``."""
    truth_counts: NDArray[np.bool_]
    """(m,) see ``Ranked``."""


def _images(site: Ranked) -> list[_Image]:
    count, true_count = len(site.confidence), len(site.truth_counts)
    good = site.pairs.iou >= LEAST_IOU
    guess, real, iou = site.pairs.first[good], site.pairs.second[good], site.pairs.iou[good]
    size = count + true_count
    graph = coo_array((np.ones(len(guess)), (guess, real + count)), shape=(size, size))
    _, group = connected_components(graph, directed=False)
    group = _merge_loners(group, count)
    order = np.argsort(-site.confidence, kind="stable")
    guesses = _members(group[order], order)
    reals = _members(group[count:], np.arange(true_count))
    links = _members(group[guess], np.arange(len(guess)))
    row, col = np.empty(count, dtype=np.intp), np.empty(true_count, dtype=np.intp)
    nobody = np.empty(0, dtype=np.intp)
    images = []
    for key in sorted(guesses.keys() | reals.keys()):
        mine, theirs = guesses.get(key, nobody), reals.get(key, nobody)
        row[mine], col[theirs] = np.arange(len(mine)), np.arange(len(theirs))
        matrix, link = np.zeros((len(mine), len(theirs))), links.get(key, nobody)
        matrix[row[guess[link]], col[real[link]]] = iou[link]
        counts = site.predicted_counts[mine], site.truth_counts[theirs]
        images.append(_Image(matrix, site.confidence[mine], *counts))
    return images


def _merge_loners(group: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Groups of one building as two groups: lone predictions and lone true buildings."""
    merged = group.astype(np.int64)
    alone = np.bincount(group)[group] == 1
    merged[:count][alone[:count]] = -2
    merged[count:][alone[count:]] = -1
    return merged


def _members(group: NDArray[np.int64], items: NDArray[np.intp]) -> dict[int, NDArray[np.intp]]:
    """Group to its items, in their order."""
    if not len(group):
        return {}
    order = np.argsort(group, kind="stable")
    keys, starts = np.unique(group[order], return_index=True)
    parts = np.split(items[order], starts[1:])
    return {int(key): part for key, part in zip(keys, parts, strict=True)}


def _evaluator(images: list[_Image]) -> COCOeval:
    """COCOeval over the images, with IoUs that are known already."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    class KnownOverlaps(COCOeval):  # type: ignore[misc]
        def computeIoU(self, imgId: int, catId: int) -> Any:  # noqa: ANN401, ARG002, N802, N803
            iou = images[imgId - 1].iou
            return iou if iou.size else []

    truth, predicted = COCO(), COCO()
    truth.dataset = _dataset([image.truth_counts for image in images])
    predicted.dataset = _dataset(
        [image.predicted_counts for image in images], [image.confidence for image in images]
    )
    truth.createIndex()
    predicted.createIndex()
    evaluation = KnownOverlaps(truth, predicted, iouType="bbox")
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0.0, 1e10]], ["all"]
    # The printed summary would need 100 here; every prediction takes part instead.
    evaluation.params.maxDets = [max(1, *(len(image.confidence) for image in images))]
    return evaluation


def _dataset(
    counts: Sequence[NDArray[np.bool_]], scores: Sequence[NDArray[np.float64]] | None = None
) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for number, counted in enumerate(counts, start=1):
        for index, counts_here in enumerate(counted.tolist()):
            annotation = {
                "id": len(annotations) + 1, "image_id": number, "category_id": _CATEGORY,
                "iscrowd": 0, "area": _COUNTED if counts_here else _LEFT_OUT,
            }  # fmt: skip
            if scores is not None:
                annotation["score"] = float(scores[number - 1][index])
            annotations.append(annotation)
    return {
        "images": [{"id": number + 1} for number in range(len(counts))],
        "categories": [{"id": _CATEGORY, "name": "building"}],
        "annotations": annotations,
    }

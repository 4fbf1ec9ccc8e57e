"""How well the outlines of matched buildings agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.accuracy.outcome import Outcome


@dataclass(frozen=True, slots=True)
class MatchedShapes:
    """Measures of each matched pair."""

    iou: NDArray[np.float64]
    """(k,) intersection over union."""
    area_predicted_m2: NDArray[np.float64]
    """(k,) area of the prediction."""
    area_true_m2: NDArray[np.float64]
    """(k,) area of the true building."""
    polis_m: NDArray[np.float64]
    """(k,) PoLiS distance, metres."""
    vertices_predicted: NDArray[np.int64]
    """(k,) vertices of the prediction, holes included."""
    vertices_true: NDArray[np.int64]
    """(k,) the same of the true building."""

    @property
    def area_error(self) -> NDArray[np.float64]:
        """(k,) relative error of the area: 0.1 is a tenth too large."""
        return self.area_predicted_m2 / self.area_true_m2 - 1


def matched_shapes(outcome: Outcome) -> MatchedShapes:
    """Measure the pairs that were matched."""
    matches = outcome.matches
    ours = outcome.predicted[matches.correct]
    theirs = outcome.truth[matches.truth[matches.correct]]
    return MatchedShapes(
        matches.matched_iou[matches.correct],
        shapely.area(ours),
        shapely.area(theirs),
        polis(ours, theirs),
        vertices(ours),
        vertices(theirs),
    )


def polis(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.float64]:
    """(k,) distances between pairs of polygons, in the unit of the coordinates.

    The mean distance of either polygon's vertices from the other's boundary, averaged over the two
    (J. Avbelj, R. Müller and R. Bamler, A Metric for Polygon Comparison and Building Extraction
    Evaluation, IEEE Geoscience and Remote Sensing Letters 12(1), 2015). Holes count as well.
    """
    return (_mean_distance(one, other) + _mean_distance(other, one)) / 2


def vertices(shapes: NDArray[np.object_]) -> NDArray[np.int64]:
    """(n,) corners: the closing vertex of a ring is not another one."""
    _, owner = _corners(shapes)
    return np.bincount(owner, minlength=len(shapes))


def _mean_distance(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.float64]:
    """Mean distance of the vertices of ``one`` from the boundary of ``other``."""
    corners, owner = _corners(one)
    distance = shapely.distance(shapely.points(corners), shapely.boundary(other)[owner])
    sums = np.bincount(owner, weights=distance, minlength=len(one))
    return sums / np.maximum(np.bincount(owner, minlength=len(one)), 1)


def _corners(shapes: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Vertices without the closing ones, and the shape that each belongs to."""
    parts, shape_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    corners, ring_of = shapely.get_coordinates(rings, return_index=True)
    last = np.r_[ring_of[1:] != ring_of[:-1], True] if len(ring_of) else np.empty(0, bool)
    return corners[~last], shape_of[part_of[ring_of[~last]]]

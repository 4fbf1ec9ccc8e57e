"""Which polygons of two layers share area, and pairing them one to one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.vectors.shared import shared_area


@dataclass(frozen=True, slots=True)
class Overlaps:
    """All pairs that share area."""

    first: NDArray[np.intp]
    """(pairs,) index in the first layer, rising."""
    second: NDArray[np.intp]
    """(pairs,) index in the second layer, rising within one of the first."""
    shared: NDArray[np.float64]
    """(pairs,) common area, in the square of the coordinates' unit, above 0."""
    iou: NDArray[np.float64]
    """(pairs,) intersection over union."""


def find_overlaps(first: NDArray[np.object_], second: NDArray[np.object_]) -> Overlaps:
    """All pairs of two layers, (n,) and (m,) valid polygons, that share area."""
    left, right = shapely.STRtree(second).query(first, predicate="intersects")
    order = np.lexsort((right, left))
    left, right = left[order], right[order]
    shared = shared_area(first[left], second[right])
    some = shared > 0
    left, right, shared = left[some], right[some], shared[some]
    either = shapely.area(first)[left] + shapely.area(second)[right] - shared
    return Overlaps(left, right, shared, shared / either)


def one_to_one(pairs: Overlaps, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the pairs named by ``order``, those whose sides no earlier one has taken."""
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    kept = []
    for index in order.tolist():
        left, right = int(pairs.first[index]), int(pairs.second[index])
        if left not in taken_first and right not in taken_second:
            taken_first.add(left)
            taken_second.add(right)
            kept.append(index)
    return np.array(kept, dtype=np.intp)

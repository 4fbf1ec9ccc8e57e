"""Which building of one date is which of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

PAIRS_AT_ONCE = 200_000
"""Intersections computed in one go."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of outlines that are one building; each outline is in one pair at most."""

    old: NDArray[np.intp]
    """(m,) indices of the earlier outlines."""
    new: NDArray[np.intp]
    """(m,) indices of the later outlines."""
    iou: NDArray[np.float64]
    """(m,) intersection over union."""


def match(old: NDArray[np.object_], new: NDArray[np.object_], least_iou: float) -> Matches:
    """Pair outlines one to one, the best overlaps first.

    Pairs are taken by falling IoU, ties by the order of the old and then of the new layer, so the
    result does not depend on anything else.
    """
    second, first = shapely.STRtree(old).query(new, predicate="intersects")
    iou = _ious(old, new, first, second)
    good = iou >= least_iou
    first, second, iou = first[good], second[good], iou[good]
    order = np.lexsort((second, first, -iou))
    kept = _one_to_one(first[order], second[order])
    chosen = np.sort(order[kept])
    return Matches(first[chosen], second[chosen], iou[chosen])


def _ious(
    old: NDArray[np.object_],
    new: NDArray[np.object_],
    first: NDArray[np.intp],
    second: NDArray[np.intp],
) -> NDArray[np.float64]:
    area_old, area_new = shapely.area(old), shapely.area(new)
    shared = np.empty(len(first))
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        shared[part] = shapely.area(shapely.intersection(old[first[part]], new[second[part]]))
    either: NDArray[np.float64] = area_old[first] + area_new[second] - shared
    return shared / np.where(either > 0, either, 1.0)


def _one_to_one(first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.bool_]:
    """True for the pairs, in their order, whose sides no earlier pair has taken."""
    taken_old: set[int] = set()
    taken_new: set[int] = set()
    kept = np.zeros(len(first), dtype=bool)
    for index, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        if a not in taken_old and b not in taken_new:
            kept[index] = True
            taken_old.add(a)
            taken_new.add(b)
    return kept

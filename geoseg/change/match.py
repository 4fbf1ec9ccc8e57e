"""Which building of one date is which of the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.vectors.overlap import find_overlaps, one_to_one


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of outlines that are one building; each outline is in one pair at most."""

    old: NDArray[np.intp]
    """(m,) indices of the earlier outlines."""
    new: NDArray[np.intp]
    """(m,) indices of the later outlines, rising."""
    iou: NDArray[np.float64]
    """(m,) intersection over union."""


def match(old: NDArray[np.object_], new: NDArray[np.object_], least_iou: float) -> Matches:
    """Pair outlines one to one, the best overlaps first.

    Pairs are taken by falling IoU, ties by the order of the old and then of the new layer, so the
    result does not depend on anything else.
    """
    pairs = find_overlaps(old, new)
    good = np.flatnonzero(pairs.iou >= least_iou)
    chosen = one_to_one(pairs, good[np.argsort(-pairs.iou[good], kind="stable")])
    chosen = chosen[np.argsort(pairs.second[chosen])]
    return Matches(pairs.first[chosen], pairs.second[chosen], pairs.iou[chosen])

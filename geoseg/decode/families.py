"""Buildings that hang together: one building, or several?

A row of houses and a large roof with a ridge look alike to one threshold. So seeds are found at a
high one, and those that meet at a lower one are a *family*. A family becomes one building where that
promises more right buildings than its parts do, by the model's own calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.groups import Roots, mark_groups
from geoseg.decode.store import BODY_SUM, ENDLESS, FROZEN, KEY, PIXELS, REMNANT, Store
from geoseg.kernels.jit import jit

COST = 0.2
"""What a building must promise to be worth having: F1 rises with a building whose probability is
above half of F1. Between 0.1 and 0.3 the choice hardly changes."""


class BuildingNumbers(NamedTuple):
    """Whole numbers counted per building; arrays of one length."""

    pixels: NDArray[np.int64]
    """Pixels."""
    body_sum: NDArray[np.int64]
    """Sum of their quantised body probabilities."""
    walls: NDArray[np.int64]
    """Pixel edges of its outline."""
    free: NDArray[np.int64]
    """Those of them that no other body shares."""


Odds = Callable[[BuildingNumbers], NDArray[np.float64]]
"""Probability that each building is real, a function of its own numbers alone."""


def with_ends(store: Store, roots: Roots, max_pixels: int) -> Roots:
    """The roots with every member of an endless family as a family of its own.

    Pixels only become more, so a family that was found too large stays so, also when members left.
    """
    labels = np.arange(len(roots.family), dtype=np.int32)
    table, is_root = store.table[: len(labels)], roots.building == labels
    pixels = np.zeros(len(labels), np.int64)
    np.add.at(pixels, roots.family[is_root], table[is_root, PIXELS])
    endless = mark_groups(table, ENDLESS, roots.family, pixels > max_pixels)
    return roots._replace(family=np.where(endless, roots.building, roots.family))


def leads_of(
    store: Store,
    roots: Roots,
    asked: NDArray[np.bool_],
    kept: Callable[[BuildingNumbers], NDArray[np.bool_]],
    odds: Odds | None,
) -> NDArray[np.int32]:
    """(labels,) the building that each label belongs to, or the first of its family if that is one.

    Args:
        store: Its cracks are between buildings alone.
        roots: Buildings and families.
        asked: (labels,) True for members of families that no later row can change, and that may leave
            now or are near those that do.
        kept: Tells which buildings would not be dropped.
        odds: None: no family is one building.
    """
    labels, table = np.arange(len(asked)), store.table[: len(asked)]
    members = asked & (roots.building == labels) & (labels > 0)
    members &= (table[:, REMNANT] == 0) & (table[:, FROZEN] == 0)
    size = np.bincount(roots.family[members], minlength=len(labels))
    parts = np.flatnonzero(members & (size[roots.family] > 1))
    if odds is None or len(parts) == 0:
        return roots.building
    parts = parts[np.argsort(table[parts, KEY])]  # so sums do not depend on provisional labels
    heads, head = np.unique(roots.family[parts].astype(np.int64), return_inverse=True)
    apart = _promises(tally(store, roots.building, roots.building, parts), kept, odds)
    together = _promises(tally(store, roots.building, roots.family, heads), kept, odds)
    one = np.zeros(len(labels), np.bool_)
    one[heads] = together > np.bincount(head, apart)
    return np.where(one[roots.family], roots.family, roots.building)


def _promises(
    numbers: BuildingNumbers, kept: Callable[[BuildingNumbers], NDArray[np.bool_]], odds: Odds
) -> NDArray[np.float64]:
    """(buildings,) what they add to F1, up to a factor; 0 where it is better to do without."""
    return np.where(kept(numbers), np.maximum(odds(numbers) - COST, 0), 0)


def tally(
    store: Store, building: NDArray[np.int32], group: NDArray[np.int32], heads: NDArray[np.int64]
) -> BuildingNumbers:
    """Numbers of the groups of buildings that the labels ``heads`` stand for."""
    sums = np.zeros((4, len(building)), np.int64)
    count(store.open_cracks, store.table, building, group, sums)
    return BuildingNumbers(*sums[:, heads])


@jit
def count(
    cracks: NDArray[np.int32],
    table: NDArray[np.int64],
    building: NDArray[np.int32],
    group: NDArray[np.int32],
    sums: NDArray[np.int64],
) -> None:
    """Add (4, labels) of every group: pixels, body, edges of its outline, those towards no building."""
    for label in range(len(building)):
        if building[label] == label:
            sums[0, group[label]] += table[label, PIXELS]
            sums[1, group[label]] += table[label, BODY_SUM]
    for place in range(len(cracks)):
        sides = group[cracks[place, 3]], group[cracks[place, 4]]
        if sides[0] != sides[1]:
            is_free = sides[0] == 0 or sides[1] == 0
            for side in sides:
                sums[2, side] += 1
                sums[3, side] += is_free

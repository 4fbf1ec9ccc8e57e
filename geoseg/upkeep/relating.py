"""Which outlines of the new layer stand for which of the old one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geoseg.vectors.overlap import Overlaps, find_overlaps, one_to_one

PAIR, SPLIT, MERGED, TANGLED, COVERED, PARTLY, APART = range(7)
"""What an outline is: one of a pair; one of which there are several parts, or such a part; one of
several that are one, or that one; one of several on both sides; within another; a little over another;
alone."""
WITHIN = 0.5
"""Two outlines belong together where they share this much of the smaller one,"""
PART = 0.12
"""and this much of the larger one: less is a trifle, such as a shed below a large roof."""
STRONG = 0.4
"""Intersection over union with which two of a tangle are taken for a pair."""
FREE = 0.1
"""An outline shares less than this with others where it is said to be alone."""


@dataclass(frozen=True, slots=True)
class Relations:
    """What the outlines of two layers, (n,) and (m,), are to each other."""

    old: NDArray[np.int8]
    """(n,) what each old one is."""
    new: NDArray[np.int8]
    """(m,) what each new one is."""
    partner: NDArray[np.intp]
    """(n,) the new one that shares most with it; -1 where none does."""
    iou: NDArray[np.float64]
    """(n,) intersection over union with that one."""
    covered: NDArray[np.float64]
    """(n,) share of each old one that new ones cover."""
    covering: NDArray[np.float64]
    """(m,) share of each new one that lies on old ones."""
    first: NDArray[np.intp]
    """(links,) old ones of those that belong together, rising."""
    second: NDArray[np.intp]
    """(links,) new ones of those."""


def relate(old: NDArray[np.object_], new: NDArray[np.object_]) -> Relations:
    """Relate (n,) and (m,) valid polygons of one plane."""
    pairs = find_overlaps(old, new)
    areas = shapely.area(old), shapely.area(new)
    smaller = np.minimum(areas[0][pairs.first], areas[1][pairs.second])
    larger = np.maximum(areas[0][pairs.first], areas[1][pairs.second])
    linked = np.flatnonzero((pairs.shared >= WITHIN * smaller) & (pairs.shared >= PART * larger))
    kinds = np.full(len(old), APART, np.int8), np.full(len(new), APART, np.int8)
    covered = _covered(pairs.first, pairs.shared, areas[0])
    covering = _covered(pairs.second, pairs.shared, areas[1])
    for kind, share in zip(kinds, (covered, covering), strict=True):
        kind[share >= FREE] = PARTLY
        kind[share >= WITHIN] = COVERED
    kept = _classify(pairs, linked, kinds)
    best = np.full(len(old), -1, np.intp)
    order = np.argsort(pairs.shared, kind="stable")
    best[pairs.first[order]] = order
    there = best >= 0
    partner, iou = np.full(len(old), -1, np.intp), np.zeros(len(old))
    partner[there], iou[there] = pairs.second[best[there]], pairs.iou[best[there]]
    paired = kept[kinds[0][pairs.first[kept]] == PAIR]
    partner[pairs.first[paired]], iou[pairs.first[paired]] = pairs.second[paired], pairs.iou[paired]
    return Relations(*kinds, partner, iou, covered, covering, pairs.first[kept], pairs.second[kept])


def _covered(
    owner: NDArray[np.intp], shared: NDArray[np.float64], area: NDArray[np.float64]
) -> NDArray[np.float64]:
    sums = np.bincount(owner, weights=shared, minlength=len(area))
    share = np.divide(sums, area, out=np.zeros(len(area)), where=area > 0)
    return np.asarray(np.minimum(share, 1.0))


def _classify(
    pairs: Overlaps, linked: NDArray[np.intp], kinds: tuple[NDArray[np.int8], NDArray[np.int8]]
) -> NDArray[np.intp]:
    """Fill in what outlines are by the links between them; returns the links that count, rising.

    In a tangle, several on both sides, strong pairs are taken out first, and the rest is looked at
    again.
    """
    tangled = _settle(pairs, linked, kinds)
    strong = tangled[pairs.iou[tangled] >= STRONG]
    strong = one_to_one(pairs, strong[np.argsort(-pairs.iou[strong], kind="stable")])
    taken_old, taken_new = pairs.first[strong], pairs.second[strong]
    rest = tangled[
        ~np.isin(pairs.first[tangled], taken_old) & ~np.isin(pairs.second[tangled], taken_new)
    ]
    for side, members in ((0, pairs.first[tangled]), (1, pairs.second[tangled])):
        kinds[side][members] = COVERED
    left = _settle(pairs, rest, kinds)
    kinds[0][pairs.first[left]], kinds[1][pairs.second[left]] = TANGLED, TANGLED
    kinds[0][taken_old], kinds[1][taken_new] = PAIR, PAIR
    dropped = np.setdiff1d(tangled, np.concatenate([strong, rest]))
    return np.setdiff1d(linked, dropped)


def _settle(
    pairs: Overlaps, linked: NDArray[np.intp], kinds: tuple[NDArray[np.int8], NDArray[np.int8]]
) -> NDArray[np.intp]:
    """Fill in pairs, splits and mergers; returns the links of tangles."""
    first, second = pairs.first[linked], pairs.second[linked]
    size = len(kinds[0])
    graph = coo_array(
        (np.ones(len(linked), np.int8), (first, second + size)),
        shape=(size + len(kinds[1]),) * 2,
    )
    _, group = connected_components(graph, directed=False)
    count = group.max(initial=-1) + 1
    olds = np.bincount(group[np.unique(first)], minlength=count)[group[first]]
    news = np.bincount(group[np.unique(second) + size], minlength=count)[group[first]]
    for chosen, kind in (
        ((olds == 1) & (news == 1), PAIR),
        ((olds == 1) & (news > 1), SPLIT),
        ((olds > 1) & (news == 1), MERGED),
    ):
        kinds[0][first[chosen]], kinds[1][second[chosen]] = kind, kind
    return np.asarray(linked[(olds > 1) & (news > 1)])

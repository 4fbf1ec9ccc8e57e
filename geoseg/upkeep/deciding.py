"""What became of every old building, and which of the new ones are new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.upkeep.fitting import Fit, aligned_iou, fit
from geoseg.upkeep.odds import decided, false, gone, real
from geoseg.upkeep.relating import (
    APART,
    COVERED,
    MERGED,
    PAIR,
    PARTLY,
    SPLIT,
    TANGLED,
    Relations,
)
from geoseg.upkeep.settings import UpdateSettings

LEAST_M2 = 8.0
"""Smaller differences of two outlines are none,"""
LEAST_SHARE = 0.08
"""and those of a smaller share of the old area."""
SPREAD = 0.75
"""This quantile of the differences of all pairs, doubled, is how badly the new outlines are drawn."""
MOVED_IOU = 0.75
"""A building that moved has the same outline there, by intersection over union."""
SEEN = 0.9
"""An old building that was not found is unseen where less of it was observed,"""
HALF = 0.5
"""and any other where less than this was."""
FOUND, SAME, SWALLOWED, LITTLE, UNCLEAR = 0.98, 0.95, 0.85, 0.6, 0.7
"""How sure it is that a building stands as it was: found; divided otherwise on the same ground; found
within another; found a little; in a tangle."""


@dataclass(slots=True)
class Olds:
    """What is said of (n,) old buildings, and why."""

    decision: NDArray[np.object_]
    """(n,) what became of each."""
    sure: NDArray[np.float64]
    """(n,) probability that it is right; NaN where an earlier update or a person said so."""
    proposal: NDArray[np.object_]
    """(n,) what it may be instead, where that is not unlikely; else empty."""
    reason: NDArray[np.object_]
    """(n,) why a person should look, in words; else empty."""
    probability: NDArray[np.float64]
    """(n,) mean probability of building under the outline; NaN where not looked at."""
    added_m2: NDArray[np.float64]
    """(n,) area that the new outline has more; NaN where there is no pair."""
    removed_m2: NDArray[np.float64]
    """(n,) area that it has less."""
    off: NDArray[np.float64]
    """(n, 2) from old to new beyond the shift of the quarter, metres; NaN where there is no pair."""


@dataclass(frozen=True, slots=True)
class News:
    """What is said of (m,) new outlines."""

    sure: NDArray[np.float64]
    """(m,) probability that it is a building that the old layer lacks; 0 for those it has."""
    proposal: NDArray[np.object_]
    """(m,) "new", "perhaps new", or empty."""
    reason: NDArray[np.object_]
    """(m,) why a person should look; else empty."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of both layers, on one plane, the new outlines moved to where the old would be."""

    old: NDArray[np.object_]
    """(n,) polygons; empty where a row has none."""
    new: NDArray[np.object_]
    """(m,) polygons."""
    relations: Relations
    """What they are to each other."""
    confidence: NDArray[np.float64]
    """(m,) NaN where not known."""
    presence: NDArray[np.float64]
    """(m,) probability to be there at all; NaN where not known."""
    at_edge: NDArray[np.bool_]
    """(m,) True for those that may be cut."""
    height_m: NDArray[np.float64]
    """(m,) NaN where not known."""
    observed: NDArray[np.float64]
    """(n,) share of each old one that was in sight."""
    in_sight: NDArray[np.bool_]
    """(m,) True for new ones that lie where both layers should have them."""

    @property
    def lost(self) -> NDArray[np.intp]:
        """Old ones that were in sight and not found at all."""
        apart = (self.relations.old == APART) & (self.observed >= SEEN)
        return np.flatnonzero(apart & (shapely.area(self.old) > 0))


def decide_old(
    ground: Ground, probability: NDArray[np.float64] | None, settings: UpdateSettings
) -> Olds:
    """Decide on every old building.

    Args:
        ground: The two layers.
        probability: (lost,) mean probability under those not found; None: nobody looked.
        settings: The choices.
    """
    kinds, size = ground.relations.old, len(ground.old)
    out = Olds(
        np.full(size, "kept", dtype=object),
        np.full(size, FOUND),
        np.full(size, "", dtype=object),
        np.full(size, "", dtype=object),
        np.full(size, np.nan),
        np.full(size, np.nan),
        np.full(size, np.nan),
        np.full((size, 2), np.nan),
    )
    _of_pairs(ground, np.flatnonzero(kinds == PAIR), settings, out)
    _of_several(ground, settings, out)
    for kind, sure, reason in (
        (COVERED, SWALLOWED, "lies within a larger new outline"),
        (PARTLY, LITTLE, "a new outline covers a part of it"),
        (TANGLED, UNCLEAR, "several old and several new outlines overlap"),
    ):
        out.sure[kinds == kind], out.reason[kinds == kind] = sure, reason
    _of_lost(ground, probability, settings, out)
    return out


def _of_pairs(ground: Ground, rows: NDArray[np.intp], settings: UpdateSettings, out: Olds) -> None:
    """Kept, moved or changed."""
    if not len(rows):
        return
    partner = ground.relations.partner[rows]
    old, new = ground.old[rows], ground.new[partner]
    found = fit(old, new, eaves_m=settings.eaves_m, tolerance_m=settings.tolerance_m)
    area = shapely.area(old)
    differs = found.added_m2 + found.removed_m2
    usual = 2 * float(np.quantile(differs / area, SPREAD))
    least = np.maximum(LEAST_M2, LEAST_SHARE * area)
    limit = np.maximum(least, (LEAST_SHARE + usual) * area)
    whole = ~ground.at_edge[partner]
    sure = np.where(np.isnan(ground.confidence[partner]), FOUND, ground.confidence[partner])
    believed = sure >= settings.sure
    moved = whole & _moved(old, new, found, limit, settings)
    changed = whole & ~moved & (differs >= limit)
    out.added_m2[rows], out.removed_m2[rows] = found.added_m2, found.removed_m2
    out.off[rows] = found.off
    for chosen, decision, reason in (
        (moved, "moved", "the same outline lies elsewhere"),
        (changed, "changed", "the new outline differs"),
        (
            whole & ~moved & ~changed & (differs >= least),
            "changed",
            "the new outline differs a little",
        ),
    ):
        certain = chosen & believed & (differs >= limit if decision == "changed" else True)
        out.decision[rows[certain]], out.sure[rows[certain]] = decision, sure[certain]
        doubtful = chosen & ~certain
        share = np.minimum(differs / limit, 1) if decision == "changed" else np.ones(len(rows))
        out.sure[rows[doubtful]] = 1 - HALF * (share * sure)[doubtful]
        out.proposal[rows[doubtful]], out.reason[rows[doubtful]] = decision, reason


def _moved(
    old: NDArray[np.object_],
    new: NDArray[np.object_],
    found: Fit,
    limit: NDArray[np.float64],
    settings: UpdateSettings,
) -> NDArray[np.bool_]:
    """(n,) True where the same outline lies elsewhere."""
    moved = np.asarray(np.hypot(*found.off.T) >= settings.moved_m, dtype=bool)
    far = np.flatnonzero(moved)
    if not len(far):
        return moved
    off = found.off[far]
    same = aligned_iou(old[far], new[far], off) >= MOVED_IOU
    back = np.repeat(off, shapely.get_num_coordinates(new[far]), axis=0)
    aligned = shapely.set_coordinates(new[far].copy(), shapely.get_coordinates(new[far]) - back)
    there = fit(old[far], aligned, eaves_m=settings.eaves_m, tolerance_m=settings.tolerance_m)
    moved[far] = same & (there.added_m2 + there.removed_m2 < limit[far])
    return moved


def _of_several(ground: Ground, settings: UpdateSettings, out: Olds) -> None:
    """Split or merged, where a gap came or went; else kept: seen otherwise than drawn."""
    links, kinds = ground.relations, ground.relations.old
    sure = np.where(np.isnan(ground.confidence), FOUND, ground.confidence)
    gap_m = 2 * settings.tolerance_m
    split = kinds[links.first] == SPLIT
    owner, part = links.first[split], links.second[split]
    apart = _gaps(ground.new[part], owner)
    for row, width, least in _groups(owner, apart, sure[part]):
        real_gap = width >= gap_m
        out.decision[row] = "split" if real_gap else "kept"
        out.sure[row] = min(least, SWALLOWED) if real_gap else SAME
        out.proposal[row] = "" if real_gap else "split"
        out.reason[row] = (
            "several new outlines, with room between them, lie on it"
            if real_gap
            else "several new outlines that touch lie on it"
        )
    merged = kinds[links.first] == MERGED
    member, whole = links.first[merged], links.second[merged]
    order = np.argsort(whole, kind="stable")
    member, whole = member[order], whole[order]
    apart = _gaps(ground.old[member], whole)
    wide = np.zeros(len(ground.new))
    np.maximum.at(wide, whole, apart)
    closed = wide[whole] >= gap_m + 2 * settings.eaves_m
    out.decision[member[closed]] = "merged"
    out.sure[member] = np.where(closed, np.minimum(sure[whole], SWALLOWED), SAME)
    out.proposal[member[~closed]] = "merged"
    out.reason[member] = np.where(
        closed,
        "one new outline covers it, its neighbours and the room between them",
        "one new outline covers it and neighbours that touch it or nearly so",
    )


def _gaps(shapes: NDArray[np.object_], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """(n,) distance of each to the nearest other one of its group, groups following each other."""
    out = np.full(len(shapes), np.inf)
    for step in range(1, int(np.bincount(group).max(initial=1))):
        same = group[step:] == group[:-step]
        if not same.any():
            break
        first = np.flatnonzero(same)
        apart = shapely.distance(shapes[first], shapes[first + step])
        np.minimum.at(out, first, apart)
        np.minimum.at(out, first + step, apart)
    return np.where(np.isinf(out), 0.0, out)


def _groups(
    owner: NDArray[np.intp], apart: NDArray[np.float64], sure: NDArray[np.float64]
) -> list[tuple[int, float, float]]:
    """Row, widest gap and least confidence of each group, groups following each other."""
    if not len(owner):
        return []
    rows, begins = np.unique(owner, return_index=True)
    widest = np.maximum.reduceat(apart, begins)
    least = np.minimum.reduceat(sure, begins)
    return list(zip(rows.tolist(), widest.tolist(), least.tolist(), strict=True))


def _of_lost(
    ground: Ground,
    probability: NDArray[np.float64] | None,
    settings: UpdateSettings,
    out: Olds,
) -> None:
    """Gone, only not found, or out of sight."""
    kinds, lost = ground.relations.old, ground.lost
    nothing = shapely.area(ground.old) == 0
    unseen = nothing | (ground.observed < np.where(kinds == APART, SEEN, HALF))
    under = np.full(len(lost), np.nan) if probability is None else probability
    out.probability[lost] = under
    if probability is not None:
        unseen[lost[np.isnan(under)]] = True
        lost, under = lost[np.isfinite(under)], under[np.isfinite(under)]
    seen = int((~unseen).sum())
    chance = gone(under, seen, settings.age_years, settings.recall)
    certain = decided(chance, settings.sure)
    out.decision[lost[certain]] = "gone"
    out.sure[lost] = np.where(certain, chance, 1 - chance)
    out.proposal[lost[~certain]] = "gone"
    out.reason[lost] = np.where(
        np.isfinite(under),
        "not found; what lies there was looked at again",
        "not found; nobody looked at what lies there",
    )
    out.decision[unseen], out.sure[unseen] = "unseen", 1.0
    out.proposal[unseen], out.reason[unseen] = "", ""
    out.added_m2[unseen] = out.removed_m2[unseen] = np.nan
    out.off[unseen] = np.nan


def decide_new(ground: Ground, settings: UpdateSettings) -> News:
    """Decide which new outlines are buildings that the old layer lacks."""
    kinds = ground.relations.new
    sure = np.zeros(len(kinds))
    proposal, reason = (np.full(len(kinds), "", dtype=object) for _ in range(2))
    alone = (kinds == APART) & ground.in_sight
    made_up = false(ground.confidence, ground.presence)
    sure[alone] = real(made_up[alone], made_up[~alone], ground.height_m[alone], settings.age_years)
    certain = alone & ~ground.at_edge
    certain[certain] = decided(sure[certain], settings.sure)
    proposal[certain] = "new"
    cut = alone & ground.at_edge & (sure > 1 - settings.sure)
    doubtful = alone & ~certain & ~cut & (sure > 1 - settings.sure)
    partly = (kinds == PARTLY) & ground.in_sight
    sure[partly] = HALF * np.where(
        np.isnan(ground.confidence[partly]), FOUND, ground.confidence[partly]
    )
    proposal[cut | doubtful | partly] = "perhaps new"
    reason[alone] = "apart from all old outlines; may be a mistake"
    reason[cut] = "cut off at the edge of the imagery"
    reason[partly] = "overlaps an old outline a little: an extension, or a house drawn too large"
    return News(sure, proposal, reason)

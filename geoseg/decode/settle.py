"""What is finished, what it amounts to, and what may leave.

All functions see the open labels as a whole; every label stands for its root. *Finished*: no later
row can add a pixel. *Settled*: the numbers, and whether it is kept or dropped, are known too; that
takes finished neighbours. *Leaving*: settled, with everything its cracks name.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.families import Odds, leads_of, with_ends
from geoseg.decode.groups import Roots, all_of, mark_groups
from geoseg.decode.params import DecodeParams
from geoseg.decode.scan import is_node
from geoseg.decode.store import (
    AT_EDGE,
    BODY_SUM,
    CRACKS,
    ENDLESS,
    FROZEN,
    JUNCTIONS,
    KEY,
    LABELS,
    LAST_ROW,
    LOOSE,
    PIXELS,
    REACH,
    REMNANT,
    Store,
)
from geoseg.kernels.jit import Integer, inner_jit, jit
from geoseg.kernels.unionfind import find, unite
from geoseg.types import NO_BUILDING

TOUCHES_NONE, TOUCHES_MANY = -1, -2

REASONS = ("too_small", "unsure", "remnant")
"""Why a building, or body without a seed, is dropped."""

SETTLING_ROUNDS = 4
"""Neighbours of neighbours a loose building waits for: a remnant's owner is known when its own
neighbours are finished (1), a building's numbers when its remnants' owners are (2), a remnant's
numbers when its owner's are (3), and a building's cracks when its neighbours' keys are (4)."""


class Verdict(NamedTuple):
    """What is known of every label; meaningful where it leaves or is a neighbour of one leaving."""

    owner: NDArray[np.int32]
    """(labels,) the building it belongs to: itself, the first of its family where that is one, or
    the only one that a remnant touches."""
    key: NDArray[np.int64]
    """(labels,) key of that building; NO_BUILDING where dropped, and for background."""
    leaving: NDArray[np.bool_]
    """(labels,) whether it leaves now."""
    dropped: NDArray[np.int64]
    """(3,) how many leave without being buildings, by the order of REASONS."""
    totals: NDArray[np.int64]
    """(labels, columns) the store's table summed over all a building owns, in its owner's row."""


@jit
def resolve(store: Store) -> Roots:
    """Roots of all labels, with the numbers of each building folded into its root's row."""
    labels = store.used[LABELS]
    table = store.table
    building = np.empty(labels, np.int32)
    family = np.empty(labels, np.int32)
    cluster = np.empty(labels, np.int32)
    for label in range(labels):
        root = find(store.parent, label)
        building[label] = root
        if root != label:
            unite(store.family, root, label)
            unite(store.near, root, label)
            fold(table, root, label)
    for label in range(labels):
        family[label] = find(store.family, label)
        cluster[label] = find(store.near, label)
    return Roots(building, family, cluster)


@inner_jit
def fold(table: NDArray[np.int64], into: Integer, label: int) -> None:
    """Add the numbers of one label to another's."""
    table[into, PIXELS] += table[label, PIXELS]
    table[into, BODY_SUM] += table[label, BODY_SUM]
    table[into, KEY] = min(table[into, KEY], table[label, KEY])
    for column in (LAST_ROW, AT_EDGE, LOOSE, ENDLESS):
        table[into, column] = max(table[into, column], table[label, column])


def tidy(store: Store, building: NDArray[np.int32]) -> None:
    """Rename records to roots; those within one building, or no longer junctions, go."""
    kept = rename(store.open_cracks, store.open_junctions, building)
    store.used[CRACKS], store.used[JUNCTIONS] = kept


@jit
def rename(
    cracks: NDArray[np.int32], junctions: NDArray[np.int32], building: NDArray[np.int32]
) -> tuple[int, int]:
    """Put roots into records, those that are kept in front; how many cracks and junctions are."""
    kept = 0
    for place in range(len(cracks)):
        before, after = building[cracks[place, 3]], building[cracks[place, 4]]
        if before != after:
            for column in range(3):
                cracks[kept, column] = cracks[place, column]
            cracks[kept, 3] = before
            cracks[kept, 4] = after
            kept += 1
    nodes = 0
    for place in range(len(junctions)):
        junctions[nodes, 0], junctions[nodes, 1] = junctions[place, 0], junctions[place, 1]
        for corner in range(2, 6):
            junctions[nodes, corner] = building[junctions[place, corner]]
        upper_left, upper = np.int64(junctions[nodes, 2]), np.int64(junctions[nodes, 3])
        left, here = np.int64(junctions[nodes, 4]), np.int64(junctions[nodes, 5])
        nodes += is_node(upper_left, upper, left, here)
    return kept, nodes


@jit
def count_cracks(
    cracks: NDArray[np.int32], cluster: NDArray[np.int32], finished: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """(labels,) by cluster root: the cracks that are certain, of which one side is finished.

    In a finished cluster that is all its cracks, with remnants and what will be dropped counted as
    buildings, so the sum is a property of the labels, and until then it only grows towards it.
    """
    counts = np.zeros(len(cluster), np.int64)
    for place in range(len(cracks)):
        before, after = cracks[place, 3], cracks[place, 4]
        if before == 0 or after == 0 or finished[before] or finished[after]:
            counts[cluster[max(before, after)]] += 1
    return counts


def owners(store: Store, lead: NDArray[np.int32]) -> NDArray[np.int32]:
    """(labels,) a remnant that touches one building alone belongs to it; others to their leads."""
    touched = np.full(len(lead), TOUCHES_NONE, np.int32)
    touch(store.open_cracks, store.table, lead, touched)
    return np.where(touched >= 0, touched, lead)


@jit
def touch(
    cracks: NDArray[np.int32],
    table: NDArray[np.int64],
    lead: NDArray[np.int32],
    touched: NDArray[np.int32],
) -> None:
    """Write the building that each remnant touches, or that it touches several."""
    for place in range(len(cracks)):
        one, other = cracks[place, 3], cracks[place, 4]
        if table[one, REMNANT] < table[other, REMNANT]:
            one, other = other, one
        if one == 0 or other == 0 or table[one, REMNANT] == 0 or table[one, FROZEN] != 0:
            continue
        if touched[one] == TOUCHES_NONE:
            touched[one] = lead[other]
        elif touched[one] != lead[other]:
            touched[one] = TOUCHES_MANY


@jit
def settle_round(
    cracks: NDArray[np.int32], junctions: NDArray[np.int32], settled: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(labels,) those settled whose neighbours, also diagonal ones, are settled too."""
    result = settled.copy()
    for place in range(len(cracks)):
        before, after = cracks[place, 3], cracks[place, 4]
        if before != 0 and after != 0 and not (settled[before] and settled[after]):
            result[before] = result[after] = False
    for place in range(len(junctions)):
        corners = junctions[place, 2:]
        waits = False
        for corner in corners:
            waits |= corner != 0 and not settled[corner]
        if waits:
            for corner in corners:
                result[corner] = False
    return result


@jit
def sum_by_owner(
    table: NDArray[np.int64], building: NDArray[np.int32], owner: NDArray[np.int32]
) -> NDArray[np.int64]:
    """(labels, columns) the table of roots, with remnants added to their owners."""
    totals = table[: len(owner)].copy()
    for label in range(len(owner)):
        into = np.int64(owner[label])
        if building[label] == label and into != label and totals[into, FROZEN] == 0:
            fold(totals, into, label)
    return totals


def judge(
    store: Store, params: DecodeParams, scanned_row: int, odds: Odds | None = None
) -> tuple[Roots, Verdict]:
    """Tidy the store and decide what leaves once grid row ``scanned_row`` is scanned.

    ``odds`` tells which families are one building; without it none is.
    """
    roots = with_ends(store, resolve(store), params.max_family_pixels)
    tidy(store, roots.building)
    # A label is 4-connected: rows beyond one without it have none of it, but for seeds ahead, and
    # those are in LAST_ROW.
    finished = store.table[roots.building, LAST_ROW] + REACH <= scanned_row
    mark_loose(store, roots, finished, params.max_cluster_cracks)
    complete = all_of(finished, roots.family)
    whole = all_of(complete, roots.cluster)
    # Only whole clusters and parts of loose ones leave: of others nothing needs to be known yet.
    asked = complete & (whole | (store.table[: len(whole), LOOSE] != 0))
    lead = leads_of(store, roots, asked, params.keeps, odds)
    owner = owners(store, lead)[roots.building]
    totals = sum_by_owner(store.table, roots.building, owner)
    reason = reason_to_drop(totals, params)
    leaving = choose_leaving(store, roots.building, roots.family[owner], complete, whole)
    lead = leaving & (owner == np.arange(len(owner)))
    key = np.where((reason == 0) | (totals[:, FROZEN] != 0), totals[:, KEY], NO_BUILDING)
    key[0] = NO_BUILDING
    dropped = np.bincount(reason[lead], minlength=1 + len(REASONS))[1:]
    return roots, Verdict(owner, key[owner], leaving, dropped, totals)


def mark_loose(store: Store, roots: Roots, finished: NDArray[np.bool_], cap: int) -> None:
    """Set LOOSE for every label whose cluster is loose already or has more cracks than ``cap``."""
    loose = count_cracks(store.open_cracks, roots.cluster, finished) > cap
    mark_groups(store.table, LOOSE, roots.cluster, loose)


def reason_to_drop(totals: NDArray[np.int64], params: DecodeParams) -> NDArray[np.int64]:
    """(labels,) 0 for buildings to keep, else 1 + the place in REASONS."""
    pixels, body_sum = totals[:, PIXELS], totals[:, BODY_SUM]
    remnant = totals[:, REMNANT] != 0
    unsure_remnant = (pixels < params.min_remnant_pixels) | (
        body_sum < params.remnant_mean_body * pixels
    )
    small, unsure = params.faults(pixels, body_sum)
    return np.select([remnant & unsure_remnant, remnant, small, unsure], [3, 0, 1, 2], 0)


def choose_leaving(
    store: Store,
    building: NDArray[np.int32],
    family: NDArray[np.int32],
    complete: NDArray[np.bool_],
    whole: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """(labels,) whole clusters once all of them is finished; of loose ones families once settled."""
    table = store.table[: len(whole)]
    loose = table[:, LOOSE] != 0
    leaving: NDArray[np.bool_] = whole & ~loose
    if loose.any():
        settled = complete
        for _ in range(SETTLING_ROUNDS):
            settled = settle_round(store.open_cracks, store.open_junctions, settled)
        leaving |= all_of(settled[building], family) & loose
    leaving &= table[:, FROZEN] == 0
    leaving[0] = False
    return leaving

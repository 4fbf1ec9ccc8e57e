"""Leaving labels become clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.jit import jit
from geoseg.decode.scan import is_node
from geoseg.decode.settle import Roots, Verdict
from geoseg.decode.store import AT_EDGE, BODY_SUM, CRACKS, JUNCTIONS, LOOSE, PIXELS, Store
from geoseg.types import Cluster, RawInstance

Groups = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Where each unit's places start, one more entry than units; and the places, unit by unit."""


def clusters_of(store: Store, roots: Roots, verdict: Verdict) -> list[Cluster]:
    """Clusters of all buildings that leave, by the smallest key; the store stays as it is."""
    leads, unit_of_lead = assign_units(store, roots, verdict)
    if len(leads) == 0:
        return []
    unit = np.full(len(verdict.owner), -1, np.int64)
    unit[leads] = unit_of_lead
    unit = unit[verdict.owner]
    units = int(unit_of_lead[-1]) + 1
    cracks, crack_starts = cracks_by_unit(store, verdict.key, unit, units)
    nodes, node_starts = nodes_by_unit(store, verdict.key, unit, units)
    instances = raw_instances(verdict, leads)
    lead_starts = np.searchsorted(unit_of_lead, np.arange(units + 1)).tolist()
    loose = (store.table[leads, LOOSE] != 0).tolist()
    clusters = []
    for i in range(units):
        lead, end = lead_starts[i], lead_starts[i + 1]
        part = slice(crack_starts[i], crack_starts[i + 1])
        row, col, vertical, before, after = (column[part] for column in cracks)
        part = slice(node_starts[i], node_starts[i + 1])
        members = tuple(instances[lead:end])
        clusters.append(
            Cluster(members, row, col, vertical, before, after, nodes[part], loose[lead])
        )
    return clusters


def assign_units(
    store: Store, roots: Roots, verdict: Verdict
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels that stand for kept leaving buildings, sorted by (unit, key), and their units.

    A unit becomes one Cluster: a whole cluster, or one building of a loose one. Units are numbered
    by their smallest keys.
    """
    labels = np.arange(len(verdict.owner))
    leads = labels[verdict.leaving & (verdict.owner == labels) & (verdict.key >= 0)]
    leads = leads[np.argsort(verdict.key[leads])]
    loose = store.table[leads, LOOSE] != 0
    handle = np.where(loose, leads + len(labels), roots.cluster[leads])
    _, first, inverse = np.unique(handle, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    unit = rank[inverse]
    order = np.argsort(unit, kind="stable")
    return leads[order], unit[order]


def raw_instances(verdict: Verdict, leads: NDArray[np.int64]) -> list[RawInstance]:
    """The buildings behind the labels, in their order."""
    totals = verdict.totals[leads]
    return [
        RawInstance(key, pixels, body_sum, bool(at_edge))
        for key, pixels, body_sum, at_edge in zip(
            verdict.key[leads].tolist(),
            totals[:, PIXELS].tolist(),
            totals[:, BODY_SUM].tolist(),
            totals[:, AT_EDGE].tolist(),
            strict=True,
        )
    ]


def cracks_by_unit(
    store: Store, key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> tuple[tuple[NDArray[Any], ...], list[int]]:
    """The five crack arrays of Cluster for all units in turn, and where each unit starts."""
    starts, places = group_cracks(store, key, unit, units)
    rows = store.cracks[places]
    row, col = np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])
    return (row, col, rows[:, 2] != 0, key[rows[:, 3]], key[rows[:, 4]]), starts.tolist()


def nodes_by_unit(
    store: Store, key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> tuple[NDArray[np.int32], list[int]]:
    """(n, 2) nodes of all units in turn, and where each unit starts."""
    starts, places = group_junctions(store, key, unit, units)
    return store.junctions[places, :2], starts.tolist()


@jit
def group_cracks(
    store: Store, key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> Groups:
    """Places of the cracks of every unit, in order; a crack between two units is in both."""
    starts = np.zeros(units + 1, np.int64)
    places = np.empty(0, np.int64)
    for write in (False, True):
        for place in range(store.used[CRACKS]):
            before, after = store.cracks[place, 3], store.cracks[place, 4]
            if key[before] == key[after]:
                continue
            put(starts, places, unit[before], place, write)
            if unit[after] != unit[before]:
                put(starts, places, unit[after], place, write)
        if not write:
            places = allot(starts)
    return rewind(starts), places


@jit
def group_junctions(
    store: Store, key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> Groups:
    """Places of the junctions that are nodes of every unit, in order."""
    starts = np.zeros(units + 1, np.int64)
    places = np.empty(0, np.int64)
    for write in (False, True):
        for place in range(store.used[JUNCTIONS]):
            corners = store.junctions[place, 2:]
            keys = key[corners]
            if not is_node(keys[0], keys[1], keys[2], keys[3]):
                continue
            for i in range(4):
                known = False
                for j in range(i):
                    known |= unit[corners[j]] == unit[corners[i]]
                if not known:
                    put(starts, places, unit[corners[i]], place, write)
        if not write:
            places = allot(starts)
    return rewind(starts), places


@jit
def put(
    starts: NDArray[np.int64], places: NDArray[np.int64], unit: int, place: int, write: bool
) -> None:
    """Count a place for a unit, and in the second pass write it down; unit -1 is none."""
    if unit < 0:
        return
    if write:
        places[starts[unit]] = place
    starts[unit] += 1


@jit
def allot(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn counts into starts; returns space for all places."""
    total = 0
    for unit in range(len(starts)):
        count = starts[unit]
        starts[unit] = total
        total += count
    return np.empty(total, np.int64)


@jit
def rewind(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Starts again, after the second pass has moved each to its unit's end."""
    starts = np.zeros(len(ends), np.int64)
    starts[1:] = ends[:-1]
    return starts

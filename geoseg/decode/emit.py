"""Leaving labels become clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.groups import Roots
from geoseg.decode.scan import NODE_CRACKS
from geoseg.decode.settle import Verdict
from geoseg.decode.store import AT_EDGE, BODY_SUM, CRACKS, JUNCTIONS, LOOSE, PIXELS, Store
from geoseg.kernels.jit import jit
from geoseg.types import Cluster, RawInstance

Grouping = tuple[NDArray[np.int64], NDArray[np.int64]]
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


def group_cracks(
    store: Store, key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> Grouping:
    """Places of the cracks of every unit, in order; a crack between two units is in both."""
    sides = store.cracks[: store.used[CRACKS], 3:]
    places = np.flatnonzero(key[sides[:, 0]] != key[sides[:, 1]])
    return grouped(places, unit[sides[places]], units)


def group_junctions(
    store: Store, key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> Grouping:
    """Places of the junctions that are nodes of every unit, in order."""
    corners = store.junctions[: store.used[JUNCTIONS], 2:]
    upper_left, upper, left, here = key[corners].T
    cracks = (upper_left != upper).astype(np.int64) + (here != left)
    places = np.flatnonzero(cracks + (upper != here) + (left != upper_left) >= NODE_CRACKS)
    return grouped(places, unit[corners[places]], units)


def grouped(places: NDArray[np.int64], members: NDArray[np.int64], units: int) -> Grouping:
    """The places unit by unit, given the (places, n) units of each; -1 is none."""
    for one in range(1, members.shape[1]):
        for other in range(one):
            members[members[:, one] == members[:, other], one] = -1
    counts = np.bincount(members[members >= 0], minlength=units)
    starts = np.concatenate([[0], np.cumsum(counts)])
    return starts, distributed(places, members, starts[:-1].copy(), np.empty(starts[-1], np.int64))


@jit
def distributed(
    places: NDArray[np.int64],
    members: NDArray[np.int64],
    ends: NDArray[np.int64],
    out: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Write each place behind the others of its units; ``ends`` moves on from the units' starts."""
    for i in range(members.shape[0]):
        for j in range(members.shape[1]):
            unit = members[i, j]
            if unit >= 0:
                out[ends[unit]] = places[i]
                ends[unit] += 1
    return out

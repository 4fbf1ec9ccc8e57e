"""Leaving labels become clusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.groups import Roots
from geoseg.decode.scan import is_node
from geoseg.decode.settle import Verdict
from geoseg.decode.store import AT_EDGE, BODY_SUM, LOOSE, PIXELS, Store
from geoseg.kernels.jit import inner_jit, jit
from geoseg.types import Cluster, RawInstance


def clusters_of(store: Store, roots: Roots, verdict: Verdict) -> list[Cluster]:
    """Clusters of all buildings that leave, by the smallest key; the store stays as it is."""
    leads, unit_of_lead = assign_units(store, roots, verdict)
    if len(leads) == 0:
        return []
    unit = np.full(len(verdict.owner), -1, np.int64)
    unit[leads] = unit_of_lead
    unit = unit[verdict.owner]
    units = int(unit_of_lead[-1]) + 1
    places, keys, starts = cracks_by_unit(store.open_cracks, verdict.key, unit, units)
    columns = (places[0], places[1], places[2] != 0, keys[0], keys[1])
    crack_starts = starts.tolist()
    nodes, starts = nodes_by_unit(store.open_junctions, verdict.key, unit, units)
    node_starts = starts.tolist()
    instances = raw_instances(verdict, leads)
    lead_starts = np.searchsorted(unit_of_lead, np.arange(units + 1)).tolist()
    loose = (store.table[leads, LOOSE] != 0).tolist()
    clusters = []
    for i in range(units):
        lead, end = lead_starts[i], lead_starts[i + 1]
        part = slice(crack_starts[i], crack_starts[i + 1])
        row, col, vertical, before, after = (column[part] for column in columns)
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


@jit
def cracks_by_unit(
    cracks: NDArray[np.int32], key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """The cracks of all units in turn, each unit's in order; a crack between two units is in both.

    Returns:
        (3, n) rows, columns and whether vertical; (2, n) keys before and after; where each unit starts.
    """
    starts = np.zeros(units + 1, np.int64)
    for place in range(len(cracks)):
        before, after = cracks[place, 3], cracks[place, 4]
        if key[before] != key[after]:
            starts[unit[before] + 1] += unit[before] >= 0
            starts[unit[after] + 1] += unit[after] >= 0 and unit[after] != unit[before]
    ends = summed(starts)
    places = np.empty((3, starts[units]), np.int32)
    keys = np.empty((2, starts[units]), np.int64)
    for place in range(len(cracks)):
        before, after = cracks[place, 3], cracks[place, 4]
        if key[before] != key[after]:
            for side in range(2):
                one = unit[after] if side else unit[before]
                if one >= 0 and not (side and one == unit[before]):
                    for column in range(3):
                        places[column, ends[one]] = cracks[place, column]
                    keys[0, ends[one]] = key[before]
                    keys[1, ends[one]] = key[after]
                    ends[one] += 1
    return places, keys, starts


@jit
def nodes_by_unit(
    junctions: NDArray[np.int32], key: NDArray[np.int64], unit: NDArray[np.int64], units: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """(n, 2) nodes of all units in turn, each unit's in order, and where each unit starts."""
    starts = np.zeros(units + 1, np.int64)
    for place in range(len(junctions)):
        corners = junctions[place, 2:]
        if is_node(key[corners[0]], key[corners[1]], key[corners[2]], key[corners[3]]):
            for corner in range(4):
                one = unit[corners[corner]]
                starts[one + 1] += one >= 0 and is_first(unit, corners, corner)
    ends = summed(starts)
    nodes = np.empty((starts[units], 2), np.int32)
    for place in range(len(junctions)):
        corners = junctions[place, 2:]
        if is_node(key[corners[0]], key[corners[1]], key[corners[2]], key[corners[3]]):
            for corner in range(4):
                one = unit[corners[corner]]
                if one >= 0 and is_first(unit, corners, corner):
                    nodes[ends[one], 0] = junctions[place, 0]
                    nodes[ends[one], 1] = junctions[place, 1]
                    ends[one] += 1
    return nodes, starts


@inner_jit
def is_first(unit: NDArray[np.int64], corners: NDArray[np.int32], corner: int) -> bool:
    """Whether no corner before this one is of the same unit."""
    for other in range(corner):  # noqa: SIM110  # compiled
        if unit[corners[other]] == unit[corners[corner]]:
            return False
    return True


@inner_jit
def summed(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Turn counts, each one place late, into starts; returns a copy without the last."""
    for place in range(1, len(counts)):
        counts[place] += counts[place - 1]
    return counts[:-1].copy()

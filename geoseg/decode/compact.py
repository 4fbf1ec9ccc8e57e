"""What has left gives its space back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.groups import Roots
from geoseg.decode.settle import Verdict
from geoseg.decode.store import (
    COLUMNS,
    FROZEN,
    KEY,
    LABELS,
    LOOSE,
    REACH,
    Recent,
    Store,
    with_less_room,
)
from geoseg.kernels.jit import jit

CRACK_SIDES, JUNCTION_SIDES = 3, 2
"""First columns of cracks and of junctions that hold labels."""


def compacted(store: Store, roots: Roots, verdict: Verdict) -> tuple[Store, NDArray[np.int32]]:
    """The store of what stays, in the same arrays, and every old label's new one.

    Buildings that left while neighbours stay are frozen: their keys stay as long as a crack or a
    junction of those neighbours names them.
    """
    labels = int(store.used[LABELS])
    table = store.table[:labels]
    frozen = (table[:, FROZEN] != 0) | (verdict.leaving & (table[:, LOOSE] != 0))
    table[frozen, KEY] = verdict.key[frozen]
    table[frozen, FROZEN] = 1
    stays = (roots.building == np.arange(labels)) & ~verdict.leaving & ~frozen
    stays[0] = False
    rename = squeeze(store, roots.family, roots.cluster, stays)
    return with_less_room(store), rename[roots.building]


def squeeze(
    store: Store,
    family: NDArray[np.int32],
    cluster: NDArray[np.int32],
    stays: NDArray[np.bool_],
) -> NDArray[np.int32]:
    """Move what is kept to the front of the store's own arrays, with new labels in the old order.

    Kept are records of which a label stays, and the labels that they name. Families and clusters are
    rooted in their smallest kept labels.

    Returns:
        (labels,) new labels; 0 for those that go.
    """
    keep = stays.copy()
    keep[0] = True
    cracks = keep_records(store.open_cracks, CRACK_SIDES, stays, keep)
    junctions = keep_records(store.open_junctions, JUNCTION_SIDES, stays, keep)
    rename, of_family, of_cluster = np.zeros((3, len(stays)), np.int32)
    columns = store.parent, store.family, store.near, store.table
    labels = renumber(columns, (family, cluster), keep, (rename, of_family, of_cluster))
    store.used[:] = labels, cracks, junctions
    relabel(store.open_cracks, CRACK_SIDES, rename)
    relabel(store.open_junctions, JUNCTION_SIDES, rename)
    return rename


@jit
def renumber(
    columns: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]],
    groups: tuple[NDArray[np.int32], NDArray[np.int32]],
    keep: NDArray[np.bool_],
    out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
) -> int:
    """Move labels that are kept to the front of the store's columns; how many there are.

    ``groups`` are the roots of families and clusters. Writes new labels, and by root the first one that is kept.
    """
    (parent, of_family, near, table), (family, cluster) = columns, groups
    rename, first_of_family, first_of_cluster = out
    kept = 0
    for label in range(len(keep)):
        if keep[label]:
            rename[label] = kept
            # 0 is the background's new label, and that of groups of which nothing was kept yet.
            if first_of_family[family[label]] == 0:
                first_of_family[family[label]] = kept
            if first_of_cluster[cluster[label]] == 0:
                first_of_cluster[cluster[label]] = kept
            parent[kept] = kept
            of_family[kept] = first_of_family[family[label]]
            near[kept] = first_of_cluster[cluster[label]]
            for column in range(COLUMNS):
                table[kept, column] = table[label, column]
            kept += 1
    return kept


@jit
def keep_records(
    records: NDArray[np.int32],
    first_column: int,
    stays: NDArray[np.bool_],
    keep: NDArray[np.bool_],
) -> int:
    """Move records of which a label stays to the front; returns how many.

    ``stays`` are the labels that do, ``keep`` those that are kept, to which all labels of such records are
    added.
    """
    kept = 0
    for place in range(len(records)):
        wanted = False
        for column in range(first_column, records.shape[1]):
            wanted |= stays[records[place, column]]
        if wanted:
            for column in range(records.shape[1]):
                records[kept, column] = records[place, column]
                if column >= first_column:
                    keep[records[place, column]] = True
            kept += 1
    return kept


@jit
def relabel(records: NDArray[np.int32], first_column: int, rename: NDArray[np.int32]) -> None:
    """Give the records new labels from ``first_column`` on."""
    for place in range(len(records)):
        for column in range(first_column, records.shape[1]):
            records[place, column] = rename[records[place, column]]


def rename_rows(
    labels: NDArray[np.int32], recent: Recent, scanned_row: int, rename: NDArray[np.int32]
) -> None:
    """Put new labels into the rows in work; forget pixels that no later row can reach."""
    labels[:] = rename[labels]
    recent.label[recent.row <= scanned_row - REACH] = 0
    recent.label[:] = rename[recent.label]

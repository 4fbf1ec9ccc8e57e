"""What has left gives its space back."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.groups import Roots
from geoseg.decode.settle import Verdict
from geoseg.decode.store import FROZEN, KEY, LOOSE, REACH, Recent, Store
from geoseg.kernels.jit import jit


def compacted(store: Store, roots: Roots, verdict: Verdict) -> tuple[Store, NDArray[np.int32]]:
    """The store of what stays, and every old label's new one.

    Buildings that left while neighbours stay are frozen: their keys stay as long as a crack or a
    junction of those neighbours names them.
    """
    labels, cracks, junctions = (int(n) for n in store.used)
    table = store.table[:labels]
    frozen = (table[:, FROZEN] != 0) | (verdict.leaving & (table[:, LOOSE] != 0))
    table[frozen, KEY] = verdict.key[frozen]
    table[frozen, FROZEN] = 1
    stays = (roots.building == np.arange(labels)) & ~verdict.leaving & ~frozen
    stays[0] = False
    named = np.zeros(labels, np.bool_)
    kept_cracks = name_and_keep(store.cracks[:cracks, 3:], stays, named)
    kept_junctions = name_and_keep(store.junctions[:junctions, 2:], stays, named)
    keep = stays | named
    keep[0] = True
    rename = renamed(keep)
    near = nearest(roots.cluster, keep, rename)
    new = Store(
        parent=np.arange(len(near), dtype=np.int32),
        family=nearest(roots.family, keep, rename),
        near=near,
        table=table[keep],
        cracks=relabelled(store.cracks[:cracks][kept_cracks], 3, rename),
        junctions=relabelled(store.junctions[:junctions][kept_junctions], 2, rename),
        used=np.array([len(near), kept_cracks.sum(), kept_junctions.sum()]),
    )
    return new, rename[roots.building]


@jit
def name_and_keep(
    records: NDArray[np.int32], stays: NDArray[np.bool_], named: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(records,) True where one of the labels stays; all labels of those are marked as named."""
    keep = np.zeros(len(records), np.bool_)
    for place in range(len(records)):
        for label in records[place]:
            keep[place] |= stays[label]
        if keep[place]:
            for label in records[place]:
                named[label] = True
    return keep


def renamed(keep: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(labels,) new labels in the old order; 0 for those that go."""
    return np.where(keep, np.cumsum(keep) - 1, 0).astype(np.int32)


def nearest(
    group: NDArray[np.int32], keep: NDArray[np.bool_], rename: NDArray[np.int32]
) -> NDArray[np.int32]:
    """(kept labels,) a union-find over groups, each rooted in its smallest kept label."""
    kept = np.flatnonzero(keep)
    _, first, inverse = np.unique(group[kept], return_index=True, return_inverse=True)
    return rename[kept[first[inverse]]]


def relabelled(
    records: NDArray[np.int32], first_column: int, rename: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The records with new labels from ``first_column`` on, changed in place."""
    records[:, first_column:] = rename[records[:, first_column:]]
    return records


def rename_rows(
    labels: NDArray[np.int32], recent: Recent, scanned_row: int, rename: NDArray[np.int32]
) -> None:
    """Put new labels into the rows in work; forget pixels that no later row can reach."""
    labels[:] = rename[labels]
    recent.label[recent.row <= scanned_row - REACH] = 0
    recent.label[:] = rename[recent.label]

"""Final rows, one after another: numbers of every label, its cracks, its family, who is near it."""

from __future__ import annotations

import numpy as np

from geoseg.decode.grow import joined
from geoseg.decode.store import (
    AT_EDGE,
    BODY,
    BODY_SUM,
    CRACKS,
    INNER,
    INVALID,
    JUNCTIONS,
    KEY,
    LABELS,
    LAST_ROW,
    PIXELS,
    REACH,
    SEED,
    UNREACHED,
    Recent,
    RowWindow,
    Store,
)
from geoseg.kernels.jit import Integer, inner_jit, jit
from geoseg.kernels.unionfind import find, unite

NODE_CRACKS = 3


@jit
def scan_rows(
    window: RowWindow, recent: Recent, store: Store, first_row: int, rows: tuple[int, int]
) -> int:
    """Scan window rows from ``rows[0]`` up to ``rows[1]``; returns the first without room for it.

    ``first_row`` is the grid row of window row 0.
    """
    for row in range(rows[0], rows[1]):
        if not has_room(store, window.kind.shape[1] - 2):
            return row
        label_remnants(window, store, row, first_row + row)
        measure(window, store, row, first_row + row)
        relate(window, store, row)
        link(window, recent, store, row, first_row + row)
        trace(window, store, row, first_row + row)
    return rows[1]


@inner_jit
def has_room(store: Store, width: int) -> bool:
    """Whether one row, whatever it holds, fits."""
    return bool(
        len(store.parent) - store.used[LABELS] >= width
        and len(store.cracks) - store.used[CRACKS] >= 2 * width + 2
        and len(store.junctions) - store.used[JUNCTIONS] >= width + 1
    )


@inner_jit
def label_remnants(window: RowWindow, store: Store, row: int, grid_row: int) -> None:
    """Label body that no seed reaches by its own 4-connected components."""
    upper, labels = window.label[row - 1], window.label[row]
    upper_steps, steps = window.steps[row - 1], window.steps[row]
    upper_kind, kind = window.kind[row - 1], window.kind[row]
    for col in range(1, len(labels) - 1):
        if kind[col] == BODY and steps[col] == UNREACHED:
            is_above = upper_kind[col] == BODY and upper_steps[col] == UNREACHED
            is_left = kind[col - 1] == BODY and steps[col - 1] == UNREACHED
            above, left = upper[col] if is_above else 0, labels[col - 1] if is_left else 0
            labels[col] = joined(store, above, left, grid_row, np.int64(1))


@inner_jit
def measure(window: RowWindow, store: Store, row: int, grid_row: int) -> None:
    """Add the row's pixels to the table."""
    kind, table = window.kind, store.table
    width = kind.shape[1] - 2
    for col in range(1, width + 1):
        label = window.label[row, col]
        if label == 0:
            continue
        table[label, PIXELS] += 1
        table[label, BODY_SUM] += window.body[row, col]
        table[label, KEY] = min(table[label, KEY], grid_row * width + col - 1)
        table[label, LAST_ROW] = max(table[label, LAST_ROW], grid_row)
        if (
            kind[row - 1, col] == INVALID
            or kind[row + 1, col] == INVALID
            or kind[row, col - 1] == INVALID
            or kind[row, col + 1] == INVALID
        ):
            table[label, AT_EDGE] = 1


@inner_jit
def relate(window: RowWindow, store: Store, row: int) -> None:
    """Unite labels whose inner pixels touch, those of the row with each other and with the last."""
    kind, labels = window.kind, window.label
    for col in range(1, labels.shape[1] - 1):
        if INNER <= kind[row, col] <= SEED:
            label = np.int64(labels[row, col])
            for above in range(2):
                at, beside = row - above, col - 1 + above
                other = np.int64(labels[at, beside])
                if other != label and INNER <= kind[at, beside] <= SEED:
                    unite(store.family, other, label)


@inner_jit
def link(window: RowWindow, recent: Recent, store: Store, row: int, grid_row: int) -> None:
    """Unite labels within REACH of each other into clusters.

    A pixel that goes on a run looks at one new column only: the run has met the others already, and
    older pixels of a column have met newer ones.
    """
    labels = window.label
    for col in range(1, labels.shape[1] - 1):
        label = np.int64(labels[row, col])  # like elsewhere: one type, compiled once
        if label == 0:
            continue
        left = np.int64(labels[row, col - 1])
        if label != left != 0:
            unite(store.near, left, label)
        # Column ``col`` of the window is column ``col + REACH`` here.
        for place in range(col if left == 0 else col + 2 * REACH, col + 2 * REACH + 1):
            other = np.int64(recent.label[place])
            if label != other != 0 and recent.row[place] >= grid_row - REACH:
                unite(store.near, other, label)
        recent.label[col + REACH] = label
        recent.row[col + REACH] = grid_row


@inner_jit
def trace(window: RowWindow, store: Store, row: int, grid_row: int) -> None:
    """Record cracks and junctions around the lattice points above the row, left to right."""
    labels, parent = window.label, store.parent
    for col in range(1, labels.shape[1]):
        upper_left, upper = labels[row - 1, col - 1], labels[row - 1, col]
        left, here = labels[row, col - 1], labels[row, col]
        if upper_left == upper and upper == left and left == here:
            continue
        upper_left, upper = find(parent, np.int64(upper_left)), find(parent, np.int64(upper))
        left, here = find(parent, np.int64(left)), find(parent, np.int64(here))
        for vertical in range(2):
            before = left if vertical else upper
            if before != here:
                place = store.used[CRACKS]
                store.cracks[place, 0] = grid_row
                store.cracks[place, 1] = col - 1
                store.cracks[place, 2] = vertical
                store.cracks[place, 3] = before
                store.cracks[place, 4] = here
                store.used[CRACKS] += 1
        if is_node(upper_left, upper, left, here):
            place = store.used[JUNCTIONS]
            store.junctions[place, 0] = grid_row
            store.junctions[place, 1] = col - 1
            store.junctions[place, 2] = upper_left
            store.junctions[place, 3] = upper
            store.junctions[place, 4] = left
            store.junctions[place, 5] = here
            store.used[JUNCTIONS] += 1


@inner_jit
def is_node(upper_left: Integer, upper: Integer, left: Integer, here: Integer) -> bool:
    """Whether three or more cracks meet in the middle of four pixels."""
    cracks = (upper_left != upper) + (here != left)
    return cracks + (upper != here) + (left != upper_left) >= NODE_CRACKS

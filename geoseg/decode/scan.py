"""Final rows, one after another: numbers of every label, its cracks, its family, who is near it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.grow import label_unreached
from geoseg.decode.marks import gather, new_marks
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
    Recent,
    RowWindow,
    Store,
)
from geoseg.kernels.jit import FIRST, Integer, inner_jit, jit
from geoseg.kernels.unionfind import find, unite

NODE_CRACKS = 3


@jit
def scan_rows(
    window: RowWindow, recent: Recent, store: Store, first_row: int, rows: tuple[int, int]
) -> int:
    """Scan window rows from ``rows[0]`` up to ``rows[1]``; returns the first without room for it.

    ``first_row`` is the grid row of window row 0.
    """
    stride, body = window.kind.shape[1], np.uint8(BODY)
    room = new_marks(stride), np.empty(stride, np.int32)
    for row in range(rows[0], rows[1]):
        if not has_room(store, stride - 2):
            return row
        grid_row = first_row + row
        label_unreached(window, store, (row, grid_row), body, np.int64(1), room)
        measure(window, recent, store, row, (grid_row, grid_row * (stride - 2)))
        trace(window, store, row, grid_row, room)
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
def measure(
    window: RowWindow, recent: Recent, store: Store, row: int, places: tuple[int, int]
) -> None:
    """Add the row's pixels to the table, and unite what touches or is near.

    ``places`` are the grid's row and its first key.
    """
    kind, labels, table = window.kind, window.label[row], store.table
    levels = window.body[row]
    left = np.int64(0)
    for col in range(1, len(labels) - 1):
        label = np.int64(labels[col])  # like elsewhere: one type, compiled once
        if label != 0:
            if label != left:
                table[label, KEY] = min(table[label, KEY], places[1] + col - 1)
                table[label, LAST_ROW] = max(table[label, LAST_ROW], places[0])
            table[label, PIXELS] += 1
            table[label, BODY_SUM] += levels[col]
            if (
                kind[row - 1, col] == INVALID
                or kind[row + 1, col] == INVALID
                or kind[row, col - 1] == INVALID
                or kind[row, col + 1] == INVALID
            ):
                table[label, AT_EDGE] = 1
            relate(window, store, (row, col), label)
            link(recent, store, (places[0], col), (left, label))
        left = label


@inner_jit
def relate(window: RowWindow, store: Store, pixel: tuple[int, int], label: Integer) -> None:
    """Unite a pixel's label with those above and to the left where inner pixels touch."""
    kind, labels = window.kind, window.label
    row, col = pixel
    if INNER <= kind[row, col] <= SEED:
        for above in range(2):
            at, beside = row - above, col - 1 + above
            other = np.int64(labels[at, beside])
            if other != label and INNER <= kind[at, beside] <= SEED:
                unite(store.family, other, label)


@inner_jit
def link(
    recent: Recent, store: Store, pixel: tuple[int, int], sides: tuple[Integer, Integer]
) -> None:
    """Unite a pixel's label with those within REACH of it into clusters.

    ``pixel`` is its row on the grid and its column in the window, ``sides`` the label to its left and
    its own. A pixel that goes on a run looks at one new column only: the run has met the others
    already, and older pixels of a column have met newer ones.
    """
    grid_row, col = pixel
    left, label = sides
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
def trace(
    window: RowWindow,
    store: Store,
    row: int,
    grid_row: int,
    room: tuple[NDArray[np.uint8], NDArray[np.int32]],
) -> None:
    """Record cracks and junctions around the lattice points above the row, left to right."""
    above, labels, parent = window.label[row - 1], window.label[row], store.parent
    marks, found = room
    marks[0] = 0
    for right in range(1, len(labels)):
        pixel, left_of_it = labels[right], right - 1
        differs = (pixel != labels[left_of_it]) | (pixel != above[right])
        marks[right] = np.uint8(differs | (pixel != above[left_of_it]))
    for k in range(gather(marks, FIRST, found, FIRST)):
        col = np.int64(found[k])
        label = np.int64(labels[col])
        upper_left, upper = (
            find(parent, np.int64(above[col - 1])),
            find(parent, np.int64(above[col])),
        )
        left, here = find(parent, np.int64(labels[col - 1])), find(parent, label)
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

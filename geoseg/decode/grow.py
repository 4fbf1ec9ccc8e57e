"""Seeds, the inner pixels that grow from them, and the body that grows from both.

Every inner pixel within ``grow_steps`` 4-neighbour steps of a seed pixel, through inner pixels,
belongs to the seed pixel with the smallest (steps, raster order). Inner pixels that no seed reaches
are seeds of their own. Then body grows from all of those by the same rule. It looks at pixels alone,
never at components, so the result depends on nothing farther away than twice ``grow_steps``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.marks import gather, new_marks
from geoseg.decode.store import (
    COLUMNS,
    INNER,
    KEY,
    LABELS,
    LAST_ROW,
    NO_KEY,
    REMNANT,
    SEED,
    UNREACHED,
    RowWindow,
    Store,
)
from geoseg.kernels.jit import FIRST, Integer, inner_jit, jit
from geoseg.kernels.unionfind import unite


@inner_jit
def new_label(store: Store, row: int, remnant: Integer) -> int:
    """A label of its own, first seen in grid row ``row``."""
    label = int(store.used[LABELS])
    store.used[LABELS] += 1
    store.parent[label] = label
    store.family[label] = label
    store.near[label] = label
    for column in range(COLUMNS):
        store.table[label, column] = 0
    store.table[label, KEY] = NO_KEY
    store.table[label, LAST_ROW] = row
    store.table[label, REMNANT] = remnant
    return label


@inner_jit
def joined(store: Store, above: int, left: int, row: int, remnant: Integer) -> int:
    """The label of a pixel whose like neighbours above and to the left carry these, or 0."""
    if left != 0 and above in (0, left):
        return left  # which was seen in this row
    if above == 0:
        return new_label(store, row, remnant)
    label = above if left == 0 else unite(store.parent, above, left)
    store.table[label, LAST_ROW] = max(store.table[label, LAST_ROW], row)
    return label


@jit
def label_seeds(window: RowWindow, store: Store, first_row: int, start: int) -> int:
    """Label seeds in window rows from ``start`` on; returns the first row there was no room for.

    ``first_row`` is the grid row of window row 0. Seeds are 4-connected.
    """
    kind, labels = window.kind, window.label
    rows, stride = int(kind.shape[0]), kind.shape[1]
    for row in range(start, rows):
        if len(store.parent) - store.used[LABELS] < stride:
            return row
        for col in range(1, stride - 1):
            if kind[row, col] == SEED:
                above = labels[row - 1, col] if kind[row - 1, col] == SEED else 0
                left = labels[row, col - 1] if kind[row, col - 1] == SEED else 0
                labels[row, col] = joined(store, above, left, first_row + row, np.int64(0))
    return rows


@inner_jit
def label_unreached(
    window: RowWindow,
    store: Store,
    rows: tuple[int, int],
    wanted: np.uint8,
    remnant: Integer,
    room: tuple[NDArray[np.uint8], NDArray[np.int32]],
) -> None:
    """Label a row's pixels of a class that nothing reaches by their own 4-connected parts.

    ``rows`` are that of the window and that of the grid; ``room`` is for a mark and a place per pixel.
    """
    row, (marks, found) = rows[0], room
    kind, steps, labels = window.kind[row], window.steps[row], window.label[row]
    upper_kind, upper_steps = window.kind[row - 1], window.steps[row - 1]
    for col in range(len(kind)):
        marks[col] = np.uint8((kind[col] == wanted) & (steps[col] == np.uint8(UNREACHED)))
    for k in range(gather(marks, FIRST, found, FIRST)):
        col = found[k]
        is_above = upper_kind[col] == wanted and upper_steps[col] == UNREACHED
        above = window.label[row - 1, col] if is_above else 0
        left = labels[col - 1] if marks[col - 1] else 0
        labels[col] = joined(store, above, left, rows[1], remnant)


@jit
def label_rest(window: RowWindow, store: Store, first_row: int, rows: tuple[int, int]) -> int:
    """Label inner pixels that no seed reaches by their own 4-connected parts, like seeds.

    Window rows from ``rows[0]`` up to ``rows[1]``; returns the first there was no room for.
    """
    stride = window.kind.shape[1]
    rest, found = new_marks(stride), np.empty(stride, np.int32)
    inner = np.uint8(INNER)
    for row in range(rows[0], rows[1]):
        if len(store.parent) - store.used[LABELS] < stride:
            return row
        label_unreached(window, store, (row, first_row + row), inner, np.int64(0), (rest, found))
    return rows[1]


@inner_jit
def queue_rim(window: RowWindow, target: int, queue: NDArray[np.int32]) -> int:
    """Queue what grows below row 0 and touches the class to claim; returns the queue's end.

    Earlier steps of that class are forgotten: what was reached when less was known of the rows ahead
    is reached again, and labelled anew.
    """
    rows, stride = window.kind.shape
    wanted, tail = np.uint8(target), FIRST
    rim = new_marks(stride)
    for row in range(1, rows):
        above, below = window.kind[row - 1], window.kind[min(row + 1, rows - 1)]
        kind, steps = window.kind[row], window.steps[row]
        for col in range(stride):
            steps[col] |= np.uint8(UNREACHED * (kind[col] == wanted))
        for col in range(1, stride - 1):
            touches = (above[col] == wanted) | (below[col] == wanted)
            touches |= (kind[col - 1] == wanted) | (kind[col + 1] == wanted)
            rim[col] = np.uint8(touches & (kind[col] > wanted) & (kind[col] <= np.uint8(SEED)))
        tail = gather(rim, row * stride, queue, tail)
    return tail


@inner_jit
def queue_carried(
    window: RowWindow, target: int, queue: NDArray[np.int32], tail: int, step: int
) -> int:
    """Queue the pixels of row 0 that lie ``step`` steps from what they grew from."""
    kind, steps = window.kind[0], window.steps[0]
    for col in range(1, len(kind) - 1):
        grows = target < kind[col] <= SEED if step == 0 else kind[col] == target
        if grows and (step == 0 or steps[col] == step):
            queue[tail] = col
            tail += 1
    return tail


@inner_jit
def claim(
    window: RowWindow,
    grown: tuple[int, int, int],
    queue: NDArray[np.int32],
    head: Integer,
    end: int,
) -> int:
    """Let the queued pixels claim their neighbours below row 0; returns the queue's new end.

    All of them are equally far from where they grew, so a neighbour claimed twice goes to the lower
    rank, and in any order. ``grown`` is the class to claim, its steps, and ``grow_steps``: ranks
    count from so many rows above the window, so that those carried in row 0 fit.
    """
    target_kind, reached, above = grown
    stride = window.kind.shape[1]
    kind, label = window.kind.ravel(), window.label.ravel()
    steps, rank = window.steps.ravel(), window.rank.ravel()
    tail = end
    for place in range(head, end):
        source = queue[place]
        mine = rank[source] if reached > 1 else source + above * stride
        for target in (source - stride, source - 1, source + 1, source + stride):
            if target < stride or target >= len(kind) or kind[target] != target_kind:
                continue
            if steps[target] == UNREACHED:
                queue[tail] = target
                tail += 1
            elif steps[target] != reached or rank[target] <= mine:
                continue
            steps[target] = reached
            rank[target] = mine
            label[target] = label[source]
    return tail


@jit
def grow(window: RowWindow, target: int, grow_steps: int) -> None:
    """Label the pixels of a class around those of higher ones, step by step.

    They grow from what lies below row 0 and from row 0, which is final. Exact in all rows but the
    last ``grow_steps`` of those in which the higher classes are labelled.
    """
    queue = np.empty(window.kind.size, np.int32)  # of which as much is in memory as is written to
    head: Integer = np.int64(0)
    tail = queue_rim(window, target, queue)
    for step in range(grow_steps):
        end = queue_carried(window, target, queue, tail, step)
        tail = claim(window, (target, step + 1, grow_steps), queue, head, end)
        head = end

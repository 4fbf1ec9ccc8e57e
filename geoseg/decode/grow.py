"""Seeds, and the body that grows from them.

Every body pixel within ``grow_steps`` 4-neighbour steps of a seed pixel, through body, belongs to
the seed pixel with the smallest (steps, raster order). The rule looks at pixels alone, never at
components, so the result depends on nothing farther away than ``grow_steps``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.jit import Integer, inner_jit, jit
from geoseg.decode.store import (
    BODY,
    KEY,
    LABELS,
    LAST_ROW,
    NO_KEY,
    REMNANT,
    SEED,
    UNREACHED,
    Store,
    Window,
)
from geoseg.decode.unionfind import unite


@inner_jit
def new_label(store: Store, row: int, remnant: Integer) -> int:
    """A label of its own, first seen in grid row ``row``."""
    label = int(store.used[LABELS])
    store.used[LABELS] += 1
    store.parent[label] = label
    store.near[label] = label
    store.table[label, :] = 0
    store.table[label, KEY] = NO_KEY
    store.table[label, LAST_ROW] = row
    store.table[label, REMNANT] = remnant
    return label


@inner_jit
def joined(store: Store, above: int, left: int, row: int, remnant: Integer) -> int:
    """The label of a pixel whose like neighbours above and to the left carry these, or 0."""
    if above == 0 and left == 0:
        return new_label(store, row, remnant)
    if above == 0 or left in (0, above):
        label = max(above, left)
    else:
        label = unite(store.parent, above, left)
    store.table[label, LAST_ROW] = max(store.table[label, LAST_ROW], row)
    return label


@jit
def label_seeds(window: Window, store: Store, first_row: int, start: int) -> int:
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
def reset(window: Window, grow_steps: int) -> int:
    """Forget earlier steps below row 0 and rank the seeds; returns the number of such pixels.

    What was reached when less was known of the rows ahead is reached again, and labelled anew.

    Ranks count from ``grow_steps`` rows above the window, so that those carried in row 0 fit.
    """
    kind, steps, rank = window.kind, window.steps, window.rank
    rows, stride = kind.shape
    pixels = 0
    for row in range(1, rows):
        for col in range(1, stride - 1):
            if kind[row, col] == BODY:
                steps[row, col] = UNREACHED
                pixels += 1
            elif kind[row, col] == SEED:
                steps[row, col] = 0
                rank[row, col] = (row + grow_steps) * stride + col
                pixels += 1
    return pixels


@inner_jit
def queue_rim(kind: NDArray[np.uint8], queue: NDArray[np.int32], tail: int) -> int:
    """Queue the seeds below row 0 that touch body; returns the queue's new end."""
    rows, stride = kind.shape
    for row in range(1, rows):
        for col in range(1, stride - 1):
            if kind[row, col] == SEED and (
                kind[row - 1, col] == BODY
                or kind[row, col - 1] == BODY
                or kind[row, col + 1] == BODY
                or (row + 1 < rows and kind[row + 1, col] == BODY)
            ):
                queue[tail] = row * stride + col
                tail += 1
    return tail


@inner_jit
def queue_carried(window: Window, queue: NDArray[np.int32], tail: int, step: int) -> int:
    """Queue the pixels of row 0 that lie ``step`` steps from their seed."""
    label, steps = window.label[0], window.steps[0]
    for col in range(1, len(label) - 1):
        if label[col] != 0 and steps[col] == step:
            queue[tail] = col
            tail += 1
    return tail


@inner_jit
def claim(window: Window, queue: NDArray[np.int32], head: Integer, end: int) -> int:
    """Let the queued pixels claim their neighbours below row 0; returns the queue's new end.

    All of them are equally far from their seeds, so a neighbour claimed twice goes to the lower
    rank, and in any order.
    """
    stride = window.kind.shape[1]
    kind, label = window.kind.ravel(), window.label.ravel()
    steps, rank = window.steps.ravel(), window.rank.ravel()
    tail = end
    for place in range(head, end):
        source = queue[place]
        reached = steps[source] + 1
        for target in (source - stride, source - 1, source + 1, source + stride):
            if target < stride or target >= len(kind) or kind[target] != BODY:
                continue
            if steps[target] == UNREACHED:
                queue[tail] = target
                tail += 1
            elif steps[target] != reached or rank[target] <= rank[source]:
                continue
            steps[target] = reached
            rank[target] = rank[source]
            label[target] = label[source]
    return tail


@jit
def grow(window: Window, grow_steps: int) -> None:
    """Label the body around seeds, step by step, from the seeds and from row 0, which is final.

    Exact in all rows but the last ``grow_steps``.
    """
    pixels = reset(window, grow_steps)
    if pixels == 0:
        return
    queue = np.empty(pixels + window.kind.shape[1], np.int32)
    head: Integer = np.int64(0)
    tail = queue_rim(window.kind, queue, 0)
    for step in range(grow_steps):
        end = queue_carried(window, queue, tail, step)
        tail = claim(window, queue, head, end)
        head = end

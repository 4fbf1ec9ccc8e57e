"""Seeds, and the body that grows from them.

Every body pixel within ``grow_steps`` 4-neighbour steps of a seed pixel, through body, belongs to
the seed pixel with the smallest (steps, raster order). The rule looks at pixels alone, never at
components, so the result depends on nothing farther away than ``grow_steps``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.jit import jit
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


@jit
def new_label(store: Store, row: int, remnant: int) -> int:
    """A label of its own, first seen in grid row ``row``."""
    label = int(store.used[LABELS])
    store.used[LABELS] += 1
    store.parent[label] = label
    store.near[label] = label
    store.table[label] = 0
    store.table[label, KEY] = NO_KEY
    store.table[label, LAST_ROW] = row
    store.table[label, REMNANT] = remnant
    return label


@jit
def joined(store: Store, above: int, left: int, row: int, remnant: int) -> int:
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
                labels[row, col] = joined(store, above, left, first_row + row, 0)
    return rows


@jit
def reset(window: Window, grow_steps: int) -> int:
    """Forget earlier growth below row 0 and rank the seeds; returns the number of body pixels.

    Ranks count from ``grow_steps`` rows above the window, so that those carried in row 0 fit.
    """
    kind = window.kind
    rows, stride = kind.shape
    body_pixels = 0
    for row in range(1, rows):
        for col in range(1, stride - 1):
            if kind[row, col] == BODY:
                window.label[row, col] = 0
                window.steps[row, col] = UNREACHED
                body_pixels += 1
            elif kind[row, col] == SEED:
                window.steps[row, col] = 0
                window.rank[row, col] = (row + grow_steps) * stride + col
    return body_pixels


@jit
def offer(window: Window, queue: NDArray[np.int32], tail: int, source: int, target: int) -> int:
    """Let ``source`` claim ``target`` (flat places in the window); returns the queue's new end."""
    stride = window.kind.shape[1]
    if target < stride or target >= window.kind.size:
        return tail
    kind, label, steps, rank = (
        window.kind.ravel(),
        window.label.ravel(),
        window.steps.ravel(),
        window.rank.ravel(),
    )
    if kind[target] != BODY:
        return tail
    reached = steps[source] + 1
    if steps[target] == UNREACHED:
        queue[tail] = target
        tail += 1
    elif steps[target] != reached or rank[target] <= rank[source]:
        return tail
    steps[target] = reached
    rank[target] = rank[source]
    label[target] = label[source]
    return tail


@jit
def offer_around(window: Window, queue: NDArray[np.int32], tail: int, source: int) -> int:
    """Let ``source`` claim its four neighbours."""
    stride = window.kind.shape[1]
    for target in (source - stride, source - 1, source + 1, source + stride):
        tail = offer(window, queue, tail, source, target)
    return tail


@jit
def first_step(window: Window, queue: NDArray[np.int32]) -> int:
    """Let every seed claim its neighbours; returns how many pixels are queued."""
    rows, stride = window.kind.shape
    tail = 0
    for row in range(1, rows):
        for col in range(1, stride - 1):
            if window.kind[row, col] == SEED:
                tail = offer_around(window, queue, tail, row * stride + col)
    return tail


@jit
def grow(window: Window, grow_steps: int) -> None:
    """Label the body around seeds, step by step, from the seeds and from row 0, which is final.

    Exact in all rows but the last ``grow_steps``.
    """
    queue = np.empty(reset(window, grow_steps), np.int32)
    stride = window.kind.shape[1]
    head = tail = 0
    for step in range(grow_steps):
        end = tail
        if step == 0:
            tail = first_step(window, queue)
        for place in range(head, end):
            tail = offer_around(window, queue, tail, queue[place])
        head = end
        for col in range(1, stride - 1):
            if window.label[0, col] != 0 and window.steps[0, col] == step:
                tail = offer(window, queue, tail, col, col + stride)

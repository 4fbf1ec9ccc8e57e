"""The arrays that the decoder works on: a window of rows, and tables of what is open.

Provisional labels are small integers; 0 is background. Two labels that turn out to be one building
are united in ``parent``; labels that may yet be one, as their seeds hang together by inner pixels,
in ``family``; labels close enough to share a cluster in ``near``.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

OPEN, BODY, INNER, SEED, INVALID = range(5)
"""Classes of pixels: no building, body, body with a score for joining, or for a seed. Everything
beyond the grid is INVALID."""

UNREACHED = 255
"""Steps of inner pixels that no seed reaches, and of body that nothing does."""

COLUMNS = 9
PIXELS, BODY_SUM, KEY, LAST_ROW, AT_EDGE, REMNANT, FROZEN, LOOSE, ENDLESS = range(COLUMNS)
"""Columns of ``Store.table``. LAST_ROW: last grid row seen with the label. FROZEN: the building has
left already and only its KEY is needed, by neighbours that have not. LOOSE: its cluster is.
ENDLESS: its family is too large to be one building."""

NO_KEY = np.iinfo(np.int64).max
"""KEY of a label none of whose pixels has been scanned."""

LABELS, CRACKS, JUNCTIONS = range(3)
"""Places in ``Store.used``."""

MOST_SPARE, LITTLE_ROOM = 16, 1_000_000
"""Entries there is room for, for each that is held, and besides: what was needed once may stay."""

REACH = 7
"""Pixels this far from each other, by rows or by columns, share a cluster."""


class RowWindow(NamedTuple):
    """Rows in work, with one column of margin on either side; row 0 is the last scanned row."""

    kind: NDArray[np.uint8]
    """(rows, width + 2) classes of pixels."""
    body: NDArray[np.uint8]
    """(rows, width + 2) body map."""
    label: NDArray[np.int32]
    """(rows, width + 2) provisional labels; final in scanned rows, seeds alone elsewhere."""
    steps: NDArray[np.uint8]
    """(rows, width + 2) of inner pixels from a seed, of body from what is no body alone."""
    rank: NDArray[np.int32]
    """(rows, width + 2) raster order of the pixel that those steps lead to."""


class Recent(NamedTuple):
    """The newest foreground pixel of every column, with a margin of REACH + 1 on either side."""

    label: NDArray[np.int32]
    """(width + 8,) its label; 0 where none is near."""
    row: NDArray[np.int64]
    """(width + 8,) its grid row."""


class Store(NamedTuple):
    """Everything that is open, in arrays with room to spare."""

    parent: NDArray[np.int32]
    """(capacity,) union-find over labels: one building."""
    family: NDArray[np.int32]
    """(capacity,) union-find over labels: one building or several."""
    near: NDArray[np.int32]
    """(capacity,) union-find over labels: one cluster."""
    table: NDArray[np.int64]
    """(capacity, COLUMNS) see above."""
    cracks: NDArray[np.int32]
    """(capacity, 5) row, column, vertical, label before, label after; in canonical order."""
    junctions: NDArray[np.int32]
    """(capacity, 6) row, column, labels to the upper left, upper right, lower left, lower right."""
    used: NDArray[np.int64]
    """(3,) how many labels (background included), cracks and junctions there are."""

    # Loops are given these: with the whole store, half of what compiling a short one takes goes into that.

    @property
    def open_cracks(self) -> NDArray[np.int32]:
        """(n, 5) those there are."""
        return self.cracks[: self.used[CRACKS]]

    @property
    def open_junctions(self) -> NDArray[np.int32]:
        """(n, 6) those there are."""
        return self.junctions[: self.used[JUNCTIONS]]


def new_window(rows: int, width: int) -> RowWindow:
    """A window in which every pixel is INVALID."""
    shape = (rows, width + 2)
    return RowWindow(
        kind=np.full(shape, INVALID, np.uint8),
        body=np.zeros(shape, np.uint8),
        label=np.zeros(shape, np.int32),
        steps=np.full(shape, UNREACHED, np.uint8),
        rank=np.zeros(shape, np.int32),
    )


def new_recent(width: int) -> Recent:
    """No foreground yet."""
    size = width + 2 * (REACH + 1)
    return Recent(np.zeros(size, np.int32), np.full(size, -REACH - 1, np.int64))


def new_store() -> Store:
    """The background label alone."""
    return Store(
        parent=np.zeros(1, np.int32),
        family=np.zeros(1, np.int32),
        near=np.zeros(1, np.int32),
        table=np.zeros((1, COLUMNS), np.int64),
        cracks=np.zeros((0, 5), np.int32),
        junctions=np.zeros((0, 6), np.int32),
        used=np.array([1, 0, 0]),
    )


def with_room(store: Store, width: int) -> Store:
    """The same store with room for at least one more row of ``width`` pixels, and mostly for many."""
    labels, cracks, junctions = (int(n) for n in store.used)
    named = min(len(store.parent), len(store.family), len(store.near), len(store.table))
    spare = named - labels, len(store.junctions) - junctions, (len(store.cracks) - cracks) // 2
    if min(spare) >= width + 2:  # of nearly all rows
        return store
    return Store(
        parent=resized(store.parent, labels, width + 2),
        family=resized(store.family, labels, width + 2),
        near=resized(store.near, labels, width + 2),
        table=resized(store.table, labels, width + 2),
        cracks=resized(store.cracks, cracks, 2 * width + 2),
        junctions=resized(store.junctions, junctions, width + 2),
        used=store.used,
    )


def trimmed(store: Store) -> Store:
    """The same store without spare room, as views."""
    labels, cracks, junctions = (int(n) for n in store.used)
    return Store(
        parent=store.parent[:labels],
        family=store.family[:labels],
        near=store.near[:labels],
        table=store.table[:labels],
        cracks=store.cracks[:cracks],
        junctions=store.junctions[:junctions],
        used=store.used,
    )


def with_less_room(store: Store) -> Store:
    """The same store, without its spare room where that is by far the most of it."""
    room = len(store.cracks) + len(store.junctions) + len(store.parent)
    if room <= MOST_SPARE * int(store.used.sum()) + LITTLE_ROOM:
        return store
    small = trimmed(store)
    return Store(
        parent=small.parent.copy(),
        family=small.family.copy(),
        near=small.near.copy(),
        table=small.table.copy(),
        cracks=small.cracks.copy(),
        junctions=small.junctions.copy(),
        used=small.used,
    )


def resized(array: NDArray[Scalar], used: int, room: int) -> NDArray[Scalar]:
    """The first ``used`` entries, with space for ``room`` more, and then for half as many again."""
    if len(array) - used >= room:
        return array
    grown = np.empty((used + room + max(room, used // 2), *array.shape[1:]), array.dtype)
    grown[:used] = array[:used]
    return grown

"""Rows of groups become clusters, by the second half of the dense decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from geoseg.decode import DecodeParams, Decoder
from geoseg.decode.decoder import CHUNK_ROWS
from geoseg.decode.families import Odds
from geoseg.decode.grow import joined
from geoseg.decode.store import INVALID, LABELS, OPEN, SEED, Store, Window, with_room
from geoseg.kernels.jit import jit
from geoseg.types import Cluster


class GroupDecoder(Decoder):
    """A decoder whose buildings are the 4-connected parts of rows of groups, not grown seeds."""

    def __init__(
        self,
        width: int,
        height: int,
        heads: tuple[str, ...],
        params: DecodeParams,
        *,
        chunk_rows: int = CHUNK_ROWS,
        odds: Odds | None = None,
    ) -> None:
        super().__init__(width, height, heads, params, chunk_rows=chunk_rows, odds=odds)
        self.plane = np.zeros(self._window.label.shape, np.int32)
        """(rows, width + 2) groups of the rows in work."""

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything needed to go on, as plain arrays."""
        rows = self._next_row - self._first_row
        return super().snapshot() | {"plane": self.plane[:rows].copy()}

    @classmethod
    def restore(
        cls,
        width: int,
        height: int,
        heads: tuple[str, ...],
        params: DecodeParams,
        arrays: Mapping[str, NDArray[Any]],
        odds: Odds | None = None,
    ) -> Self:
        """The decoder as it was when ``arrays`` came from ``snapshot``."""
        decoder = super().restore(width, height, heads, params, arrays, odds)
        decoder.plane[: len(arrays["plane"])] = arrays["plane"]
        return decoder

    def push_groups(
        self, groups: NDArray[np.int32], body: NDArray[np.uint8], valid: NDArray[np.bool_]
    ) -> list[Cluster]:
        """Take the next (rows, width) groups, scores and validity; returns what is finished."""

        def write(part: slice, rows: slice) -> bool:
            inside, shown = (rows, slice(1, -1)), groups[part] > 0
            kind = np.where(shown, np.uint8(SEED), np.uint8(OPEN))
            self._window.kind[inside] = np.where(valid[part], kind, np.uint8(INVALID))
            self._window.body[inside] = body[part]
            self.plane[inside] = groups[part]
            return bool(shown.any())

        return self._pushed(len(groups), write)

    def _label_rows(self, start: int) -> None:
        while start < len(self.plane):
            self._store = with_room(self._store, self._width)
            start = label_groups(self._window, self.plane, self._store, self._first_row, start)

    def _shift(self) -> None:
        super()._shift()
        kept = 1 + self._ahead
        self.plane[:kept] = self.plane[self._chunk_rows :]
        self.plane[kept:] = 0


@jit
def label_groups(
    window: Window, plane: NDArray[np.int32], store: Store, first_row: int, start: int
) -> int:
    """Label the groups in window rows from ``start`` on; returns the first row without room.

    ``first_row`` is the grid row of window row 0.
    """
    labels = window.label
    rows, stride = int(plane.shape[0]), plane.shape[1]
    for row in range(start, rows):
        if len(store.parent) - store.used[LABELS] < stride:
            return row
        for col in range(1, stride - 1):
            group = plane[row, col]
            if group != 0:
                above = labels[row - 1, col] if plane[row - 1, col] == group else 0
                left = labels[row, col - 1] if plane[row, col - 1] == group else 0
                labels[row, col] = joined(store, above, left, first_row + row, 0)
    return rows

"""Rows of groups become clusters, by the second half of the dense decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.grow import joined
from geoseg.decode.params import DecodeParams
from geoseg.decode.store import INVALID, LABELS, OPEN, SEED, RowWindow, Store, with_room
from geoseg.errors import UsageError
from geoseg.kernels.jit import jit
from geoseg.stitch.own import LabelRows


class GroupLabeller:
    """A building is a 4-connected part of a group; the rows pushed are labelled by groups."""

    def __init__(self, params: DecodeParams) -> None:
        self._params = params
        self.plane = np.zeros((0, 0), np.int32)
        """(rows, width + 2) groups of the rows in work; those that become one are renamed here."""

    @property
    def params(self) -> DecodeParams:
        """What a part needs to be a building."""
        return self._params

    def begin(self, window: RowWindow) -> None:
        """Make room for as many groups."""
        self.plane = np.zeros(window.label.shape, np.int32)

    def check(self, strip: LabelRows, width: int) -> None:
        """Raise UsageError unless the arrays have the same rows and are so wide."""
        shapes = {array.shape for array in (strip.labels, strip.body, strip.valid)}
        if shapes != {(len(strip.valid), width)}:
            raise UsageError(
                f"groups, body and validity must be {(len(strip.valid), width)}, "
                f"got {sorted(shapes)}"
            )

    def fill(self, strip: LabelRows, part: slice, window: RowWindow, rows: slice) -> bool:
        """Write groups as seeds, which do not grow; whether there was any."""
        inside, shown = (rows, slice(1, -1)), strip.labels[part] > 0
        kind = np.where(shown, np.uint8(SEED), np.uint8(OPEN))
        window.kind[inside] = np.where(strip.valid[part], kind, np.uint8(INVALID))
        window.body[inside] = strip.body[part]
        self.plane[inside] = strip.labels[part]
        return bool(shown.any())

    def label(self, window: RowWindow, store: Store, first_row: int, start: int) -> Store:
        """Label the new rows."""
        rows, stride = self.plane.shape
        while start < rows:
            store = with_room(store, stride - 2)
            start = label_groups(window, self.plane, store, first_row, start)
        return store

    def shift(self, window: RowWindow, kept: int) -> None:  # noqa: ARG002
        """Move the groups along."""
        self.plane[:kept] = self.plane[-kept:]
        self.plane[kept:] = 0

    def snapshot(self, window: RowWindow, rows: int) -> dict[str, NDArray[Any]]:  # noqa: ARG002
        """The groups."""
        return {"plane": self.plane[:rows]}

    def restore(self, window: RowWindow, arrays: Mapping[str, NDArray[Any]]) -> None:  # noqa: ARG002
        """Go on from a snapshot."""
        self.plane[: len(arrays["plane"])] = arrays["plane"]


@jit
def label_groups(
    window: RowWindow, plane: NDArray[np.int32], store: Store, first_row: int, start: int
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
                labels[row, col] = joined(store, above, left, first_row + row, np.int64(0))
    return rows

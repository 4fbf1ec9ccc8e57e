"""How the rows that a decoder is given become labels: the part of it that can be exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.params import DecodeParams
from geoseg.decode.store import RowWindow, Store


class WholeRows(Protocol):
    """Rows of the grid from side to side."""

    @property
    def row_off(self) -> int:
        """First row on the grid."""
        ...

    @property
    def valid(self) -> NDArray[np.bool_]:
        """(rows, grid width), True where valid."""
        ...


Pushed_contra = TypeVar("Pushed_contra", bound=WholeRows, contravariant=True)
"""What a labeller reads."""


class Labeller(Protocol[Pushed_contra]):
    """Fills the window of one decoder, and labels it; what it keeps by itself moves along.

    Labels depend on the pixels of the grid alone, not on the strips or windows that they come in:
    a pixel's is settled by the rows down to ``params.reach_px`` below it.
    """

    @property
    def params(self) -> DecodeParams:
        """How far labels look, and what a group of pixels needs to be a building."""
        ...

    def begin(self, window: RowWindow) -> None:
        """Get ready for a window before its first row."""
        ...

    def check(self, strip: Pushed_contra, width: int) -> None:
        """Raise UsageError where the arrays of a strip are not those of a grid so wide."""
        ...

    def fill(self, strip: Pushed_contra, part: slice, window: RowWindow, rows: slice) -> bool:
        """Write a part of a strip into rows of the window: its classes and body.

        Returns:
            Whether there was any body.
        """
        ...

    def label(self, window: RowWindow, store: Store, first_row: int, start: int) -> Store:
        """Label the window's rows, those from ``start`` on for the first time.

        Args:
            window: Its row 0 is final; the rows from ``start`` on have no labels yet.
            store: Where labels are given out.
            first_row: The grid row of window row 0.
            start: The first new row of the window.

        Returns:
            The store, with more room if that was needed.
        """
        ...

    def shift(self, window: RowWindow, kept: int) -> None:
        """The last ``kept`` rows of the window have become its first, and the others are empty."""
        ...

    def snapshot(self, window: RowWindow, rows: int) -> dict[str, NDArray[Any]]:
        """What else is needed to go on, while the window holds so many rows."""
        ...

    def restore(self, window: RowWindow, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a snapshot."""
        ...

"""The streaming decoder: strips of maps in, clusters of finished buildings out.

The result is a function of the maps and their validity alone: rows are gathered into chunks of a
fixed height before anything is computed, so strips never show; and chunks do not show either,
because growth looks ``reach_px`` rows ahead and everything else goes row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, Self

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.compact import compacted, rename_rows
from geoseg.decode.emit import clusters_of
from geoseg.decode.families import Odds
from geoseg.decode.labeller import Labeller, Pushed_contra
from geoseg.decode.scan import scan_rows
from geoseg.decode.settle import REASONS, judge
from geoseg.decode.store import (
    FROZEN,
    INVALID,
    OPEN,
    Recent,
    RowWindow,
    Store,
    new_recent,
    new_store,
    new_window,
    trimmed,
    with_room,
)
from geoseg.errors import ResumeError, UsageError
from geoseg.types import Cluster

CHUNK_ROWS = 64
"""Rows scanned at a time; bounds the memory for wide rasters."""

SWEEP_PIXELS = 16
"""A sweep is due after so many pixels for every entry that is held, however little is new."""

ALL_ROWS = np.iinfo(np.int64).max
"""A row after all others."""


class Decoder(Generic[Pushed_contra]):
    """Decodes one grid of ``height`` x ``width`` pixels from top to bottom."""

    def __init__(
        self,
        width: int,
        height: int,
        labeller: Labeller[Pushed_contra],
        *,
        chunk_rows: int = CHUNK_ROWS,
        odds: Odds | None = None,
    ) -> None:
        """A decoder before its first row.

        Args:
            width: Columns of the grid.
            height: Rows of the grid.
            labeller: Says which pixels are one building; serves this decoder alone.
            chunk_rows: Rows scanned at a time.
            odds: Choose which buildings that meet are one; None: as the labeller has them.

        Raises:
            UsageError: More columns than can be counted.
        """
        params = labeller.params
        self._ahead = max(params.reach_px, 1)
        if (chunk_rows + 2 * self._ahead + 1) * (width + 2) > np.iinfo(np.int32).max:
            raise UsageError(f"{width} columns are too many to decode at once; split the raster")
        self._width, self._height = width, height
        self._labeller, self._params, self._chunk_rows = labeller, params, chunk_rows
        self._odds = odds
        self._window: RowWindow = new_window(1 + chunk_rows + self._ahead, width)
        self._labeller.begin(self._window)
        self._recent: Recent = new_recent(width)
        self._store: Store = new_store()
        self._dropped = np.zeros(len(REASONS), np.int64)
        self._next_row = 0  # the next grid row to push
        self._last_body_row = -2  # no later row that was pushed holds body
        self._first_row = -1  # the grid row of window row 0
        self._live = 0  # entries of the store after the last sweep
        self._swept_row = -1  # the last scanned row at that time

    @property
    def dropped(self) -> dict[str, int]:
        """How many finished groups of pixels were not buildings, by reason."""
        return dict(zip(REASONS, self._dropped.tolist(), strict=True))

    @property
    def next_row(self) -> int:
        """The next row to push."""
        return self._next_row

    @property
    def open_instances(self) -> int:
        """How many provisional buildings are held at the moment."""
        labels = int(self._store.used[0])
        roots = self._store.parent[1:labels] == np.arange(1, labels)
        return int((roots & (self._store.table[1:labels, FROZEN] == 0)).sum())

    @property
    def open_entries(self) -> int:
        """Labels, cracks and junctions held at the moment."""
        return int(self._store.used.sum()) - 1

    def push(self, strip: Pushed_contra) -> list[Cluster]:
        """Take the next rows; returns what is finished, in an order that strips do not change."""
        self._labeller.check(strip, self._width)
        self._check_place(strip.row_off, len(strip.valid))

        def write(part: slice, rows: slice) -> bool:
            return self._labeller.fill(strip, part, self._window, rows)

        return self._pushed(len(strip.valid), write)

    def push_open(self, rows: int, valid: NDArray[np.bool_] | None) -> list[Cluster]:
        """Take the next rows, which hold no body; the same as pushing their maps, and fast.

        Args:
            rows: How many.
            valid: (rows, width) True where valid; None: nowhere.
        """
        self._check_place(self._next_row, rows)

        def write(part: slice, rows: slice) -> bool:
            # Rows of the window that were not pushed yet are INVALID already.
            if valid is not None:
                self._window.kind[rows, 1:-1] = np.where(valid[part], OPEN, INVALID)
            return False

        return self._pushed(rows, write)

    def _pushed(self, rows: int, write: Callable[[slice, slice], bool]) -> list[Cluster]:
        """Fill the window chunk by chunk.

        ``write`` puts a part of the rows into rows of the window; it tells if there was body.
        """
        clusters: list[Cluster] = []
        taken, room = 0, self._window.kind.shape[0]
        while taken < rows:
            filled = self._next_row - self._first_row  # window rows in use, row 0 included
            count = min(rows - taken, room - filled)
            holds_body = write(slice(taken, taken + count), slice(filled, filled + count))
            taken += count
            self._next_row += count
            if holds_body:
                self._last_body_row = self._next_row - 1
            if filled + count == room:
                clusters += self._advance()
        return clusters

    def close(self) -> list[Cluster]:
        """Finish after the last row; returns the rest."""
        if self._next_row != self._height:
            raise UsageError(f"only {self._next_row} of {self._height} rows were pushed")
        clusters: list[Cluster] = []
        while self._first_row < self._height:
            clusters += self._advance()
        return clusters + self._sweep(ALL_ROWS)

    def snapshot(self) -> dict[str, NDArray[Any]]:
        """Everything needed to go on after the last pushed row, as plain arrays."""
        rows = self._next_row - self._first_row
        window = self._window
        state: dict[str, NDArray[Any]] = {"kind": window.kind[:rows], "body": window.body[:rows]}
        # Labels are written as far as the last chunk looked ahead.
        state |= {"label": window.label[: min(rows, 1 + self._ahead)]}
        state |= self._labeller.snapshot(window, rows)
        state |= {"recent_label": self._recent.label, "recent_row": self._recent.row}
        state |= trimmed(self._store)._asdict()
        raster = (self._width, self._height, self._chunk_rows)
        progress = (self._next_row, self._first_row, self._live, self._swept_row)
        state |= {"dropped": self._dropped, "progress": np.array([*raster, *progress])}
        return {name: array.copy() for name, array in state.items()}

    @classmethod
    def restore(
        cls,
        width: int,
        height: int,
        labeller: Labeller[Pushed_contra],
        arrays: Mapping[str, NDArray[Any]],
        odds: Odds | None = None,
    ) -> Self:
        """The decoder as it was when ``arrays`` came from ``snapshot``; the rest as it was then.

        Raises:
            ResumeError: They are of another grid.
        """
        progress = arrays["progress"].tolist()
        if progress[:2] != [width, height]:
            raise ResumeError(
                f"the saved state is of {progress[1]} x {progress[0]} pixels, the raster has "
                f"{height} x {width}; start again without resuming"
            )
        decoder = cls(width, height, labeller, chunk_rows=progress[2], odds=odds)
        decoder._next_row, decoder._first_row, decoder._live, decoder._swept_row = progress[3:]
        for name in ("kind", "body", "label"):
            getattr(decoder._window, name)[: len(arrays[name])] = arrays[name]
        labeller.restore(decoder._window, arrays)
        # An upper bound will do: it only tells where nothing needs to be looked for.
        decoder._last_body_row = decoder._next_row - 1
        decoder._recent = Recent(arrays["recent_label"].copy(), arrays["recent_row"].copy())
        decoder._store = Store(*(arrays[name].copy() for name in Store._fields))
        decoder._dropped[:] = arrays["dropped"]
        return decoder

    def _check_place(self, row_off: int, rows: int) -> None:
        if row_off != self._next_row or row_off + rows > self._height:
            raise UsageError(
                f"expected a strip from row {self._next_row} within {self._height} rows, got rows "
                f"{row_off} to {row_off + rows}"
            )

    def _advance(self) -> list[Cluster]:
        """Scan one chunk and move the window on."""
        window = self._window
        if self._last_body_row < self._first_row:
            self._shift_open()
            return self._sweep(self._first_row) if self._sweep_pays() else []
        new = 1 if self._first_row < 0 else 1 + self._ahead
        self._store = self._labeller.label(window, self._store, self._first_row, new)
        # One row beyond the grid closes the cracks below its last row.
        start, end = 1, 1 + min(self._chunk_rows, self._height - self._first_row)
        while start < end:
            self._store = with_room(self._store, self._width)
            start = scan_rows(window, self._recent, self._store, self._first_row, (start, end))
        self._shift()
        return self._sweep(self._first_row) if self._sweep_pays() else []

    def _shift(self) -> None:
        """Let the last scanned row and the rows ahead become the first of the window."""
        window, kept = self._window, 1 + self._ahead
        for array in window:
            array[:kept] = array[self._chunk_rows :]
        window.kind[kept:] = INVALID
        window.label[kept:] = 0
        self._labeller.shift(window, kept)
        self._first_row += self._chunk_rows

    def _shift_open(self) -> None:
        """The same where no row of the window holds body: no label, step or rank is in it."""
        kind, kept = self._window.kind, 1 + self._ahead
        kind[:kept] = kind[self._chunk_rows :]
        kind[kept:] = INVALID
        self._first_row += self._chunk_rows

    def _sweep_pays(self) -> bool:
        """Whether enough happened for a sweep to cost no more than what led to it."""
        pixels = (self._first_row - self._swept_row) * self._width
        new = self.open_entries - self._live
        return 2 * new > self._live or pixels >= SWEEP_PIXELS * self._live

    def _sweep(self, scanned_row: int) -> list[Cluster]:
        """Let leave what is finished once ``scanned_row`` is scanned."""
        if self.open_entries == 0:
            return []
        roots, verdict = judge(self._store, self._params, scanned_row, self._odds)
        clusters = clusters_of(self._store, roots, verdict)
        self._dropped += verdict.dropped
        self._store, rename = compacted(self._store, roots, verdict)
        rename_rows(self._window.label[: 1 + self._ahead], self._recent, scanned_row, rename)
        self._live, self._swept_row = self.open_entries, self._first_row
        return clusters

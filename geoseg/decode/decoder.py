"""The streaming decoder: strips of maps in, clusters of finished buildings out.

The result is a function of the maps and their validity alone: rows are gathered into chunks of a
fixed height before anything is computed, so strips never show; and chunks do not show either,
because growth looks ``reach_px`` rows ahead and everything else goes row by row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.classify import Classifier
from geoseg.decode.compact import compacted, rename_rows
from geoseg.decode.emit import clusters_of
from geoseg.decode.families import Odds
from geoseg.decode.grow import grow, label_rest, label_seeds
from geoseg.decode.params import DecodeParams
from geoseg.decode.scan import scan_rows
from geoseg.decode.settle import REASONS, judge
from geoseg.decode.store import (
    BODY,
    FROZEN,
    INNER,
    INVALID,
    OPEN,
    Recent,
    Store,
    Window,
    new_recent,
    new_store,
    new_window,
    trimmed,
    with_room,
)
from geoseg.errors import ResumeError, UsageError
from geoseg.types import Cluster, MapStrip

CHUNK_ROWS = 64
"""Rows scanned at a time; bounds the memory for wide rasters."""

SWEEP_PIXELS = 16
"""A sweep is due after so many pixels for every entry that is held, however little is new."""

ALL_ROWS = np.iinfo(np.int64).max
"""A row after all others."""


class Decoder:
    """Decodes one grid of ``height`` x ``width`` pixels from top to bottom."""

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
        """A decoder before its first row; ``odds`` choose which buildings that meet are one."""
        if "body" not in heads:
            raise UsageError(f"the decoder needs a map named 'body', the model has {heads}")
        self._ahead = max(params.reach_px, 1)
        if (chunk_rows + 2 * self._ahead + 1) * (width + 2) > np.iinfo(np.int32).max:
            raise UsageError(f"{width} columns are too many to decode at once; split the raster")
        self._width, self._height = width, height
        self._heads, self._params, self._chunk_rows = heads, params, chunk_rows
        self._odds = odds
        self._classifier = Classifier(heads, params)
        self._window: Window = new_window(1 + chunk_rows + self._ahead, width)
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

    def push(self, strip: MapStrip) -> list[Cluster]:
        """Take the next rows; returns what is finished, in an order that strips do not change."""
        self._check(strip)

        def write(part: slice, rows: slice) -> bool:
            maps, inside = strip.maps[:, part], (rows, slice(1, -1))
            self._window.body[inside] = self._classifier.body(maps)
            return self._classifier.write(maps, strip.valid[part], self._window.kind[inside])

        return self._pushed(strip.valid.shape[0], write)

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
        # Labels are written as far as the last chunk looked ahead, steps and ranks are carried on
        # from row 0 alone.
        state: dict[str, NDArray[Any]] = {"kind": window.kind[:rows], "body": window.body[:rows]}
        state |= {"label": window.label[: min(rows, 1 + self._ahead)]}
        state |= {"steps": window.steps[:1], "rank": window.rank[:1]}
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
        heads: tuple[str, ...],
        params: DecodeParams,
        arrays: Mapping[str, NDArray[Any]],
        odds: Odds | None = None,
    ) -> Self:
        """The decoder as it was when ``arrays`` came from ``snapshot``; the rest as it was then."""
        progress = arrays["progress"].tolist()
        if progress[:2] != [width, height]:
            raise ResumeError(
                f"the saved state is of {progress[1]} x {progress[0]} pixels, the raster has "
                f"{height} x {width}; start again without resuming"
            )
        decoder = cls(width, height, heads, params, chunk_rows=progress[2], odds=odds)
        decoder._next_row, decoder._first_row, decoder._live, decoder._swept_row = progress[3:]
        for name in Window._fields:
            getattr(decoder._window, name)[: len(arrays[name])] = arrays[name]
        # An upper bound will do: it only tells where nothing needs to be looked for.
        decoder._last_body_row = decoder._next_row - 1
        decoder._recent = Recent(arrays["recent_label"].copy(), arrays["recent_row"].copy())
        decoder._store = Store(*(arrays[name].copy() for name in Store._fields))
        decoder._dropped[:] = arrays["dropped"]
        return decoder

    def _check(self, strip: MapStrip) -> None:
        expected = (len(self._heads), strip.valid.shape[0], self._width)
        if strip.maps.shape != expected or strip.valid.shape != expected[1:]:
            raise UsageError(
                f"a strip's maps must be {expected}, got {strip.maps.shape} and validity "
                f"{strip.valid.shape}"
            )
        self._check_place(strip.row_off, expected[1])

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
        self._label_rows(1 if self._first_row < 0 else 1 + self._ahead)
        # One row beyond the grid closes the cracks below its last row.
        start, end = 1, 1 + min(self._chunk_rows, self._height - self._first_row)
        while start < end:
            self._store = with_room(self._store, self._width)
            start = scan_rows(window, self._recent, self._store, self._first_row, (start, end))
        self._shift()
        return self._sweep(self._first_row) if self._sweep_pays() else []

    def _label_rows(self, start: int) -> None:
        """Label the window's rows from ``start`` on, the new ones; other decoders have their way."""
        rows, steps = self._window.kind.shape[0], self._params.grow_steps
        first_rest = max(1, start - steps)
        while start < rows:
            self._store = with_room(self._store, self._width)
            start = label_seeds(self._window, self._store, self._first_row, start)
        if self._params.joins:
            grow(self._window, INNER, steps)
            while first_rest < rows - steps:
                self._store = with_room(self._store, self._width)
                span = first_rest, rows - steps
                first_rest = label_rest(self._window, self._store, self._first_row, span)
        grow(self._window, BODY, steps)

    def _shift(self) -> None:
        """Let the last scanned row and the rows ahead become the first of the window."""
        window, kept = self._window, 1 + self._ahead
        for array in window:
            array[:kept] = array[self._chunk_rows :]
        window.rank[0] -= self._chunk_rows * window.kind.shape[1]
        window.kind[kept:] = INVALID
        window.label[kept:] = 0
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

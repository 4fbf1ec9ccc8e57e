"""Merge sorted parts into one stream by building_id, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from geoseg.errors import OutputError
from geoseg.run.state.parts import Part

BATCH_ROWS = 16_384
"""Buildings in memory at a time: some ten megabytes."""

_NO_LIMIT = np.iinfo(np.int64).max


@dataclass(slots=True)
class _Cursor:
    """A part that has been read up to somewhere."""

    path: Path
    rows: int
    next_id: int
    """Id of the next row to be emitted."""
    position: int = 0
    """Number of rows emitted."""

    @property
    def finished(self) -> bool:
        return self.position == self.rows


def assemble(parts: Sequence[Part], batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all parts in the order of their building_id.

    Every part is sorted in itself; together they may overlap anyhow, for a tall building is
    finished in a late strip and has the small id of its topmost pixel. A part is opened when the
    merge reaches its smallest id, and closed between two looks at it, so neither the number of
    parts nor their sizes show in memory or open files.

    Args:
        parts: In any order.
        batch_rows: About how many rows are held at a time.
    """
    waiting = sorted(parts, key=lambda part: part.first_id, reverse=True)
    active: list[_Cursor] = []
    while waiting or active:
        _open_reached(waiting, active)
        limit = waiting[-1].first_id if waiting else _NO_LIMIT
        yield from _merge_step(active, limit, batch_rows)
        active = [cursor for cursor in active if not cursor.finished]


def _open_reached(waiting: list[Part], active: list[_Cursor]) -> None:
    """Move the parts that the merge has reached from ``waiting`` to ``active``."""
    while waiting and (
        not active or waiting[-1].first_id <= min(cursor.next_id for cursor in active)
    ):
        part = waiting.pop()
        part.require_whole()  # what is damaged can crash a reader
        active.append(_Cursor(part.path, part.rows, part.first_id))


def _merge_step(active: list[_Cursor], limit: int, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Emit rows with ids below ``limit``, as many as one look at every open part allows."""
    look = max(1, batch_rows // len(active))
    windows = [_read(cursor, look) for cursor in active]
    below = min([limit, *(_known_up_to(c, w) for c, w in zip(active, windows, strict=True))])
    ready = [
        _advance(cursor, window, below) for cursor, window in zip(active, windows, strict=True)
    ]
    yield from pa.concat_tables(ready).sort_by("building_id").combine_chunks().to_batches()


def _read(cursor: _Cursor, rows: int) -> pa.Table:
    """Up to ``rows`` rows from the cursor on; pages of the mapped file are read as needed."""
    try:
        with pa.memory_map(str(cursor.path)) as file:
            return pa.ipc.open_file(file).read_all().slice(cursor.position, rows)
    except (OSError, pa.ArrowInvalid) as error:
        raise OutputError(
            f"{cursor.path} cannot be read: {error}. Run again with --resume, which computes its rows "
            "again where it can."
        ) from error


def _known_up_to(cursor: _Cursor, window: pa.Table) -> int:
    """Rows with smaller ids than this are all within the window."""
    if cursor.position + window.num_rows == cursor.rows:
        return _NO_LIMIT
    return int(window["building_id"][-1].as_py()) + 1


def _advance(cursor: _Cursor, window: pa.Table, below: int) -> pa.Table:
    """Take the window's rows with ids under ``below`` and move the cursor behind them."""
    ids = window["building_id"].to_numpy()
    count = len(ids) if below == _NO_LIMIT else int(np.searchsorted(ids, below))
    cursor.position += count
    if count < len(ids):
        cursor.next_id = int(ids[count])
    return window.slice(0, count)

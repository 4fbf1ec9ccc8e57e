"""Rows in the order of a curve through their places, by a sort on the disk.

What is near each other lies near each other in the file, so that a reader of a part needs few row groups.
The curve is Hilbert's, drawn through a square that is the same for every layer of a kind of CRS: a row's
key depends on its own place alone, and a layer is the same however its rows came in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.export.spool import NAME, shapes_in

BITS = 26
"""Of each coordinate in a key."""
REACH, REACH_DEG = 2.0**27, 2.0**9
"""Half the side of the square: 134,000 km (or feet), and 512 degrees."""
RUN_ROWS = 131_072
"""Rows that are sorted in memory."""
SLICE_ROWS = 1_024
"""Rows of a piece of a sorted run; the first key of each is kept in memory."""
KEY = "key"
"""What the keys are called in the file of sorted runs, last of its columns."""

Keys = NDArray[np.uint64]


def place_keys(shapes: NDArray[np.object_], *, geographic: bool) -> Keys:
    """(n,) the place of each geometry's box on the curve; what has none comes last."""
    bounds = shapely.bounds(shapes)
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    there = np.asarray(np.isfinite(middle).all(axis=1))
    reach = REACH_DEG if geographic else REACH
    cells = np.clip(
        (np.where(there[:, None], middle, 0) / reach + 1) * 2.0 ** (BITS - 1), 0, 2.0**BITS - 1
    )
    keys = hilbert(cells[:, 0].astype(np.uint64), cells[:, 1].astype(np.uint64), BITS)
    return np.where(there, keys, np.uint64(2 ** (2 * BITS)))


def hilbert(x: Keys, y: Keys, bits: int) -> Keys:
    """(n,) how far along the curve through 2**bits by 2**bits cells each cell lies, from 0.

    The quadrants are walked from the largest down, each turned and mirrored as the curve asks
    (J. K. Lawder and P. J. H. King, Using Space-Filling Curves for Multi-dimensional Indexing, 2000).
    """
    keys = np.zeros(len(x), np.uint64)
    for bit in range(bits - 1, -1, -1):
        side = np.uint64(1 << bit)
        right, upper = (x & side) > 0, (y & side) > 0
        keys += side * side * ((3 * right.astype(np.uint64)) ^ upper.astype(np.uint64))
        turned = np.where(right & ~upper, side - np.uint64(1), np.uint64(0))
        x, y = x ^ turned, y ^ turned
        x, y = np.where(upper, x, y), np.where(upper, y, x)
    return keys


@dataclass(slots=True)
class Runs:
    """Sorted runs of rows in one Arrow file."""

    path: Path
    """The file: pieces of ``SLICE_ROWS`` rows at most, run after run."""
    first: list[int] = field(default_factory=list)
    """The first key of each piece."""
    last: list[int] = field(default_factory=list)
    """The last key of each piece."""

    def merged(self, rows: int) -> Iterator[pa.Table]:
        """All rows in the order of their keys, equal keys as they came; about ``rows`` at a time."""
        first, last = np.array(self.first, np.uint64), np.array(self.last, np.uint64)
        step = max(rows // SLICE_ROWS, 1)
        begins = np.unique(np.sort(first)[::step])
        ends = [*begins[1:], None][: len(begins)]
        with pa.memory_map(str(self.path)) as file:
            kept = pa.ipc.open_file(file)
            for begin, end in zip(begins, ends, strict=True):
                wanted = (last >= begin) & (True if end is None else first < end)
                pieces = [kept.get_batch(int(number)) for number in np.flatnonzero(wanted)]
                yield _between(pa.Table.from_batches(pieces), begin, end)


@contextmanager
def in_place_order(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, crs: CRS, folder: Path
) -> Iterator[Runs]:
    """Sort batches on the disk, in a file that is there while the block lasts.

    Args:
        batches: Of the schema, its last column WKB.
        schema: Theirs.
        crs: Of the geometries.
        folder: Where the file goes.
    """
    runs = Runs(folder / NAME)
    keyed = schema.append(pa.field(KEY, pa.uint64()))
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        with runs.path.open("wb") as file, pa.ipc.new_file(file, keyed, options=options) as writer:
            for table in _gathered(batches, schema, RUN_ROWS):
                for batch in table.combine_chunks().to_batches():
                    _write_run(batch, writer, runs, geographic=crs.is_geographic)
        yield runs
    finally:
        runs.path.unlink(missing_ok=True)


def regrouped(tables: Iterable[pa.Table], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of ``rows`` each, the last apart."""
    waiting = schema.empty_table()
    for table in tables:
        waiting = pa.concat_tables([waiting, table])
        while waiting.num_rows >= rows:
            yield waiting.slice(0, rows)
            waiting = waiting.slice(rows)
    if waiting.num_rows:
        yield waiting


def _gathered(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, rows: int
) -> Iterator[pa.Table]:
    return regrouped((pa.Table.from_batches([batch]) for batch in batches), schema, rows)


def _write_run(
    batch: pa.RecordBatch, writer: pa.RecordBatchFileWriter, runs: Runs, *, geographic: bool
) -> None:
    keys = place_keys(shapes_in(batch), geographic=geographic)
    order = np.argsort(keys, kind="stable")
    done = pa.table(batch.take(pa.array(order))).append_column(KEY, pa.array(keys[order]))
    for begin in range(0, len(keys), SLICE_ROWS):
        piece = done.slice(begin, SLICE_ROWS).combine_chunks()
        runs.first.append(int(keys[order[begin]]))
        runs.last.append(int(keys[order[min(begin + SLICE_ROWS, len(keys)) - 1]]))
        writer.write_table(piece)


def _between(pieces: pa.Table, begin: np.uint64, end: np.uint64 | None) -> pa.Table:
    """The rows of some pieces whose keys are from ``begin`` to before ``end``, in order, without keys."""
    keys = pieces[KEY].to_numpy()
    inside = keys >= begin
    if end is not None:
        inside &= keys < end
    rows = np.flatnonzero(inside)
    order = rows[np.argsort(keys[rows], kind="stable")]
    return pieces.drop_columns([KEY]).take(pa.array(order))

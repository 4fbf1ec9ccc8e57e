"""Rows that have to be read twice, kept on the disk: some facts stand at the beginning of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

NAME = "rows.arrow"
"""Of the file, in the folder of what is not complete yet."""
NOWHERE = (np.inf, np.inf, -np.inf, -np.inf)
"""The bounds of nothing."""


@dataclass(frozen=True, slots=True)
class Spool:
    """Record batches on the disk."""

    path: Path
    """The Arrow file."""
    rows: int
    """How many there are."""
    placed: int
    """Those of them with a geometry that is not empty."""
    bounds: NDArray[np.float64]
    """(4,) left, bottom, right, top of all; ``NOWHERE`` where there is none."""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """All batches in order."""
        with pa.memory_map(str(self.path)) as file:
            kept = pa.ipc.open_file(file)
            for number in range(kept.num_record_batches):
                yield kept.get_batch(number)


def shapes_in(batch: pa.RecordBatch) -> NDArray[np.object_]:
    """The last column of a batch, WKB, as geometries."""
    shapes: NDArray[np.object_] = shapely.from_wkb(
        batch.column(batch.num_columns - 1).to_numpy(zero_copy_only=False)
    )
    return shapes


@contextmanager
def spooled(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    folder: Path,
    look: Callable[[pa.RecordBatch, NDArray[np.object_]], None] | None = None,
) -> Iterator[Spool]:
    """Keep all batches in a folder while the block lasts.

    Args:
        batches: Of the schema, its last column WKB.
        schema: Theirs.
        folder: Where the file goes.
        look: Sees every batch and its geometries as it passes.
    """
    path = folder / NAME
    rows, placed, bounds = 0, 0, np.array(NOWHERE)
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        with path.open("wb") as file, pa.ipc.new_file(file, schema, options=options) as writer:
            for batch in batches:
                shapes = shapes_in(batch)
                if look is not None:
                    look(batch, shapes)
                rows += batch.num_rows
                placed += int((~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).sum())
                bounds = widened(bounds, shapes)
                writer.write_batch(batch)
        yield Spool(path, rows, placed, bounds)
    finally:
        path.unlink(missing_ok=True)


def widened(bounds: NDArray[np.float64], shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """(4,) bounds with those of some geometries added."""
    if len(shapes) == 0:
        return bounds
    added = shapely.total_bounds(shapes)
    return np.concatenate(
        [np.fmin(bounds[:2], added[:2]), np.fmax(bounds[2:], added[2:])], dtype=np.float64
    )

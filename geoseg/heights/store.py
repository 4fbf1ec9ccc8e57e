"""Footprints with all their columns, kept so that few of them need be in memory at a time."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.export.formats import FORMATS, Format
from geoseg.export.frames import AREAL, HEIGHTS_DROPPED, FrameLayer, as_table
from geoseg.export.layer import horizontal_crs
from geoseg.files.atomic import output_errors
from geoseg.vectors.apart import GEOMETRY, free_name, without_texts
from geoseg.vectors.buildings import ARROW_STUMBLES
from geoseg.vectors.layers import Layer, VectorInput, open_layer
from geoseg.vectors.load import load
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import are_broken, gathered, within_reach
from geoseg.vectors.wkb import curved, shapes_of

_log = logging.getLogger(__name__)

BATCH_ROWS = 16_384
"""Rows of a batch."""
_PLAIN = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string)
"""Columns that every format holds as GDAL gives them."""


class Batches(Protocol):
    """Record batches by number: an Arrow file, or what is in memory."""

    @property
    def num_record_batches(self) -> int:
        """How many there are."""
        ...

    def get_batch(self, number: int) -> pa.RecordBatch:
        """One of them."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """Batches of a table."""

    parts: Sequence[pa.RecordBatch]

    @property
    def num_record_batches(self) -> int:
        """How many there are."""
        return len(self.parts)

    def get_batch(self, number: int) -> pa.RecordBatch:
        """One of them."""
        return self.parts[number]


@dataclass(frozen=True, slots=True)
class Footprints:
    """All rows of a layer of polygons."""

    label: str
    """How messages name it."""
    crs: CRS
    """Its CRS, two-dimensional."""
    schema: pa.Schema
    """Its columns; the geometry, WKB without heights, is the last."""
    batches: Batches
    """The rows."""
    begins: NDArray[np.int64]
    """(batches + 1,) the first row of each."""

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.begins[-1])

    def geometry(self, number: int) -> NDArray[np.object_]:
        """The polygons of a batch; None where there is none."""
        return polygons_of(self.batches.get_batch(number))

    def count_invalid(self) -> int:
        """How many rows are no valid polygon."""
        return sum(int(are_broken(polygons_of(batch)).sum()) for batch in self)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """The polygons of some rows, given in rising order, invalid ones repaired."""
        home = np.searchsorted(self.begins, rows, side="right") - 1
        parts = [np.zeros(0, dtype=object)]
        for number in np.unique(home):
            column = self.batches.get_batch(int(number)).column(self.schema.names[-1])
            mine = rows[home == number] - self.begins[number]
            parts.append(shapely.from_wkb(column.take(pa.array(mine)).to_numpy(False)))  # noqa: FBT003
        return sound(np.concatenate(parts))

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """All batches in order."""
        return (self.batches.get_batch(i) for i in range(self.batches.num_record_batches))


def polygons_of(batch: pa.RecordBatch) -> NDArray[np.object_]:
    """The last column of a batch, WKB, as polygons."""
    wkb = batch.column(batch.num_columns - 1).to_numpy(zero_copy_only=False)
    polygons: NDArray[np.object_] = shapely.from_wkb(wkb)
    return polygons


def keep(
    footprints: VectorInput, scratch: Path | None, *, layer: str | None, holds: Format | None
) -> Footprints:
    """Read footprints once; of a large file only a copy on the disk is kept.

    Args:
        footprints: A vector file or a GeoDataFrame.
        scratch: A folder for that copy; None: in memory.
        layer: Layer of the file; None: ``buildings``, else its only polygon layer.
        holds: The format they will be written in; None: any.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS.
        UsageError: a row is no polygon, or the format cannot hold a column.
    """
    if scratch is not None and isinstance(footprints, (str, Path)):
        opened = open_layer(footprints, layer, preferred="buildings")
        streamed = None if opened.name is None else _streamed(opened, scratch)
        if streamed is not None:
            return streamed
    loaded = load(footprints, "footprints", layer=layer, preferred="buildings")
    return in_memory(loaded.frame, loaded.label, holds)


def in_memory(frame: gpd.GeoDataFrame, label: str, holds: Format | None = None) -> Footprints:
    """Footprints of a table; for a format that is written, what is left out is said."""
    written_as, holds = holds, holds or FORMATS[".parquet"]
    info, table = as_table(FrameLayer("footprints", frame), holds)
    if written_as is not None and info.notes:
        _log.warning("%s: %s.", label, "; ".join(info.notes))
    return of_batches(label, info.crs, table.schema, table.to_batches(max_chunksize=BATCH_ROWS))


def of_batches(
    label: str, crs: CRS, schema: pa.Schema, parts: Sequence[pa.RecordBatch]
) -> Footprints:
    """Footprints of batches whose last column is WKB."""
    return Footprints(label, crs, schema, InMemory(parts), _begins(InMemory(parts)))


def written(
    scratch: Path, label: str, crs: CRS, schema: pa.Schema, parts: Iterable[pa.RecordBatch]
) -> Footprints:
    """The same, kept on the disk in a folder.

    Raises:
        OutputError: it is full.
    """
    path = scratch / "footprints.arrow"
    # What the parts come from raises nothing of the system's.
    with (
        output_errors(path),
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, schema) as writer,
    ):
        for part in parts:
            writer.write_batch(part)
    kept = pa.ipc.open_file(pa.memory_map(str(path)))
    return Footprints(label, crs, schema, kept, _begins(kept))


def _begins(batches: Batches) -> NDArray[np.int64]:
    sizes = [batches.get_batch(i).num_rows for i in range(batches.num_record_batches)]
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _streamed(layer: Layer, scratch: Path) -> Footprints | None:
    """The layer as an Arrow file in ``scratch``; None where it cannot be read so."""
    try:
        with pyogrio.open_arrow(
            layer.path,
            layer=layer.name,
            batch_size=BATCH_ROWS,
            use_pyarrow=True,
            **without_texts(layer.path),
        ) as (meta, reader):
            given = meta["geometry_name"] or "wkb_geometry"
            fields = [field for field in reader.schema if field.name != given]
            if not all(any(is_kind(field.type) for is_kind in _PLAIN) for field in fields):
                return None
            names = {old: name for name, old in layer.stored.items()}
            plain = [f.with_name(names.get(f.name, f.name)).remove_metadata() for f in fields]
            name = free_name(GEOMETRY, [field.name for field in plain])
            schema = pa.schema([*plain, (name, pa.binary())])
            rows = _rows(reader, ([field.name for field in fields], given), schema, layer.label)
            return written(scratch, layer.label, horizontal_crs(layer.crs), schema, rows)
    except ARROW_STUMBLES:
        return None  # read row by row it may do, or say what is wrong with it


def _rows(
    reader: Iterable[pa.RecordBatch],
    names: tuple[Sequence[str], str],
    schema: pa.Schema,
    label: str,
) -> Iterator[pa.RecordBatch]:
    """The batches with their geometries flat and last; ``names`` are of the columns and the geometry."""
    (attributes, geometry), begin, risen = names, 0, False
    for batch in reader:
        found = shapes_of(batch.column(geometry).to_numpy(zero_copy_only=False))
        risen = risen or bool(shapely.has_z(found).any())
        flat = pa.array(_flat(found, begin), pa.binary())
        columns = [*(batch.column(name) for name in attributes), flat]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
        begin += batch.num_rows
    if risen:
        _log.warning("%s: %s.", label, HEIGHTS_DROPPED)


def _flat(found: NDArray[np.object_], begin: int) -> NDArray[Any]:
    """WKB of polygons without heights; None where there is none.

    Raises:
        UsageError: a row is no polygon.
    """
    if curved(found).any():
        raise pa.ArrowInvalid("arcs, which only GDAL makes polygons of")
    shapes = gathered(within_reach(found))
    kinds = shapely.get_type_id(shapes)
    wrong = ~(shapely.is_missing(shapes) | np.isin(kinds, list(AREAL)))
    shapes[wrong & shapely.is_empty(shapes)] = None
    wrong &= ~shapely.is_missing(shapes)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise UsageError(
            f"row {begin + row} holds a {shapes[row].geom_type}; footprints are polygons, so remove "
            "the rows that are none"
        )
    flat: NDArray[Any] = shapely.to_wkb(shapes)
    return flat

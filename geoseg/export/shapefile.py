"""Shapefiles, by themselves or in an archive: what does not fit is refused before a row is written."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from geoseg.errors import OutputError, UsageError
from geoseg.export.columns import is_text, require_values
from geoseg.export.field_names import plain_name, shapefile_names
from geoseg.export.fitting import fitted, renamed_and_cast, time_texts
from geoseg.export.formats import SHAPEFILE
from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import count_rows, write_with_gdal
from geoseg.export.spool import Spool, spooled
from geoseg.export.stream import BatchStream

MOST_BYTES = 2**31 - 1
"""Of each file: what other programs read ends there."""
MOST_COLUMNS = 255
"""Of a dBASE table, by the programs that read the least."""
_HEAD, _NULL, _RECORD, _PART, _POINT = 100, 8 + 4, 8 + 4 + 32 + 4 + 4, 4, 16
"""Bytes of a .shp: its header; a record without a shape; one with its box and counts; each ring; each vertex (ESRI Shapefile
Technical Description, July 1998)."""
_WIDTHS = ((pa.types.is_boolean, 1), (pa.types.is_date, 8))
_NUMBER = 24
"""Characters of a number in the table."""
WIDTH = "GDAL:OGR:width"
"""Where GDAL looks for the width of a column in its Arrow metadata."""
_SMALL = 1e-7
"""Numbers nearer to zero lose digits to the 15 decimals."""


@dataclass(slots=True)
class Facts:
    """What a shapefile would have to hold, found out batch by batch."""

    schema: pa.Schema
    """Of the rows as they will be written."""
    shape_bytes: int = _HEAD
    """Size of the .shp."""
    rows: int = 0
    """How many there are."""
    widths: dict[str, int] = field(default_factory=dict)
    """Bytes of the longest text or whole number of each column."""
    empty: int = 0
    """Texts without a letter."""
    small: int = 0
    """Numbers that lose digits."""

    def look(self, batch: pa.RecordBatch, shapes: NDArray[np.object_]) -> None:
        """Count a batch.

        Raises:
            UsageError: It holds a value that a shapefile cannot.
        """
        for name, array in zip(self.schema.names[:-1], batch.columns[:-1], strict=True):
            require_values(name, array, SHAPEFILE)
            self.widths[name] = max(self.widths.get(name, 1), _longest(array))
            if is_text(array.type):
                self.empty += _count(pc.equal(array, ""))
            elif pa.types.is_floating(array.type):
                size = pc.abs(array)
                self.small += _count(pc.and_(pc.less(size, _SMALL), pc.greater(size, 0)))
        self.rows += batch.num_rows
        parts = shapely.get_parts(shapes)
        parts = parts[~shapely.is_empty(parts)]
        rings = len(parts) + int(shapely.get_num_interior_rings(parts).sum())
        vertices = int(shapely.get_num_coordinates(shapes).sum())
        placed = int((~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).sum())
        self.shape_bytes += (
            _NULL * (batch.num_rows - placed) + _RECORD * placed + _PART * rings + _POINT * vertices
        )

    @property
    def table_bytes(self) -> int:
        """Size of the .dbf: a header, a description of each column, the rows, and an end."""
        columns = list(self.schema)[:-1]
        record = 1 + sum(self._width(column) for column in columns)
        return 32 + 32 * len(columns) + 1 + self.rows * record + 1

    @property
    def index_bytes(self) -> int:
        """Size of the .shx."""
        return _HEAD + 8 * self.rows

    def with_widths(self, schema: pa.Schema) -> pa.Schema:
        """The schema with the width of each column, as GDAL reads it from Arrow."""
        widths = {
            short: self._width(column)
            for short, column in zip(schema.names, self.schema, strict=True)
        }
        return pa.schema([
            field.with_metadata({WIDTH: str(widths[field.name])}) if _is_sized(field.type) else field
            for field in schema
        ])  # fmt: skip

    def _width(self, column: pa.Field) -> int:
        width = next((width for is_kind, width in _WIDTHS if is_kind(column.type)), _NUMBER)
        return self.widths.get(column.name, 1) if _is_sized(column.type) else width

    def require_whole(self, path: Path) -> None:
        """Refuse files of another size than they must have: what GDAL cannot write it may not say.

        Raises:
            OutputError: One has.
        """
        sizes = {".shp": self.shape_bytes, ".dbf": self.table_bytes, ".shx": self.index_bytes}
        for extension, size in sizes.items():
            found = path.with_suffix(extension).stat().st_size
            if found != size:
                raise OutputError(
                    f"the {extension} cannot be written whole ({found:,} of {size:,} bytes): the disk may be "
                    "full or failing. Make it free or check it, and run again"
                )

    def require_room(self) -> None:
        """Refuse files that other programs do not read to their end.

        Raises:
            UsageError: One of them would be too large.
        """
        for extension, size in ((".shp", self.shape_bytes), (".dbf", self.table_bytes)):
            if size > MOST_BYTES:
                raise UsageError(
                    f"{self.rows:,} rows need a {extension} of {size / 1e9:.1f} GB, and a Shapefile ends at "
                    "2 GB; write .gpkg, .gdb or .parquet"
                )

    def notes(self) -> tuple[str, ...]:
        """What changes on the way, one sentence each."""
        empty = f"{self.empty} empty texts become missing ones"
        small = f"{self.small} numbers below {_SMALL:g} keep 15 decimals"
        return ((empty,) if self.empty else ()) + ((small,) if self.small else ())


def require_columns(count: int) -> None:
    """Refuse more columns than a Shapefile has.

    Raises:
        UsageError: there are.
    """
    if count > MOST_COLUMNS:
        raise UsageError(
            f"a Shapefile has {MOST_COLUMNS} columns at most, and there are {count}; remove some, or "
            "write .gpkg"
        )


def write_shapefile(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Write the files of a shapefile, all of which lie beside ``path``; returns what they do not hold.

    Raises:
        UsageError: A value, the number of columns or the size is beyond the format; nothing is written.
    """
    names = shapefile_names(layer.attributes)
    require_columns(len(names))
    rows, short = fitted(stream, layer, names, time_texts)
    facts = Facts(pa.schema([*list(layer.schema)[:-1], short.schema.field(short.geometry)]))
    with spooled(rows, short.schema, path.parent, facts.look) as spool:
        facts.require_room()
        _write(path, spool, short, facts)
    facts.require_whole(path)
    stream.require_written(count_rows(path))
    return (*renamed_and_cast(layer, names, time_texts), *facts.notes())


def write_zipped_shapefile(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """The same in one archive; the files within have the layer's name."""
    inside = path.with_name("inside")
    inside.mkdir()
    notes = write_shapefile(inside / "layers.shp", stream, layer)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(inside.iterdir()):
            archive.write(part, f"{plain_name(layer.name)}{part.suffix}")
    stream.require_written(count_rows(path))
    return notes


def _write(path: Path, spool: Spool, layer: LayerInfo, facts: Facts) -> None:
    """Write columns as wide as they have to be, at once.

    GDAL can fit them afterwards, too, but a full disk in the midst of that leaves a table of other values.
    """
    schema = facts.with_widths(layer.schema)
    write_with_gdal(
        path,
        BatchStream((batch.replace_schema_metadata(None).cast(schema) for batch in spool), schema),
        replace(layer, schema=schema),
        driver="ESRI Shapefile",
        layer_options={"ENCODING": "UTF-8"},
        geometry_type="Polygon",
    )


def _longest(array: Any) -> int:  # noqa: ANN401  # an Arrow array
    """Bytes of the longest text or whole number."""
    if is_text(array.type):
        return pc.max(pc.binary_length(array)).as_py() or 1
    if pa.types.is_integer(array.type):
        ends = pc.min_max(array).as_py().values()
        return (
            max(len(str(end)) for end in ends if end is not None)
            if array.null_count < len(array)
            else 1
        )
    return 1


def _is_sized(kind: pa.DataType) -> bool:
    return is_text(kind) or bool(pa.types.is_integer(kind))


def _count(mask: Any) -> int:  # noqa: ANN401  # an Arrow array of booleans
    return pc.sum(mask).as_py() or 0

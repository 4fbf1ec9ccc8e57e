"""CSV with outlines as WKT; what a CSV cannot say stands in two files beside it, as GDAL reads them.

Written by Arrow: GDAL's own writer keeps 15 digits of a number, and cannot tell an empty text from none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoseg.errors import UsageError
from geoseg.export.columns import is_text
from geoseg.export.layer import LayerInfo
from geoseg.export.spool import shapes_in
from geoseg.export.stream import BatchStream
from geoseg.files.cells import FORMULA, as_cell

GEOMETRY_COLUMN = "WKT"
"""Name of the column of outlines; GDAL and QGIS know it by that."""
_KINDS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_boolean, "Integer(Boolean)"),
    (pa.types.is_int64, "Integer64"),
    (pa.types.is_uint32, "Integer64"),
    (pa.types.is_integer, "Integer"),
    (pa.types.is_floating, "Real"),
    (pa.types.is_date, "Date"),
    (pa.types.is_timestamp, "DateTime"),
)
"""What GDAL calls the types in a ``.csvt``."""
DIGITS = 16
"""Digits after the point of a coordinate at most: what a float holds."""


def write_csv(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Write the rows, their types (``.csvt``) and the CRS (``.prj``); returns what was changed.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    if any(name.lower() == GEOMETRY_COLUMN.lower() for name in layer.attributes):
        raise UsageError(
            f"the column of outlines is called {GEOMETRY_COLUMN} in a CSV; rename the one that has the name"
        )
    fields = [pa.field(GEOMETRY_COLUMN, pa.string())]
    fields += [pa.field(as_cell(f.name), _stored(f.type)) for f in list(layer.schema)[:-1]]
    schema, formulas = pa.schema(fields), 0
    with path.open("wb") as file, pyarrow.csv.CSVWriter(file, schema) as writer:
        for batch in stream:
            arrays = [_cell(array) for array in batch.columns[:-1]]
            formulas += sum(_formulas(array) for array in batch.columns[:-1])
            table = pa.RecordBatch.from_arrays([_wkt(batch), *arrays], schema=schema)
            writer.write_batch(table)
    kinds = ",".join(_kind(one.type) for one in list(layer.schema)[:-1])
    path.with_suffix(".csvt").write_text(f"WKT,{kinds}\n" if kinds else "WKT\n", encoding="utf-8")
    path.with_suffix(".prj").write_text(_projection(layer.crs), encoding="utf-8")
    stream.require_written(_count(path))
    return (f"{formulas} texts that a spreadsheet would run begin with an apostrophe",) * (
        formulas > 0
    )


def _projection(crs: CRS) -> str:
    """The CRS as programs expect it in a ``.prj``; in its full form where that cannot express it."""
    try:
        return str(crs.to_wkt("WKT1_ESRI"))
    except CRSError:
        return str(crs.to_wkt())


def _stored(kind: pa.DataType) -> pa.DataType:
    """Booleans are 1 and 0, which GDAL's types and spreadsheets know."""
    return pa.int8() if pa.types.is_boolean(kind) else kind


def _kind(kind: pa.DataType) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(kind)), "String")


def _wkt(batch: pa.RecordBatch) -> pa.Array:
    shapes = shapes_in(batch)
    return pa.array(shapely.to_wkt(shapes, rounding_precision=DIGITS), pa.string())


def _cell(array: Any) -> Any:  # noqa: ANN401  # Arrow arrays
    if pa.types.is_boolean(array.type):
        return array.cast(pa.int8())
    if not is_text(array.type):
        return array
    guarded = pc.binary_join_element_wise(
        pa.scalar("", array.type), array, pa.scalar("'", array.type)
    )
    return pc.if_else(pc.match_substring_regex(array, FORMULA), guarded, array)


def _formulas(array: Any) -> int:  # noqa: ANN401  # an Arrow array
    if not is_text(array.type):
        return 0
    return pc.sum(pc.match_substring_regex(array, FORMULA)).as_py() or 0


def _count(path: Path) -> int:
    """Rows, by a reader of its own."""
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    with pyarrow.csv.open_csv(
        path,
        parse_options=options,
        convert_options=pyarrow.csv.ConvertOptions(include_columns=[GEOMETRY_COLUMN]),
    ) as reader:
        return sum(batch.num_rows for batch in reader)

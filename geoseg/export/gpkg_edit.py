"""A layer of a GeoPackage with other outlines and some other columns; all else stays as it is.

Names, styles, metadata, other layers, types of columns, numbers of rows: the file is copied whole,
and only what is new is written into its table.
"""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geoseg.errors import OutputError
from geoseg.export.gpkg import copy_gpkg
from geoseg.export.multi import as_multipolygons
from geoseg.files.database import looked_into, quoted

VERSION_13 = 10300
"""What version 1.3 is stored as; 1.4 is refused by the GDAL of current long-term releases."""
_HEAD = struct.Struct("<2sBBi")
_BOX = struct.Struct("<4d")
_EMPTY, _WITH_BOX = 0b0001_0001, 0b0000_0011
_WKB_BEGINS = _HEAD.size + _BOX.size

_TABLE = """
SELECT g.column_name, g.srs_id, g.geometry_type_name FROM gpkg_geometry_columns g
JOIN sqlite_master m ON m.name = g.table_name AND m.type = 'table' WHERE g.table_name = ?
"""


@dataclass(frozen=True, slots=True)
class LayerEdit:
    """What is new in a layer."""

    layer: str
    """Its name."""
    outlines: NDArray[np.object_]
    """(n,) polygons, multipolygons, empty ones or None, in the order in which GDAL reads them."""
    columns: Mapping[str, Sequence[object]]
    """New values of columns, texts or numbers, (n,) each; a column that is not there is added."""
    run_json: str | None = None
    """Takes the place of the metadata of the run, where there are any."""


def is_editable(path: Path, layer: str) -> bool:
    """True for a layer in a table of a GeoPackage on this machine whose rows have numbers."""
    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return False
    try:
        with looked_into(path) as connection:
            found = connection.execute(_TABLE, (layer,)).fetchone()
            return found is not None and _key(connection, layer) is not None
    except sqlite3.Error:
        return False


def write_edited(source: Path, path: Path, edit: LayerEdit) -> None:
    """Copy a GeoPackage to ``path``, and change one layer of the copy.

    Raises:
        OutputError: the layer has other rows than were read of it.
    """
    copy_gpkg(source, path)
    fids = pyogrio.read_dataframe(
        path, layer=edit.layer, columns=[], read_geometry=False, fid_as_index=True
    ).index.to_numpy()
    if len(fids) != len(edit.outlines):
        raise OutputError(
            f"{source.name} changed while it was read; {len(fids)} rows are there, "
            f"{len(edit.outlines)} were; run it again"
        )
    with closing(sqlite3.connect(path)) as connection, connection:
        for name, function in _FUNCTIONS.items():
            connection.create_function(name, 1, function, deterministic=True)
        _edit(connection, edit, fids.tolist())
    with closing(sqlite3.connect(path)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise OutputError(f"the GeoPackage is damaged after writing: {verdict}")


def _edit(connection: sqlite3.Connection, edit: LayerEdit, fids: Sequence[int]) -> None:
    table, key = quoted(edit.layer), _key(connection, edit.layer)
    geometry, srs_id, was = connection.execute(_TABLE, (edit.layer,)).fetchone()
    outlines, kind = _as_kind(edit.outlines, was)
    known = {str(row[1]).lower() for row in connection.execute(f"PRAGMA table_info({table})")}
    for name, values in edit.columns.items():
        if name.lower() not in known:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(name)} {_sort(values)}")
    names = ", ".join(f"{quoted(name)} = ?" for name in (geometry, *edit.columns))
    blobs = [_blob(outline, srs_id) for outline in outlines]
    connection.executemany(
        f"UPDATE {table} SET {names} WHERE {quoted(str(key))} = ?",  # noqa: S608
        zip(blobs, *edit.columns.values(), fids, strict=True),
    )
    box = shapely.total_bounds(outlines) if len(outlines) else np.full(4, np.nan)
    connection.execute(
        "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?,"
        " last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name = ?",
        (*(None if np.isnan(side) else float(side) for side in box), edit.layer),
    )
    connection.execute(
        "UPDATE gpkg_geometry_columns SET geometry_type_name = ?, z = 0, m = 0 WHERE table_name = ?",
        (kind, edit.layer),
    )
    if kind != was:
        _declare(connection, edit.layer, geometry, was, kind)
    if edit.run_json is not None:
        connection.execute(
            "UPDATE gpkg_metadata SET metadata = ? WHERE mime_type = 'application/json' AND id IN"
            " (SELECT md_file_id FROM gpkg_metadata_reference WHERE table_name = ?)",
            (edit.run_json, edit.layer),
        )
        connection.execute(
            "UPDATE gpkg_metadata_reference SET timestamp = strftime('%Y-%m-%dT%H:%M:%fZ','now')"
            " WHERE table_name = ?",
            (edit.layer,),
        )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION_13:
        connection.execute(f"PRAGMA user_version = {VERSION_13}")


def _declare(
    connection: sqlite3.Connection, layer: str, geometry: str, was: str, kind: str
) -> None:
    """Say the kind of a table's geometries in its definition too: GDAL warns of a difference."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    (sql,) = connection.execute(query, (layer,)).fetchone()
    name = re.escape(geometry)
    told = re.sub(rf'(["\[`]?{name}["\]`]?\s+){was}\b', rf"\g<1>{kind}", sql, count=1)
    connection.execute("PRAGMA writable_schema = 1")
    connection.execute(
        "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (told, layer)
    )
    connection.execute("PRAGMA writable_schema = 0")


def _sort(values: Sequence[object]) -> str:
    """The type of a new column."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int) for value in known):
        return "INTEGER"
    return "REAL" if any(isinstance(value, float) for value in known) else "TEXT"


def _as_kind(outlines: NDArray[np.object_], kind: str) -> tuple[NDArray[np.object_], str]:
    """Outlines of the kind that the layer holds, or all as multipolygons where some are."""
    several = shapely.get_type_id(outlines) == shapely.GeometryType.MULTIPOLYGON
    if kind in {"POLYGON", "MULTIPOLYGON"} and (several.any() or kind == "MULTIPOLYGON"):
        return as_multipolygons(outlines), "MULTIPOLYGON"
    return outlines, kind


def _blob(outline: BaseGeometry | None, srs_id: int) -> bytes | None:
    """A geometry as GeoPackage stores it (OGC 12-128r17, 2.1.3): head, box, WKB."""
    if outline is None:
        return None
    wkb: bytes = shapely.to_wkb(outline, byte_order=1)
    if outline.is_empty:
        return _HEAD.pack(b"GP", 0, _EMPTY, srs_id) + wkb
    left, bottom, right, top = outline.bounds
    return _HEAD.pack(b"GP", 0, _WITH_BOX, srs_id) + _BOX.pack(left, right, bottom, top) + wkb


def _side(number: int) -> Callable[[bytes | None], float | None]:
    """A function that gives a side of the box of a stored geometry: the triggers of its index ask."""

    def side(blob: bytes | None) -> float | None:
        box = _box(blob)
        return None if box is None else box[number]

    return side


def _box(blob: bytes | None) -> tuple[float, ...] | None:
    """Left, right, bottom and top of a stored geometry; None where it has no place."""
    if blob is None or blob[3] & 0b0001_0000:
        return None
    if blob[3] & 0b0000_1110 and blob[3] & 1:
        return _BOX.unpack_from(blob, _HEAD.size)
    size = (0, 32, 48, 48, 64)[(blob[3] & 0b0000_1110) >> 1]
    left, bottom, right, top = shapely.bounds(shapely.from_wkb(blob[_HEAD.size + size :])).tolist()
    return None if np.isnan(left) else (left, right, bottom, top)


_FUNCTIONS: dict[str, Callable[[bytes | None], float | None]] = {
    "ST_IsEmpty": lambda blob: int(_box(blob) is None) if blob is not None else None,
    "ST_MinX": _side(0),
    "ST_MaxX": _side(1),
    "ST_MinY": _side(2),
    "ST_MaxY": _side(3),
}


def _key(connection: sqlite3.Connection, layer: str) -> str | None:
    """The column that numbers the rows of a table."""
    columns = connection.execute(f"PRAGMA table_info({quoted(layer)})").fetchall()
    keys = [str(name) for _, name, kind, _, _, key in columns if key and kind.upper() == "INTEGER"]
    return keys[0] if len(keys) == 1 else None

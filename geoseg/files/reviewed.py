"""Whether people have begun to check a file under review, or edited one: their hours are never replaced."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from geoseg.errors import OutputError
from geoseg.files.database import looked_into
from geoseg.languages.counting import listed

WAIT_S = 1.0
"""How long another program's writing is waited for."""
_MARKS = {"plots": "checked", "queue": "rank"}
"""A file under review has one of these layers, with this column."""
_EDITED = """
SELECT max(strftime('%Y-%m-%d %H:%M', layer.last_change)) FROM gpkg_metadata AS record
JOIN gpkg_metadata_reference AS reference ON reference.md_file_id = record.id
JOIN gpkg_contents AS layer ON layer.table_name = reference.table_name
WHERE record.mime_type = 'application/json' AND instr(record.metadata, '"geoseg"')
AND julianday(layer.last_change) > julianday(reference.timestamp) + 2 / 86400.0
"""
"""The record is written after the layer; two seconds later is another program."""
_WORK = {"plots": "checked <> 0", "buildings": "review <> ''", "queue": "review <> ''"}
"""Rows of a layer that somebody has looked at."""


def checked_by_people(path: Path) -> str | None:
    """How many verdicts and checked plots a file under review holds, in words; None for any other file.

    Raises:
        OutputError: Another program keeps it, so that nobody can tell.
    """
    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return None
    try:
        with looked_into(path, wait_s=WAIT_S) as file:
            if not any(column in _columns(file, layer) for layer, column in _MARKS.items()):
                return None
            rows = {layer: _rows(file, layer, which) for layer, which in _WORK.items()}
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"{path} cannot be read before it is replaced ({error}): another program may be writing it; close "
            "it there, or give another name"
        ) from None
    except sqlite3.DatabaseError:
        return None  # no database, so no review
    verdicts, plots = rows["buildings"] + rows["queue"], rows["plots"]
    return (
        listed((verdicts, "verdict", "verdicts"), (plots, "checked plot", "checked plots")) or None
    )


def edited_since_written(path: Path) -> str | None:
    """When a layer was last edited after geoseg wrote it with the record of its run; None: it was not, or nobody knows.

    GDAL, and so QGIS, notes in a GeoPackage when the rows of a layer change; opening it and saving a style
    change none.
    """
    if path.suffix.lower() != ".gpkg" or not path.is_file():
        return None
    try:
        with looked_into(path, wait_s=WAIT_S) as file:
            return str(found) if (found := file.execute(_EDITED).fetchone()[0]) else None
    except sqlite3.Error:
        return None  # no GeoPackage, or none with a record


def _columns(file: sqlite3.Connection, layer: str) -> set[str]:
    return {row[1] for row in file.execute(f"PRAGMA table_info({layer})")}


def _rows(file: sqlite3.Connection, layer: str, which: str) -> int:
    if which.partition(" ")[0] not in _columns(file, layer):
        return 0
    return int(file.execute(f"SELECT count(*) FROM {layer} WHERE {which}").fetchone()[0])  # noqa: S608

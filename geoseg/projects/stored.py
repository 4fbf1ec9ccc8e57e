"""Projects in a GeoPackage, where QGIS keeps them: the table ``qgis_projects``."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from geoseg.errors import OutputError, OutputExistsError
from geoseg.files.database import looked_into

WRITER = "geoseg"
"""Stands as the user who saved a project last, until somebody does in QGIS."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"
)
_WAIT_S = 10.0


def address_of(geopackage: Path, name: str) -> str:
    """How QGIS is asked for a project in a GeoPackage."""
    return f"geopackage:{geopackage.absolute().as_posix()}?projectName={quote(name)}"


def packed(project: str, name: str) -> bytes:
    """A project as a .qgz file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}.qgs", (1980, 1, 1, 0, 0, 0)), project)
    return made.getvalue()


def require_ours(geopackage: Path, name: str) -> None:
    """Refuse to replace a project that somebody saved in QGIS.

    Raises:
        OutputExistsError: There is one.
    """
    query = "SELECT metadata FROM qgis_projects WHERE name = ?"
    try:
        with looked_into(geopackage, wait_s=_WAIT_S) as connection:
            found = connection.execute(query, (name,)).fetchone()
    except sqlite3.Error:  # no such table
        return
    if found is not None and not _is_ours(found[0]):
        raise OutputExistsError(
            f"{geopackage} has a project {name!r} that was saved in QGIS; give another --name, or "
            "--overwrite to replace it"
        )


def _is_ours(metadata: object) -> bool:
    try:
        told = json.loads(str(metadata))
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("last_modified_user") == WRITER


def store(geopackage: Path, name: str, project: str) -> None:
    """Write a project into a GeoPackage, at once or not at all.

    Raises:
        OutputError: The file is locked, read-only or no GeoPackage, or the disk is full.
    """
    told = json.dumps(
        {
            "last_modified_time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "last_modified_user": WRITER,
        }
    )
    content = packed(project, name).hex()
    try:
        with closing(sqlite3.connect(geopackage, timeout=_WAIT_S)) as connection, connection:
            connection.execute(_TABLE)
            connection.execute(
                "INSERT OR REPLACE INTO qgis_projects VALUES (?, ?, ?)", (name, told, content)
            )
    except sqlite3.Error as error:
        raise OutputError(
            f"the project cannot be written into {geopackage}: {error}. Close programs that have the "
            "file open, and check that it may be written to"
        ) from error

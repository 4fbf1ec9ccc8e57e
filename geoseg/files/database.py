"""A GeoPackage as the database that it is, opened to be looked into alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

USUAL_WAIT_S = 5.0
"""Python's own."""


@contextmanager
def looked_into(path: Path, *, wait_s: float = USUAL_WAIT_S) -> Iterator[sqlite3.Connection]:
    """Nothing can be written, and a file that is not there is not made.

    Args:
        path: of the file.
        wait_s: How long another program's writing is waited for.

    Raises:
        sqlite3.Error: there is no such file, it is no database, or another program keeps it.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, timeout=wait_s, uri=True)) as connection:
        yield connection


def quoted(name: str) -> str:
    """The name of a table or a column as SQL takes any."""
    return '"' + name.replace('"', '""') + '"'

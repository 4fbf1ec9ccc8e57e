"""The final file: refused before the work starts or written whole, whatever its format."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pydantic import JsonValue
from pyproj import CRS

from geoseg.errors import OutputError
from geoseg.export.flatgeobuf import write_flatgeobuf
from geoseg.export.geojson import write_geojson
from geoseg.export.geoparquet import write_geoparquet
from geoseg.export.gpkg import write_gpkg
from geoseg.export.layer import LayerInfo, horizontal_crs
from geoseg.export.stream import BatchStream
from geoseg.files.atomic import (
    CHECK_FOLDER,
    output_errors,
    scratch_folder,
    sync_file,
    sync_folder,
)
from geoseg.files.target import check_target

WRITERS: dict[str, Callable[[Path, BatchStream, LayerInfo], None]] = {
    ".gpkg": write_gpkg,
    ".geojson": write_geojson,
    ".fgb": write_flatgeobuf,
    ".parquet": write_geoparquet,
}
"""The writer of each extension."""

_LIBRARY_ERRORS = (RuntimeError, sqlite3.Error, pa.ArrowException)
"""The first is the root of what pyogrio raises."""
_LONGEST_REASON = 160
"""Characters of a library's message that are worth showing."""


def open_output(path: str | Path, *, overwrite: bool = False) -> Path:
    """Find out before any work whether the output can be written.

    Returns:
        The absolute path.

    Raises:
        UsageError: The extension is not known.
        OutputExistsError: It is there already and ``overwrite`` is False.
        OutputError: The folder is missing or cannot be written to, or the path is a folder.
    """
    target = check_target(Path(path).absolute(), WRITERS, overwrite=overwrite)
    # The very folder that will be needed: its name must not be too long either.
    with scratch_folder(target):
        return target


def write_output(
    path: Path,
    batches: Iterable[pa.RecordBatch],
    *,
    crs: CRS,
    run_metadata: Mapping[str, JsonValue],
    extent: Sequence[bytes] | None = None,
) -> int:
    """Write the buildings; the file appears under its name when it is complete and checked.

    An existing file is replaced: :func:`open_output` is where that is refused.

    Args:
        path: Its extension, one of ``WRITERS``, decides the format.
        batches: Of the contract's schema, in the final order.
        crs: CRS of the outlines; of a compound one the horizontal part is stored.
        run_metadata: How the file was made.
        extent: The observed area as WKB polygons in ``crs``; only a GeoPackage holds it.

    Returns:
        The number of buildings written.

    Raises:
        OutputError: Disk full, no permission, or the written file failed its check. Nothing of it
            is left then. Errors of ``batches`` itself come through as they are.
    """
    stream = BatchStream(batches)
    layer = LayerInfo(horizontal_crs(crs), run_metadata, extent)
    with output_errors(path), scratch_folder(path) as folder:
        temporary = folder / f"buildings{path.suffix.lower()}"
        with _stream_errors(path, stream):
            WRITERS[path.suffix.lower()](temporary, stream, layer)
        sync_file(temporary)
        _remove_sqlite_leftovers(path)
        temporary.replace(path)
    with output_errors(path):
        sync_folder(path.parent)
    return stream.rows


@contextmanager
def _stream_errors(path: Path, stream: BatchStream) -> Iterator[None]:
    """Raise what the batches' source raised, or what a library says as one OutputError."""
    try:
        yield
    except _LIBRARY_ERRORS as error:
        if stream.error is not None:
            raise stream.error from None
        free_mb = shutil.disk_usage(path.parent).free / 1e6
        raise OutputError(
            f"{path} cannot be written: {_shortened(str(error))}. {free_mb:,.1f} MB are free "
            f"there. {CHECK_FOLDER}"
        ) from error


def _shortened(reason: str) -> str:
    """The message on one line, without the middle where it quotes a whole statement."""
    reason = " ".join(reason.split()).rstrip(".")
    if len(reason) <= _LONGEST_REASON:
        return reason
    return f"{reason[: _LONGEST_REASON // 2]} ... {reason[-_LONGEST_REASON // 2 :]}"


def _remove_sqlite_leftovers(path: Path) -> None:
    """Drop journals of an overwritten GeoPackage: SQLite would apply them to the new file."""
    for suffix in ("-journal", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

"""The final file: written whole, whatever its format."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pyarrow as pa
from pydantic import JsonValue
from pyproj import CRS

from geoseg.errors import OutputError
from geoseg.export.columns import attributes
from geoseg.export.csv import write_csv
from geoseg.export.dxf import write_dxf
from geoseg.export.flatgeobuf import write_flatgeobuf
from geoseg.export.formats import FORMATS
from geoseg.export.frames import BATCH_ROWS, FrameLayer, as_table
from geoseg.export.geodatabase import write_geodatabase
from geoseg.export.geojson import write_geojson
from geoseg.export.geoparquet import write_geoparquet
from geoseg.export.gpkg import copy_gpkg, layer_rows, require_layers, write_gpkg
from geoseg.export.gpkg_edit import LayerEdit, write_edited
from geoseg.export.kml import write_kml
from geoseg.export.layer import LayerInfo, buildings_layer
from geoseg.export.pmtiles import write_pmtiles
from geoseg.export.schema import LAYER
from geoseg.export.shapefile import (
    require_columns,
    write_shapefile,
    write_zipped_shapefile,
)
from geoseg.export.stream import BatchStream
from geoseg.export.zoom import Zooms
from geoseg.files.atomic import (
    CHECK_FOLDER,
    output_errors,
    scratch_folder,
    sync_file,
    sync_folder,
)
from geoseg.files.links import followed
from geoseg.files.several import put_together_in_place
from geoseg.files.target import extension_of
from geoseg.files.unclaimed import require_still_free

Writer = Callable[[Path, BatchStream, LayerInfo], tuple[str, ...] | None]
"""Writes and checks a file; says what it does not hold, part of a sentence each."""
WRITERS: dict[str, Writer] = {
    ".gpkg": write_gpkg,
    ".geojson": write_geojson,
    ".fgb": write_flatgeobuf,
    ".parquet": write_geoparquet,
    ".shp": write_shapefile,
    ".shp.zip": write_zipped_shapefile,
    ".gdb": write_geodatabase,
    ".kml": write_kml,
    ".csv": write_csv,
    ".dxf": write_dxf,
    ".pmtiles": write_pmtiles,
}
"""The writer of each extension."""
SEVERAL = (".shp", ".csv", ".gdb")
"""Formats of several files."""

_log = logging.getLogger(__name__)

_LIBRARY_ERRORS = (RuntimeError, sqlite3.Error, pa.ArrowException)
"""The first is the root of what pyogrio raises."""
_LONGEST_REASON = 160
"""Characters of a library's message that are worth showing."""


def write_output(
    path: Path,
    batches: Iterable[pa.RecordBatch],
    *,
    crs: CRS,
    run_metadata: Mapping[str, JsonValue],
    extent: Sequence[bytes] | None = None,
    zoom: Zooms | None = None,
) -> int:
    """Write the buildings; the file appears under its name when it is complete and checked.

    An existing file is replaced: ``opening.open_output`` is where that is refused.

    Args:
        path: Its extension, one of ``WRITERS``, decides the format.
        batches: Of the contract's schema, in the final order.
        crs: CRS of the outlines; of a compound one the horizontal part is stored.
        run_metadata: How the file was made.
        extent: The observed area as WKB polygons in ``crs``; GeoPackage and GeoParquet hold it.
        zoom: First and last zoom of tiles; None: what suits the area.

    Returns:
        The number of buildings written.

    Raises:
        OutputError: Disk full, no permission, or the written file failed its check. Nothing of it
            is left then. Errors of ``batches`` itself come through as they are.
    """
    layer = buildings_layer(crs, run_metadata, extent)
    return write_batches(path, batches, replace(layer, zoom=zoom))


def write_batches(path: Path, batches: Iterable[pa.RecordBatch], layer: LayerInfo) -> int:
    """Write a layer of any columns, batch by batch; see :func:`write_output`.

    Args:
        path: Its extension, one of ``WRITERS``, decides the format.
        batches: Of the layer's schema, in the final order.
        layer: What the file says beside the rows.
    """
    stream = BatchStream(batches, layer.schema)
    with _completing(path) as temporary:
        _write(path, temporary, stream, layer)
    return stream.rows


def write_frame(
    frame: gpd.GeoDataFrame, path: Path, *, layer: str = LAYER, zoom: Zooms | None = None
) -> int:
    """Write a finished layer of polygons with columns of any kind; see :func:`write_layers`.

    Returns:
        The number of rows written.
    """
    return write_layers([FrameLayer(layer, frame)], path, zoom=zoom)


def write_layers(
    layers: Sequence[FrameLayer], path: Path, *, keep: bool = False, zoom: Zooms | None = None
) -> int:
    """Write finished layers of polygons; the file appears when it is complete and checked.

    Rows without a geometry are kept, heights where a layer asks for it and the format has them. An
    existing file is replaced.

    Args:
        layers: A GeoPackage holds all of them, every other format the first alone.
        path: Its extension, one of ``WRITERS``, decides the format.
        keep: Add the layers to the GeoPackage that is there, replacing those of their names.
        zoom: First and last zoom of tiles; None: what suits the area.

    Returns:
        The number of rows of the first layer.

    Raises:
        UsageError: The format cannot hold a column, or a row is no polygon; nothing is written.
        UnreadableVectorError: There is no CRS, or no geometry.
        OutputError: Disk full, no permission, or the written file failed its check. Nothing of it
            is left then.
    """
    suffix = extension_of(path)
    held = layers if suffix == ".gpkg" else layers[:1]
    tables = [as_table(layer, FORMATS[suffix]) for layer in held]
    expected: dict[str, int] = {}
    with _completing(path) as temporary:
        if keep:
            with _library_errors(path):
                copy_gpkg(path, temporary)
                expected |= layer_rows(temporary)
        for info, table in tables:
            stream = BatchStream(table.to_batches(max_chunksize=BATCH_ROWS), info.schema)
            _write(path, temporary, stream, replace(info, zoom=zoom))
            expected[info.name] = table.num_rows
        if suffix == ".gpkg":
            with _library_errors(path):
                require_layers(temporary, expected)
    return len(layers[0].frame)


def write_edited_layer(source: Path, path: Path, edit: LayerEdit) -> None:
    """Write a copy of a GeoPackage with one layer changed; it appears when it is whole and checked.

    Raises:
        OutputError: Disk full, no permission, or the source changed meanwhile.
    """
    with _completing(path) as temporary, _library_errors(path):
        write_edited(source, temporary, edit)


SHAPEFILES = (".shp", ".shp.zip")
"""Shapefiles, in several files or one."""


def require_held(frame: gpd.GeoDataFrame, path: Path, *, added: int = 0) -> None:
    """Find out before any work whether the format of ``path`` holds the columns of a table.

    Args:
        frame: The table.
        path: What will be written.
        added: How many columns it gets besides.

    Raises:
        UsageError: It does not.
    """
    fields, _ = attributes(frame, FORMATS[extension_of(path)])
    if extension_of(path) in SHAPEFILES:
        require_columns(len(fields) + added)


@contextmanager
def _completing(path: Path) -> Iterator[Path]:
    """A name to write to; what is there at the end takes the place of ``path``."""
    place = followed(path)
    with output_errors(path), scratch_folder(path) as folder:
        temporary = folder / f"layers{extension_of(path)}"
        yield temporary
        if extension_of(path) in SEVERAL:
            put_together_in_place(temporary, path, folder / "aside")
        else:
            sync_file(temporary)
            require_still_free(path)
            _remove_sqlite_leftovers(place)
            temporary.replace(place)
    with output_errors(path):
        sync_folder(place.parent)


def _write(path: Path, temporary: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write a layer; what the format does not hold is said once it is there."""
    with _library_errors(path, stream):
        notes = WRITERS[extension_of(path)](temporary, stream, layer) or ()
    if notes or layer.notes:
        _log.warning("%s: %s.", path.name, "; ".join((*notes, *layer.notes)))


@contextmanager
def _library_errors(path: Path, stream: BatchStream | None = None) -> Iterator[None]:
    """Raise what the batches' source raised, or what a library says as one OutputError."""
    try:
        yield
    except _LIBRARY_ERRORS as error:
        if stream is not None and stream.error is not None:
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

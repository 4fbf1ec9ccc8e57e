"""GeoPackage 1.3: a layer, the extent, style, metadata and column descriptions, checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataSourceError

from geoseg.errors import OutputError
from geoseg.export.crs_text import crs_text
from geoseg.export.gpkg_tables import (
    add_column_descriptions,
    add_metadata,
    set_styles,
)
from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.schema import GEOMETRY
from geoseg.export.stream import BatchStream, require_rows
from geoseg.export.styles.buildings import extent_style
from geoseg.export.styles.fields import key_column
from geoseg.files.database import looked_into, quoted
from geoseg.vectors.apart import free_name
from geoseg.vectors.layers import EXTENT_LAYER

GEOMETRY_COLUMN = "geom"
"""Name of the geometry column in the file, GDAL's usual one, unless a column is called so."""


_FEATURE_TABLES = """
SELECT m.name FROM gpkg_contents c JOIN sqlite_master m ON m.name = c.table_name
WHERE c.data_type = 'features' AND m.type = 'table'
"""
_ENTRY = """
SELECT o.feature_count, c.min_x FROM gpkg_contents c JOIN gpkg_ogr_contents o USING (table_name)
WHERE c.table_name = ?
"""


def has_layer(path: Path, layer: str) -> bool:
    """True when the GeoPackage has a layer of this name."""
    try:
        return layer in {str(name) for name, _ in pyogrio.list_layers(path)}
    except DataSourceError:
        return False


def write_gpkg(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write, describe and check a layer: of a new GeoPackage, or of one that is there.

    A layer of the same name is replaced.
    """
    geometry = free_name(GEOMETRY_COLUMN, layer.attributes)
    write_with_gdal(
        path,
        stream,
        layer,
        driver="GPKG",
        # 1.4 is refused by the GDAL of current long-term releases.
        dataset_options={} if path.exists() else {"VERSION": "1.3"},
        layer_options={
            "GEOMETRY_NAME": geometry,
            "FID": key_column((*layer.attributes, geometry)),
            "SPATIAL_INDEX": "YES",
        },
    )
    if layer.extent:
        _write_extent(path, layer, layer.extent)
    with closing(sqlite3.connect(path)) as connection, connection:
        _describe(connection, layer, geometry)
    with closing(sqlite3.connect(path)) as connection:
        _check(connection, stream, layer, geometry)


def layer_rows(path: Path) -> dict[str, int]:
    """The layers with features of a GeoPackage, without views, and how many rows each has."""
    with looked_into(path) as connection:
        names = connection.execute(_FEATURE_TABLES).fetchall()
        return {str(name): _count(connection, name) for (name,) in names}


def require_layers(path: Path, expected: Mapping[str, int]) -> None:
    """Refuse a GeoPackage that lost a layer or rows of it after they were written.

    Raises:
        OutputError: It did.
    """
    found = layer_rows(path)
    for name, rows in expected.items():
        require_rows(found.get(name, 0), rows, f"the layer {name} of the written file")


def copy_gpkg(path: Path, target: Path) -> None:
    """Copy a GeoPackage whole, with what only its journal holds yet."""
    with (
        looked_into(path) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _describe(connection: sqlite3.Connection, layer: LayerInfo, geometry: str) -> None:
    """Add what a GeoPackage says beside the rows."""
    if layer.styles:
        set_styles(connection, layer.name, geometry, layer.styles)
    if layer.extent:
        set_styles(connection, EXTENT_LAYER, GEOMETRY_COLUMN, [extent_style()])
    if layer.columns:
        add_column_descriptions(connection, layer.name, layer.columns)
    if layer.run_json is not None:
        add_metadata(connection, layer.name, layer.run_json)


def _write_extent(path: Path, layer: LayerInfo, polygons: Sequence[bytes]) -> None:
    """Add the observed area as one MultiPolygon."""
    area = shapely.union_all(shapely.from_wkb(list(polygons)))
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon"]
    wkb = shapely.to_wkb(shapely.multipolygons(parts))
    table = pa.table({GEOMETRY: pa.array([wkb], pa.binary())})
    pyogrio.write_arrow(
        table,
        path,
        layer=EXTENT_LAYER,
        driver="GPKG",
        geometry_name=GEOMETRY,
        geometry_type="MultiPolygon",
        crs=crs_text(layer.crs, "GPKG"),
        append=True,
        layer_options={
            "GEOMETRY_NAME": GEOMETRY_COLUMN,
            "DESCRIPTION": layer.extent_description,
        },
    )


def _check(
    connection: sqlite3.Connection, stream: BatchStream, layer: LayerInfo, geometry: str
) -> None:
    """Count features and index entries, and let SQLite look at every page."""
    stream.require_written(_count(connection, layer.name))
    _check_layer(connection, layer.name, geometry, stream.rows, layer.without_place)
    if layer.extent:
        _check_layer(connection, EXTENT_LAYER, GEOMETRY_COLUMN, 1, 0)
    (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise OutputError(f"the GeoPackage is damaged after writing: {verdict}")


def _check_layer(
    connection: sqlite3.Connection, table: str, geometry: str, rows: int, without_place: int
) -> None:
    """Count what a layer holds, and what its index and its entry say of it.

    What GDAL cannot bring to the disk when it closes a file it drops without a word, one of these by
    itself; and it believes the entry when it reads.
    """
    require_rows(_count(connection, table), rows, f"the layer {table} of the written file")
    indexed = _count(connection, f"rtree_{table}_{geometry}")
    require_rows(indexed, rows - without_place, f"the index of the layer {table}")
    told, bounds = connection.execute(_ENTRY, (table,)).fetchone() or (0, None)
    require_rows(told, rows, f"the entry of the layer {table}")
    if bounds is None and rows > without_place:
        raise OutputError(
            f"the written file lacks the bounds of the layer {table}: the disk may be full or failing"
        )


def _count(connection: sqlite3.Connection, table: str) -> int:
    (rows,) = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()  # noqa: S608
    return int(rows)

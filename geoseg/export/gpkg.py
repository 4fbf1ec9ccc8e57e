"""GeoPackage 1.3: buildings, extent, style, metadata and column descriptions, checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyogrio
import shapely

from geoseg.errors import OutputError
from geoseg.export.gpkg_tables import add_column_descriptions, add_metadata, add_styles
from geoseg.export.layer import LAYER_DESCRIPTION, LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.schema import GEOMETRY, LAYER
from geoseg.export.stream import BatchStream
from geoseg.vectors.layers import EXTENT_LAYER

GEOMETRY_COLUMN = "geom"
"""Name of the geometry column in the file, GDAL's usual one."""


def write_gpkg(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write, describe and check a GeoPackage."""
    write_with_gdal(
        path,
        stream,
        layer,
        driver="GPKG",
        # 1.4 is refused by the GDAL of current long-term releases.
        dataset_options={"VERSION": "1.3"},
        layer_options={
            "GEOMETRY_NAME": GEOMETRY_COLUMN,
            "SPATIAL_INDEX": "YES",
            "DESCRIPTION": LAYER_DESCRIPTION,
        },
    )
    styled = [LAYER]
    if layer.extent:
        _write_extent(path, layer, layer.extent)
        styled.append(EXTENT_LAYER)
    with closing(sqlite3.connect(path)) as connection, connection:
        add_styles(connection, styled, GEOMETRY_COLUMN)
        add_column_descriptions(connection, LAYER)
        add_metadata(connection, LAYER, layer.run_json)
    with closing(sqlite3.connect(path)) as connection:
        _check(connection, stream)


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
        crs=layer.crs.to_wkt(),
        append=True,
        layer_options={
            "GEOMETRY_NAME": GEOMETRY_COLUMN,
            "DESCRIPTION": "Area in which buildings were looked for: the valid pixels.",
        },
    )


def _check(connection: sqlite3.Connection, stream: BatchStream) -> None:
    """Count features and index entries, and let SQLite look at every page."""
    for table in (LAYER, f"rtree_{LAYER}_{GEOMETRY_COLUMN}"):
        (rows,) = connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608
        stream.require_written(rows)
    (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise OutputError(f"the GeoPackage is damaged after writing: {verdict}")

"""Styled layers in a new GeoPackage, or added to an existing one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio

from geoseg.errors import OutputError
from geoseg.export.gpkg import GEOMETRY_COLUMN
from geoseg.export.gpkg_tables import add_styles
from geoseg.files.atomic import put_in_place, scratch_folder

LIBRARY_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, sqlite3.Error)
"""What writing a layer may raise."""


def has_layer(path: Path, layer: str) -> bool:
    """True when the GeoPackage has a layer of this name."""
    try:
        return layer in {str(name) for name, _ in pyogrio.list_layers(path)}
    except pyogrio.errors.DataSourceError:
        return False


def write_layers(
    path: Path, layers: Mapping[str, tuple[gpd.GeoDataFrame, str]], *, keep: bool
) -> None:
    """Write GeoDataFrames with their QGIS styles.

    Args:
        path: The GeoPackage; complete or unchanged.
        layers: Layer name to (GeoDataFrame, QML).
        keep: Add to the existing file, replacing layers of these names; else start anew.

    Raises:
        OutputError: when the file cannot be written.
    """
    with scratch_folder(path) as folder:
        working = folder / "layers.gpkg"
        try:
            _write(path if keep else None, working, layers)
        except LIBRARY_ERRORS as error:
            raise OutputError(f"{path} cannot be written: {error}") from None
        put_in_place(working, path)


def _write(
    start: Path | None, working: Path, layers: Mapping[str, tuple[gpd.GeoDataFrame, str]]
) -> None:
    if start is not None:
        shutil.copyfile(start, working)
    for name, (frame, _) in layers.items():
        pyogrio.write_dataframe(
            frame, working, layer=name, driver="GPKG", append=False,
            geometry_type=_geometry_type(frame), promote_to_multi=_is_multi(frame),
            dataset_options={} if working.exists() else {"VERSION": "1.3"},
            layer_options={"GEOMETRY_NAME": GEOMETRY_COLUMN, "SPATIAL_INDEX": "YES"},
        )  # fmt: skip
    with closing(sqlite3.connect(working)) as connection, connection:
        for name, (_, qml) in layers.items():
            _set_style(connection, name, qml)


def _set_style(connection: sqlite3.Connection, layer: str, qml: str) -> None:
    query = "SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'"
    if connection.execute(query).fetchone() is None:
        add_styles(connection, (), GEOMETRY_COLUMN)
    connection.execute("DELETE FROM layer_styles WHERE f_table_name = ?", (layer,))
    connection.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
        " f_geometry_column, styleName, styleQML, useAsDefault, description, owner)"
        " VALUES ('', '', ?, ?, ?, ?, 1, ?, '')",
        (layer, GEOMETRY_COLUMN, f"geoseg {layer}", qml, f"{layer} by geoseg"),
    )


def _is_multi(frame: gpd.GeoDataFrame) -> bool:
    return bool((frame.geometry.geom_type == "MultiPolygon").any())


def _geometry_type(frame: gpd.GeoDataFrame) -> str:
    return "MultiPolygon" if _is_multi(frame) else "Polygon"

"""Tables beside the features: style, column descriptions, metadata.

Names and definitions of the tables follow OGC 12-128r17 (schema and metadata extensions) and, for
``layer_styles``, what QGIS itself creates.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from geoseg.export.schema import Column
from geoseg.export.styles.style import Style

METADATA_STANDARD = "https://www.rfc-editor.org/rfc/rfc8259"
"""The run's metadata is plain JSON of our own structure; docs/output.md explains it."""

_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256),
    f_table_schema TEXT(256),
    f_table_name TEXT(256),
    f_geometry_column TEXT(256),
    styleName TEXT(30),
    styleQML TEXT,
    styleSLD TEXT,
    useAsDefault BOOLEAN,
    description TEXT,
    owner TEXT(30),
    ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))
);
INSERT INTO gpkg_contents (table_name, data_type, identifier, description)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles that QGIS applies');
"""

_SCHEMA_EXTENSION = """
CREATE TABLE IF NOT EXISTS gpkg_data_columns (
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    name TEXT,
    title TEXT,
    description TEXT,
    mime_type TEXT,
    constraint_name TEXT,
    CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name)
);
CREATE TABLE IF NOT EXISTS gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL,
    constraint_type TEXT NOT NULL,
    value TEXT,
    min NUMERIC,
    min_is_inclusive BOOLEAN,
    max NUMERIC,
    max_is_inclusive BOOLEAN,
    description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
);
DELETE FROM gpkg_extensions WHERE extension_name = 'gpkg_schema';
INSERT INTO gpkg_extensions VALUES
    ('gpkg_data_columns', NULL, 'gpkg_schema',
     'http://www.geopackage.org/spec130/#extension_schema', 'read-write'),
    ('gpkg_data_column_constraints', NULL, 'gpkg_schema',
     'http://www.geopackage.org/spec130/#extension_schema', 'read-write');
"""
"""GDAL makes the first table itself where a column holds JSON."""

_METADATA_EXTENSION = """
CREATE TABLE gpkg_metadata (
    id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
    md_scope TEXT NOT NULL DEFAULT 'dataset',
    md_standard_uri TEXT NOT NULL,
    mime_type TEXT NOT NULL DEFAULT 'text/xml',
    metadata TEXT NOT NULL DEFAULT ''
);
CREATE TABLE gpkg_metadata_reference (
    reference_scope TEXT NOT NULL,
    table_name TEXT,
    column_name TEXT,
    row_id_value INTEGER,
    timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    md_file_id INTEGER NOT NULL,
    md_parent_id INTEGER,
    CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
    CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
);
INSERT INTO gpkg_extensions VALUES
    ('gpkg_metadata', NULL, 'gpkg_metadata',
     'http://www.geopackage.org/spec130/#extension_metadata', 'read-write'),
    ('gpkg_metadata_reference', NULL, 'gpkg_metadata',
     'http://www.geopackage.org/spec130/#extension_metadata', 'read-write');
"""


def set_styles(
    connection: sqlite3.Connection, layer: str, geometry_column: str, styles: Sequence[Style]
) -> None:
    """Store a layer's styles in the place of older ones; the first is the default.

    ``layer_styles`` must be in ``gpkg_contents``: QGIS forgets styles in an unregistered table as
    soon as another attributes table exists.
    """
    query = "SELECT 1 FROM sqlite_master WHERE name = 'layer_styles'"
    if connection.execute(query).fetchone() is None:
        connection.executescript(_STYLES)
    connection.execute("DELETE FROM layer_styles WHERE f_table_name = ?", (layer,))
    connection.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name,"
        " f_geometry_column, styleName, styleQML, useAsDefault, description, owner)"
        " VALUES ('', '', ?, ?, ?, ?, ?, ?, '')",
        [
            (layer, geometry_column, one.name, one.qml, one is styles[0], f"{layer} by geoseg")
            for one in styles
        ],
    )


def add_column_descriptions(
    connection: sqlite3.Connection, layer: str, columns: Sequence[Column]
) -> None:
    """Describe columns, with their units, in the place of older descriptions of the layer."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'gpkg_data_columns'"
    if connection.execute(query).fetchone() is None:
        connection.executescript(_SCHEMA_EXTENSION)
    connection.execute("DELETE FROM gpkg_data_columns WHERE table_name = ?", (layer,))
    connection.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description)"
        " VALUES (?, ?, ?, ?, ?)",
        [(layer, column.name, column.name, column.title, column.description) for column in columns],
    )


def add_metadata(connection: sqlite3.Connection, layer: str, run_json: str) -> None:
    """Store how the layer was made."""
    connection.executescript(_METADATA_EXTENSION)
    connection.execute(
        "INSERT INTO gpkg_metadata (id, md_scope, md_standard_uri, mime_type, metadata)"
        " VALUES (1, 'dataset', ?, 'application/json', ?)",
        (METADATA_STANDARD, run_json),
    )
    connection.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id)"
        " VALUES ('table', ?, 1)",
        (layer,),
    )

"""All rows of a layer with everything that is in them: types of columns, nulls, heights, row numbers.

Read as Arrow, since rows of plain Python lose some of that: whole numbers with nulls become floats,
dates datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from geopandas.array import from_shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.vectors.address import suffix_of
from geoseg.vectors.apart import DRAWN_FROM_COLUMNS, GEOMETRY, free_name
from geoseg.vectors.buildings import ARROW_STUMBLES
from geoseg.vectors.encoding import encoding_of
from geoseg.vectors.geoparquet import read_rows
from geoseg.vectors.layers import Layer, VectorInput, open_layer, read_frame
from geoseg.vectors.load import crs_of_frame
from geoseg.vectors.times import as_told
from geoseg.vectors.wkb import curved, shapes_of


@dataclass(frozen=True, slots=True)
class Exact:
    """A whole table as it was."""

    frame: gpd.GeoDataFrame
    """Its rows, with the types that the file has."""
    label: str
    """How messages name it."""
    crs: CRS
    """Its CRS."""
    numbers: NDArray[np.int64] | None
    """(n,) the file's own numbers of rows, where it has such."""


def load_exact(source: VectorInput, role: str, *, layer: str | None, preferred: str) -> Exact:
    """All rows of a file or a GeoDataFrame; see :func:`geoseg.vectors.load.load`."""
    if not isinstance(source, (str, Path)):
        crs = crs_of_frame(source, role, layer)
        return Exact(source.reset_index(drop=True), f"the table of {role}", crs, None)
    opened = open_layer(source, layer, preferred=preferred)
    read = _by_arrow(opened)
    if read is None:
        return Exact(read_frame(opened), opened.label, opened.crs, None)
    table, shapes, numbers = read
    rows = table.to_pandas(types_mapper=pd.ArrowDtype)
    rows = rows.rename(columns={old: name for name, old in opened.stored.items()})
    name = free_name(GEOMETRY, rows.columns)
    frame = gpd.GeoDataFrame(
        rows.assign(**{name: from_shapely(shapes)}), geometry=name, crs=opened.crs
    )
    return Exact(frame, opened.label, opened.crs, numbers)


def _by_arrow(
    layer: Layer,
) -> tuple[pa.Table, NDArray[np.object_], NDArray[np.int64] | None] | None:
    """Attributes, shapes and numbers of rows; None where Arrow cannot hold them."""
    if layer.name is None:
        path = Path(layer.path)
        shapes = np.array(read_rows(path, []).geometry.array, dtype=object)
        return _plain(pq.read_table(path, columns=layer.names_stored(layer.columns))), shapes, None
    if suffix_of(layer.path) in DRAWN_FROM_COLUMNS:
        return None
    try:
        meta, table = pyogrio.read_arrow(
            layer.path, layer=layer.name, encoding=encoding_of(layer.path), return_fids=True
        )
        shapes = shapes_of(table.column(meta["geometry_name"] or "wkb_geometry").to_numpy())
    except ARROW_STUMBLES:  # shapely's over arcs among them
        return None
    if curved(shapes).any():
        return None
    # The numbers stand first, and may be called as a column is: GeoJSON's are an "id" as well.
    numbered = table.column_names[0] == (meta.get("fid_column") or "OGC_FID")
    numbers = table.column(0).to_numpy() if numbered else None
    places = {name: place for place, name in enumerate(table.column_names) if place >= numbered}
    kept = table.select([places[name] for name in meta["fields"] if name in places])
    return _plain(as_told(kept, layer)), shapes, numbers


def _plain(table: pa.Table) -> pa.Table:
    """Extension types, such as JSON, by what they are stored as."""
    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.BaseExtensionType):
            chunks = [chunk.storage for chunk in table.column(place).chunks]
            column = pa.chunked_array(chunks, field.type.storage_type)
            table = table.set_column(place, field.name, column)
    return table.replace_schema_metadata(None)

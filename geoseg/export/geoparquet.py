"""GeoParquet 1.1: rows in the order of a curve through their places, each with its box.

So a reader of an area needs few of the row groups.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pydantic import JsonValue

from geoseg.export.layer import LayerInfo
from geoseg.export.place_order import in_place_order, regrouped
from geoseg.export.spool import NOWHERE, widened
from geoseg.export.stream import BatchStream
from geoseg.vectors.apart import free_name
from geoseg.vectors.observed import EXTENT_ATTRIBUTE, extent_noted

GROUP_ROWS = 16_384
"""Rows of a group: what is read at once, some megabytes."""
COVER = "bbox"
"""Name of the column of boxes, unless a column is called so."""
SIDES = ("xmin", "ymin", "xmax", "ymax")
"""Of a box, as GeoParquet calls them."""
LONGEST_NOTE = 1 << 25
"""Characters of the observed area: readers of Parquet refuse a file of whose texts one has 100 MB."""
EXTENT_LEFT_OUT = (
    "the observed area has too many corners for a note and is left out; a GeoPackage holds it"
)
"""Said where it is longer."""
COVER_TYPE = pa.struct([pa.field(side, pa.float64()) for side in SIDES])
"""Of that column."""


def write_geoparquet(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Sort the rows by place on the disk, then write them group by group.

    The bounds are known, and stored, at the end.
    """
    extent = _extent_note(layer)
    too_long = len(extent) > LONGEST_NOTE
    bounds = np.array(NOWHERE)
    cover = free_name(COVER, layer.schema.names)
    schema = _described_schema(layer).append(pa.field(cover, COVER_TYPE))
    with (
        in_place_order(stream, layer.schema, layer.crs, path.parent) as runs,
        path.open("wb") as file,
        pq.ParquetWriter(
            file,
            schema,
            compression="zstd",
            # Of bytes of WKB the least and the largest tell nothing.
            write_statistics=[*layer.attributes, *(f"{cover}.{side}" for side in SIDES)],
        ) as writer,
    ):
        for group in regrouped(runs.merged(GROUP_ROWS), layer.schema, GROUP_ROWS):
            shapes = shapely.from_wkb(group[layer.geometry].to_numpy())
            bounds = widened(bounds, shapes)
            covered = group.append_column(cover, _covers(shapes))
            writer.write_table(covered.cast(schema), row_group_size=GROUP_ROWS)
        metadata = {"geo": json.dumps(_geo_metadata(layer, bounds, cover))}
        if layer.run_json is not None:
            metadata["geoseg"] = layer.run_json
        if extent and not too_long:
            metadata[EXTENT_ATTRIBUTE] = extent
        writer.add_key_value_metadata(metadata)
    stream.require_written(pq.read_metadata(path).num_rows)
    return (EXTENT_LEFT_OUT,) if too_long else ()


def _extent_note(layer: LayerInfo) -> str:
    """The observed area as text; empty where it is not known."""
    if not layer.extent:
        return ""
    area = shapely.union_all(shapely.from_wkb(list(layer.extent)))
    return json.dumps(extent_noted(area, layer.crs))


def _covers(shapes: NDArray[np.object_]) -> pa.StructArray:
    """(n,) the box of each geometry; null where there is none."""
    bounds = shapely.bounds(shapes)
    sides = [pa.array(bounds[:, place]) for place in range(len(SIDES))]
    return pa.StructArray.from_arrays(
        sides, fields=list(COVER_TYPE), mask=pa.array(~np.isfinite(bounds).all(axis=1))
    )


def _described_schema(layer: LayerInfo) -> pa.Schema:
    """The layer's schema with descriptions and units as field metadata."""
    about = {
        column.name: {"description": column.meaning, "unit": column.unit}
        for column in layer.columns
    }
    return pa.schema(
        [
            field.with_metadata(about[field.name]) if field.name in about else field
            for field in layer.schema
        ]
    )


def _geo_metadata(
    layer: LayerInfo, bounds: NDArray[np.float64], cover: str
) -> dict[str, JsonValue]:
    column: dict[str, JsonValue] = {
        "encoding": "WKB",
        "geometry_types": [f"{kind} Z" if layer.has_z else kind for kind in layer.geometry_types],
        "crs": layer.crs.to_json_dict(),
        "covering": {"bbox": {side: [cover, side] for side in SIDES}},
    }
    if np.isfinite(bounds).all():
        column["bbox"] = bounds.tolist()
    return {
        "version": "1.1.0",
        "primary_column": layer.geometry,
        "columns": {layer.geometry: column},
    }

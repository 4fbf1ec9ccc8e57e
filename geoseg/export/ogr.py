"""Stream record batches into a file through GDAL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyogrio

from geoseg.export.crs_text import crs_text
from geoseg.export.layer import LayerInfo
from geoseg.export.stream import BatchStream

DESCRIBED = ("GPKG", "GeoJSON", "FlatGeobuf")
"""Drivers that store a sentence on the layer, or pass over it."""


def write_with_gdal(
    path: Path,
    stream: BatchStream,
    layer: LayerInfo,
    *,
    driver: str,
    dataset_options: Mapping[str, str] | None = None,
    layer_options: Mapping[str, str] | None = None,
    layer_metadata: Mapping[str, str] | None = None,
    geometry_type: str | None = None,
) -> None:
    """Write a layer of polygons with GDAL's ``driver``.

    Args:
        path: The file.
        stream: Its rows.
        layer: What they are.
        driver: GDAL's name of the format.
        dataset_options: What it can be told of the file.
        layer_options: What it can be told of the layer.
        layer_metadata: Texts stored beside the rows.
        geometry_type: Of the layer; None: the one that all geometries have.
    """
    options = dict(layer_options or {})
    if layer.description and driver in DESCRIBED:
        options["DESCRIPTION"] = layer.description
    pyogrio.write_arrow(
        stream.reader(),
        path,
        layer=layer.name,
        driver=driver,
        geometry_name=layer.geometry,
        geometry_type=geometry_type or layer.geometry_type,
        crs=crs_text(layer.crs, driver),
        dataset_options=dict(dataset_options or {}),
        layer_options=options,
        layer_metadata=dict(layer_metadata) if layer_metadata else None,
    )


def count_rows(path: Path) -> int:
    """Features of the only layer that can really be read; a header alone would not show a cut-off file."""
    with pyogrio.open_arrow(path) as (_, reader):
        return sum(batch.num_rows for batch in pa.RecordBatchReader.from_stream(reader))

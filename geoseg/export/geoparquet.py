"""GeoParquet 1.1, streamed."""

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
from geoseg.export.stream import BatchStream


def write_geoparquet(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write row groups as the batches come; the bounds are known, and stored, at the end."""
    bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])
    schema = _described_schema(layer)
    with (
        path.open("wb") as file,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for batch in stream:
            bounds = _extended(bounds, batch)
            writer.write_batch(batch.cast(schema))
        metadata = {"geo": json.dumps(_geo_metadata(layer, bounds))}
        if layer.run_json is not None:
            metadata["geoseg"] = layer.run_json
        writer.add_key_value_metadata(metadata)
    stream.require_written(pq.read_metadata(path).num_rows)


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


def _extended(bounds: NDArray[np.float64], batch: pa.RecordBatch) -> NDArray[np.float64]:
    """The bounds (xmin, ymin, xmax, ymax) with a batch's outlines added."""
    if batch.num_rows == 0:
        return bounds
    outlines = shapely.from_wkb(batch[batch.num_columns - 1].to_numpy(zero_copy_only=False))
    added = shapely.total_bounds(outlines)
    return np.concatenate(
        [np.fmin(bounds[:2], added[:2]), np.fmax(bounds[2:], added[2:])], dtype=np.float64
    )


def _geo_metadata(layer: LayerInfo, bounds: NDArray[np.float64]) -> dict[str, JsonValue]:
    column: dict[str, JsonValue] = {
        "encoding": "WKB",
        "geometry_types": list(layer.geometry_types),
        "crs": layer.crs.to_json_dict(),
    }
    if np.isfinite(bounds).all():
        column["bbox"] = bounds.tolist()
    return {
        "version": "1.1.0",
        "primary_column": layer.geometry,
        "columns": {layer.geometry: column},
    }

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
from geoseg.export.schema import COLUMNS, GEOMETRY, SCHEMA
from geoseg.export.stream import BatchStream


def write_geoparquet(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write row groups as the batches come; the bounds are known, and stored, at the end."""
    bounds = np.array([np.inf, np.inf, -np.inf, -np.inf])
    with (
        path.open("wb") as file,
        pq.ParquetWriter(file, _described_schema(), compression="zstd") as writer,
    ):
        for batch in stream:
            bounds = _extended(bounds, batch)
            writer.write_batch(batch.cast(_described_schema()))
        writer.add_key_value_metadata(
            {"geo": json.dumps(_geo_metadata(layer, bounds)), "geoseg": layer.run_json}
        )
    stream.require_written(pq.read_metadata(path).num_rows)


def _described_schema() -> pa.Schema:
    """The contract's schema with descriptions and units as field metadata."""
    described = [
        pa.field(
            column.name,
            column.arrow_type,
            metadata={"description": column.meaning, "unit": column.unit},
        )
        for column in COLUMNS
    ]
    return pa.schema([*described, SCHEMA.field(GEOMETRY)])


def _extended(bounds: NDArray[np.float64], batch: pa.RecordBatch) -> NDArray[np.float64]:
    """The bounds (xmin, ymin, xmax, ymax) with a batch's outlines added."""
    if batch.num_rows == 0:
        return bounds
    outlines = shapely.from_wkb(batch[GEOMETRY].to_numpy(zero_copy_only=False))
    added = shapely.total_bounds(outlines)
    return np.concatenate(
        [np.fmin(bounds[:2], added[:2]), np.fmax(bounds[2:], added[2:])], dtype=np.float64
    )


def _geo_metadata(layer: LayerInfo, bounds: NDArray[np.float64]) -> dict[str, JsonValue]:
    column: dict[str, JsonValue] = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "crs": layer.crs.to_json_dict(),
    }
    if np.isfinite(bounds).all():
        column["bbox"] = bounds.tolist()
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}

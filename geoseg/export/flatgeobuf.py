"""FlatGeobuf: one layer, spatially indexed, so its features lie in the index's order."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyogrio

from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.stream import BatchStream


def write_flatgeobuf(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write and count again what was written.

    The index has no place for rows without a geometry: with such rows there is none.
    """
    write_with_gdal(
        path,
        stream,
        layer,
        driver="FlatGeobuf",
        layer_options={"SPATIAL_INDEX": "NO" if layer.without_place else "YES"},
        layer_metadata=None if layer.run_json is None else {"geoseg": layer.run_json},
    )
    stream.require_written(_count_rows(path))


def _count_rows(path: Path) -> int:
    """Features that can really be read; the header alone would not show a cut-off file."""
    with pyogrio.open_arrow(path) as (_, reader):
        return sum(batch.num_rows for batch in pa.RecordBatchReader.from_stream(reader))

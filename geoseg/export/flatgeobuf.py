"""FlatGeobuf: one layer, spatially indexed, so its features lie in the index's order."""

from __future__ import annotations

from pathlib import Path

import pyogrio

from geoseg.errors import OutputError
from geoseg.export.layer import LAYER_DESCRIPTION, LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.stream import BatchStream


def write_flatgeobuf(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write and count again what was written."""
    write_with_gdal(
        path,
        stream,
        layer,
        driver="FlatGeobuf",
        layer_options={"SPATIAL_INDEX": "YES", "DESCRIPTION": LAYER_DESCRIPTION},
        layer_metadata={"geoseg": layer.run_json},
    )
    rows = _count_rows(path)
    if rows != stream.rows:
        raise OutputError(f"{path} holds {rows} of {stream.rows} buildings after writing")


def _count_rows(path: Path) -> int:
    """Features that can really be read; the header alone would not show a cut-off file."""
    with pyogrio.open_arrow(path) as (_, reader):
        import pyarrow as pa

        return sum(batch.num_rows for batch in pa.RecordBatchReader.from_stream(reader))

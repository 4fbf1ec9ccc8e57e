"""FlatGeobuf: one layer, spatially indexed, so its features lie in the index's order."""

from __future__ import annotations

from pathlib import Path

from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import count_rows, write_with_gdal
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
    stream.require_written(count_rows(path))

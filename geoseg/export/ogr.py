"""Stream record batches into a file through GDAL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyogrio

from geoseg.export.layer import LayerInfo
from geoseg.export.stream import BatchStream


def write_with_gdal(
    path: Path,
    stream: BatchStream,
    layer: LayerInfo,
    *,
    driver: str,
    dataset_options: Mapping[str, str] | None = None,
    layer_options: Mapping[str, str] | None = None,
    layer_metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a layer of polygons with GDAL's ``driver``."""
    options = dict(layer_options or {})
    if layer.description:
        options["DESCRIPTION"] = layer.description
    pyogrio.write_arrow(
        stream.reader(),
        path,
        layer=layer.name,
        driver=driver,
        geometry_name=layer.geometry,
        geometry_type=layer.geometry_type,
        crs=layer.crs.to_wkt(),
        dataset_options=dict(dataset_options or {}),
        layer_options=options,
        layer_metadata=dict(layer_metadata) if layer_metadata else None,
    )

"""Rows of a layer in longitude and latitude, all carried by one transformation of datums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import shapely

from geoseg.earth.places import DEGREES
from geoseg.earth.reproject import amid, reproject
from geoseg.earth.transforms import has_several
from geoseg.export.arrays import column
from geoseg.export.layer import LayerInfo
from geoseg.export.spool import shapes_in
from geoseg.export.stream import BatchStream


def in_degrees(stream: BatchStream, layer: LayerInfo) -> tuple[BatchStream, LayerInfo]:
    """The same on WGS 84, where GDAL would choose a transformation anew for every point.

    That is the transformation of where most of the first rows are. Outlines with heights stay as they are.
    """
    if layer.has_z or not has_several(layer.crs, DEGREES):
        return stream, layer
    return BatchStream(_carried(stream, layer), layer.schema), replace(layer, crs=DEGREES)


def _carried(stream: BatchStream, layer: LayerInfo) -> Iterator[pa.RecordBatch]:
    middle: tuple[float, float] | None = None
    for batch in stream:
        shapes = shapes_in(batch)
        if middle is None:
            middle = amid(shapes)
        placed = shapely.to_wkb(reproject(shapes, layer.crs, DEGREES, at=middle))
        last = batch.num_columns - 1
        arrays = [*batch.columns[:last], column(placed, layer.schema.field(last).type)]
        yield pa.RecordBatch.from_arrays(arrays, schema=layer.schema)

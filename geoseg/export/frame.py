"""Record batches as a GeoDataFrame, for callers who want no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pyarrow as pa
from pyproj import CRS

from geoseg.export.layer import horizontal_crs
from geoseg.export.schema import GEOMETRY, SCHEMA

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def to_frame(
    batches: Iterable[pa.RecordBatch], *, crs: CRS, schema: pa.Schema = SCHEMA
) -> GeoDataFrame:
    """All buildings at once, with the columns of ``schema`` in order and ``geometry`` last."""
    import geopandas

    table = pa.Table.from_batches(batches, schema=schema)
    outlines = geopandas.GeoSeries.from_wkb(
        table[GEOMETRY].to_numpy(zero_copy_only=False), crs=horizontal_crs(crs)
    )
    attributes = table.drop_columns([GEOMETRY]).to_pandas()
    return geopandas.GeoDataFrame(attributes, geometry=outlines)

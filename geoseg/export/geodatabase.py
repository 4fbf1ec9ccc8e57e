"""File Geodatabases, by the format's open driver: a folder with one layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
from pyproj import CRS

from geoseg.earth.reproject import metres_per_unit
from geoseg.export.field_names import geodatabase_names, plain_name, told
from geoseg.export.fitting import fitted
from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import count_rows, write_with_gdal
from geoseg.export.stream import BatchStream
from geoseg.vectors.apart import free_name

GEOMETRY_COLUMN, KEY_COLUMN = "SHAPE", "OBJECTID"
"""Names of the format's own columns, unless others are called so in any case: no table has two."""
STEPS_PER_M = 1e4
"""Coordinates are whole numbers of these."""
FARTHEST_M = 2147483647.0
"""Where they begin to be counted, to the west and south; as GDAL has it."""


def write_geodatabase(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Write and count again; returns what the file does not hold.

    64-bit integers are known since ArcGIS Pro 3.2; without its option GDAL makes them floats.
    """
    names = geodatabase_names(layer.attributes)
    times = [one.type for one in layer.schema if pa.types.is_timestamp(one.type)]
    in_utc = bool(times) and all(kind.tz is not None for kind in times)
    named = replace(layer, name=plain_name(layer.name))
    rows, fitting = fitted(stream, named, names, _same if in_utc else _without_zone)
    write_with_gdal(
        path,
        rows,
        fitting,
        driver="OpenFileGDB",
        layer_options={
            "TARGET_ARCGIS_VERSION": "ARCGIS_PRO_3_2_OR_LATER",
            "GEOMETRY_NAME": free_name(GEOMETRY_COLUMN, names.values()),
            # Of all columns, whether their times are in UTC.
            "TIME_IN_UTC": "YES" if in_utc else "NO",
            "FID": free_name(KEY_COLUMN, names.values()),
            **_grid(layer.crs),
        },
        geometry_type="MultiPolygon Z" if layer.has_z else "MultiPolygon",
    )
    stream.require_written(count_rows(path))
    return (*told(names), *_numbers(layer))


def _grid(crs: CRS) -> dict[str, str]:
    """The grid that coordinates are rounded to, where GDAL's own is not one of a tenth of a millimetre.

    It widens with the unit twice: in kilometres it would be 100 m.
    """
    unit_m = metres_per_unit(crs)
    if not crs.is_projected or unit_m <= 1:
        return {}
    return {
        "XYSCALE": repr(STEPS_PER_M * unit_m),
        "XORIGIN": repr(-FARTHEST_M / unit_m),
        "YORIGIN": repr(-FARTHEST_M / unit_m),
    }


def _same(kind: pa.DataType) -> pa.DataType:
    return kind


def _without_zone(kind: pa.DataType) -> pa.DataType:
    """Times are in UTC already, and do not say so."""
    return pa.timestamp(kind.unit) if pa.types.is_timestamp(kind) else kind


def _numbers(layer: LayerInfo) -> tuple[str, ...]:
    """The format has no booleans."""
    truths = [one.name for one in layer.schema if pa.types.is_boolean(one.type)]
    return (f"true and false are the numbers 1 and 0: {', '.join(truths)}",) if truths else ()

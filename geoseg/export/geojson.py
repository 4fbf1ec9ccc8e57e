"""GeoJSON after RFC 7946: longitude and latitude on WGS 84, exterior rings counterclockwise."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue

from geoseg.export.degrees import in_degrees
from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.stream import BatchStream

DECIMALS = 8
"""Of a degree: about a millimetre."""


def write_geojson(path: Path, stream: BatchStream, layer: LayerInfo) -> None:
    """Write one feature per line; the run's metadata is the member ``geoseg`` of the collection."""
    members: dict[str, JsonValue] = {"type": "FeatureCollection"}
    if layer.run_metadata is not None:
        members["geoseg"] = dict(layer.run_metadata)
    write_with_gdal(
        path,
        *in_degrees(stream, layer),
        driver="GeoJSON",
        layer_options={
            "RFC7946": "YES",
            "COORDINATE_PRECISION": str(DECIMALS),
            # Text stays text, also where it reads like JSON.
            "AUTODETECT_JSON_STRINGS": "NO",
            "NATIVE_DATA": json.dumps(members, allow_nan=False),
            "NATIVE_MEDIA_TYPE": "application/vnd.geo+json",
        },
    )
    stream.require_written(_count_rows(path))


def _count_rows(path: Path) -> int:
    """Whole lines of features; -1 without the collection's end. The format has no other check."""
    rows, last = 0, ""
    with path.open(encoding="utf-8") as file:
        for line in file:
            last = line.strip() or last
            rows += last.startswith('{ "type": "Feature"') and last.rstrip(",").endswith("}")
    return rows if last == "}" else -1

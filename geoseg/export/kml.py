"""KML: longitude and latitude on WGS 84, attributes as extended data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa

from geoseg.export.columns import require_values
from geoseg.export.degrees import in_degrees
from geoseg.export.field_names import plain_name, xml_names
from geoseg.export.fitting import date_texts, fitted, renamed_and_cast
from geoseg.export.formats import FORMATS
from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.stream import BatchStream


def write_kml(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Write and count again; returns what the file does not hold.

    GDAL writes names of columns as they are, so the letters that XML keeps for itself are replaced.
    """
    names = xml_names(layer.attributes)
    checked = BatchStream(_checked(stream), layer.schema)
    rows, fitting = fitted(checked, replace(layer, name=plain_name(layer.name)), names, date_texts)
    write_with_gdal(path, *in_degrees(rows, fitting), driver="KML", geometry_type="Unknown")
    stream.require_written(_placemarks(path))
    long = [one.name for one in layer.schema if pa.types.is_int64(one.type)]
    texts = (f"whole numbers of 64 bits are text: {', '.join(long)}",) if long else ()
    return (*renamed_and_cast(layer, names, date_texts), *texts)


def _placemarks(path: Path) -> int:
    """Rows of the file, 0 where it is cut off; a GDAL without libkml reads none that has no geometry."""
    count = 0

    def begin(name: str, _: object) -> None:
        nonlocal count
        count += name == "Placemark"

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError:
        return 0
    return count


def _checked(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches.

    Raises:
        UsageError: one holds a value that KML cannot.
    """
    for batch in batches:
        for name, array in zip(batch.schema.names[:-1], batch.columns[:-1], strict=True):
            require_values(name, array, FORMATS[".kml"])
        yield batch

"""DXF for CAD: closed polylines in metres, on layers by class or size, attributes as extended data.

Written here, as release 12, which every CAD reads: GDAL's writer has no place for attributes, takes no
stream of batches, and draws hatches. Groups and their codes are those of Autodesk's DXF Reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.ground import local_utm
from geoseg.earth.reproject import areas_m2, metres_per_unit, reproject
from geoseg.export.dxf_layers import CLASSES, class_layers, size_layers
from geoseg.export.dxf_text import HEAD, LAYER_ENTRY, TAIL, strings_of
from geoseg.export.layer import LayerInfo
from geoseg.export.spool import Spool, shapes_in, spooled
from geoseg.export.stream import BatchStream
from geoseg.languages.counting import counted

BATCH_ROWS = 8_192
"""Rows whose attributes are texts in memory at once."""
MOST_XDATA = 16_000
"""Bytes of extended data of one entity; a little below what the format allows."""
TRUE_ENOUGH = 0.01
"""How far a unit of the CRS may be off a metre on the ground."""


@dataclass(slots=True)
class Counts:
    """What was written, and what was not."""

    rows: int = 0
    """Rows seen."""
    without: int = 0
    """Those of them without a geometry."""
    rings: int = 0
    """Polylines."""
    cut: int = 0
    """Rows with more attributes than an entity holds."""


def write_dxf(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Write the outlines, and count what the file holds; returns what it does not."""
    classes: Counter[str] = Counter()
    column = next((name for name in CLASSES if name in layer.attributes), None)

    def look(batch: pa.RecordBatch, _: NDArray[np.object_]) -> None:
        if column is not None:
            classes.update(map(str, batch.column(column).drop_null().to_pylist()))

    with spooled(stream, layer.schema, path.parent, look) as spool:
        crs = metric(layer.crs, spool.bounds)
        named = class_layers(classes)
        counts = _write(path, spool, layer, (crs, column if named else None, named))
    stream.require_written(counts.rows if _count_rings(path) == counts.rings else -1)
    return tuple(_notes(layer, crs, counts))


def metric(crs: CRS, bounds: NDArray[np.float64]) -> CRS:
    """The CRS, where its unit is a metre on the ground; else that of the place's UTM zone."""
    if not np.isfinite(bounds).all():
        return crs
    x, y = (bounds[:2] + bounds[2:]) / 2
    half = 50 / metres_per_unit(crs)
    square = np.array([shapely.box(x - half, y - half, x + half, y + half)], dtype=object)
    (true,), (drawn,) = areas_m2(square, crs), shapely.area(square)
    return crs if abs((true / drawn) ** 0.5 - 1) <= TRUE_ENOUGH else local_utm(crs, x, y)


def _notes(layer: LayerInfo, crs: CRS, counts: Counts) -> Iterator[str]:
    yield f"it names no CRS: coordinates are metres of {crs.name}"
    if crs != layer.crs:
        yield f"they were brought there from {layer.crs.name}, whose unit is no metre on the ground"
    if layer.attributes:
        yield "attributes are extended data of the polylines, application GEOSEG"
    if counts.without:
        yield f"left out: {counted(counts.without, 'row')} without a geometry"
    if counts.cut:
        yield f"{counted(counts.cut, 'row')} with more attributes than the 16 kB of an entity lost the rest"


def _write(
    path: Path, spool: Spool, layer: LayerInfo, drawn: tuple[CRS, str | None, dict[str, str]]
) -> Counts:
    crs, column, named = drawn
    counts, names = Counts(), list(named.values()) if column else list(size_layers().values())
    with path.open("w", encoding="ascii", newline="\r\n") as file:
        entries = "".join(
            LAYER_ENTRY.format(name=name, colour=number % 255 + 1)
            for number, name in enumerate(dict.fromkeys(["0", *names]))
        )
        about = strings_of(f"geoseg; metres of {crs.name}")[0]
        file.write(HEAD.format(comment=about, layers=entries, count=len(names) + 1))
        for batch in spool:
            for begin in range(0, batch.num_rows, BATCH_ROWS):
                some = batch.slice(begin, BATCH_ROWS)
                shapes = reproject(shapes_in(some), layer.crs, crs)
                _write_batch(file, some, (shapes, _homes(some, shapes, drawn)), counts)
        file.write(TAIL)
    return counts


def _homes(
    batch: pa.RecordBatch,
    shapes: NDArray[np.object_],
    drawn: tuple[CRS, str | None, dict[str, str]],
) -> list[str]:
    """(n,) the layer of each row."""
    crs, column, named = drawn
    if column is not None:
        return [named.get(str(one), "0") for one in batch.column(column).to_pylist()]
    sizes, areas = size_layers(), np.nan_to_num(areas_m2(shapes, crs))
    limits = np.array(list(sizes))
    names = list(sizes.values())
    return [names[place] for place in np.searchsorted(limits, areas, side="right") - 1]


def _write_batch(
    file: TextIO,
    batch: pa.RecordBatch,
    drawn: tuple[NDArray[np.object_], Sequence[str]],
    counts: Counts,
) -> None:
    shapes, homes = drawn
    rings, owners = _rings(shapes)
    counts.rows += batch.num_rows
    counts.without += batch.num_rows - len(np.unique(owners))
    counts.rings += len(rings)
    attributes = batch.drop_columns([batch.schema.names[-1]]).to_pylist()
    written, data = -1, ""
    for ring, row in zip(rings, owners.tolist(), strict=True):
        if row != written:
            data, cut = _extended(attributes[row] if attributes else {})
            counts.cut += cut
            written = row
        file.write(_polyline(ring, homes[row], data))


def _rings(shapes: NDArray[np.object_]) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """All rings, outer ones and courtyards, without the last vertex, which is the first; and their rows."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    begins = np.searchsorted(ring, np.arange(len(rings) + 1))
    spans = zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True)
    return [xy[begin : end - 1] for begin, end in spans], row[part]


def _polyline(ring: NDArray[np.float64], layer: str, data: str) -> str:
    vertices = "".join(
        f"0\nVERTEX\n8\n{layer}\n10\n{x:.4f}\n20\n{y:.4f}\n30\n0.0\n" for x, y in ring.tolist()
    )
    head = f"0\nPOLYLINE\n8\n{layer}\n66\n1\n10\n0.0\n20\n0.0\n30\n0.0\n70\n1\n"
    return f"{head}{data}{vertices}0\nSEQEND\n8\n{layer}\n"


def _extended(values: Mapping[str, object]) -> tuple[str, bool]:
    """The attributes of a row as groups of extended data, and whether some had no room."""
    if not values:
        return "", False
    groups, size = ["1001\nGEOSEG\n"], 0
    for name, value in values.items():
        if value is None:
            continue
        for text in strings_of(f"{name}={_plain(value)}"):
            size += len(text) + 3
            if size > MOST_XDATA:
                return "".join(groups), True
            groups.append(f"1000\n{text}\n")
    return "".join(groups), False


def _plain(value: object) -> str:
    isoformat = getattr(value, "isoformat", None)
    return str(isoformat()) if isoformat else str(value)


def _count_rings(path: Path) -> int:
    """Whole polylines; -1 without the file's end."""
    count, last = 0, ""
    with path.open(encoding="ascii") as file:
        for line in file:
            before, last = last, line.strip()
            count += before == "0" and last == "SEQEND"
    return count if last == "EOF" else -1

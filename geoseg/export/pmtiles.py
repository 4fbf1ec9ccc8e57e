"""PMTiles: one archive of vector tiles, which a map page reads piece by piece from any web server."""

from __future__ import annotations

import gzip
import json
import math
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError
from pyproj import CRS

from geoseg.earth.reproject import reproject
from geoseg.export.fitting import date_texts, fitted, renamed_and_cast
from geoseg.export.layer import LayerInfo
from geoseg.export.ogr import write_with_gdal
from geoseg.export.spool import Spool, shapes_in, spooled
from geoseg.export.stream import BatchStream, require_rows
from geoseg.export.zoom import MOST_ZOOM
from geoseg.languages.counting import counted
from geoseg.vectors.apart import free_name

WORLD_M = 40_075_016.68557849
"""Side of the world in Web Mercator: 2 pi times the half axis of WGS 84."""
LEAST_ZOOM, FINEST_ZOOM = 10, 16
"""The first zoom that shows buildings, and the one whose tiles count in .15 m at the equator."""
WIDE_M = 200_000
"""Areas wider than this end one zoom earlier."""
MOST_TILE_BYTES = 50_000_000
"""GDAL thins out tiles above a size out of its own; this is never reached by buildings."""
MOST_TILE_ROWS = 10_000_000
"""The same for the number of rows."""
EXTENT, SHOWN = 4096, 4
"""Steps that a side of a tile counts, and how many of them a shape must be wide to be there for certain."""
ID = "tile_id"
"""A column that is added: the number of the row, from 0, by which its pieces are known as one."""


def zooms(bounds: NDArray[np.float64], crs: CRS) -> tuple[int, int]:
    """From the zoom at which the whole area is about one tile to the one that shows every corner."""
    if not np.isfinite(bounds).all():
        return LEAST_ZOOM, FINEST_ZOOM
    box = reproject(np.array([shapely.box(*bounds)], dtype=object), crs, CRS.from_epsg(3857))
    left, bottom, right, top = shapely.total_bounds(box)
    wide = max(right - left, top - bottom, 1.0)
    finest = FINEST_ZOOM - int(wide > WIDE_M)
    fits = int(math.log2(WORLD_M / wide)) if wide < WORLD_M else 0
    return min(max(fits, LEAST_ZOOM), finest), finest


def write_pmtiles(path: Path, stream: BatchStream, layer: LayerInfo) -> tuple[str, ...]:
    """Write tiles of all zooms, and look in the highest for every row; returns what they do not hold."""
    names = {name: name for name in layer.attributes}
    rows, fitting = fitted(stream, layer, names, date_texts)
    with spooled(rows, fitting.schema, path.parent) as spool:
        first, last = layer.zoom or zooms(spool.bounds, layer.crs)
        if spool.placed == 0:
            _write_empty(path, fitting, (first, last))
            missing = 0
        else:
            key = free_name(ID, layer.attributes)
            _write(path, spool, fitting, (key, (first, last)))
            found = _count(path, spool.rows, (key, last))
            if found == 0:  # GDAL's file cannot even be opened then
                if _large(spool, layer.crs, last):
                    require_rows(0, spool.placed, "the written file")
                path.unlink(missing_ok=True)
                _write_empty(path, fitting, (first, last))
            missing = spool.placed - found
    return (
        *renamed_and_cast(layer, names, date_texts),
        *_notes(spool, (first, last), missing),
    )


def _notes(spool: Spool, levels: tuple[int, int], missing: int) -> Iterator[str]:
    first, last = levels
    yield (
        f"tiles of zooms {first} to {last} for maps: outlines are cut at their borders and rounded, so "
        "measure another format"
    )
    if spool.rows > spool.placed:
        yield f"left out: {counted(spool.rows - spool.placed, 'row')} without a geometry"
    if missing:
        more = f", and --zoom {first},{last + 1} shows more of them" if last < MOST_ZOOM else ""
        yield f"left out: {counted(missing, 'row')} too small for zoom {last}{more}"


def _write(path: Path, spool: Spool, layer: LayerInfo, tiles: tuple[str, tuple[int, int]]) -> None:
    key, levels = tiles
    schema = pa.schema([pa.field(key, pa.int64()), *layer.schema])
    write_with_gdal(
        path,
        BatchStream(_numbered(spool, schema), schema),
        replace(layer, schema=schema),
        driver="PMTiles",
        dataset_options={
            "NAME": layer.name,
            "DESCRIPTION": layer.description or layer.name,
            "TYPE": "overlay",
            "MINZOOM": str(levels[0]),
            "MAXZOOM": str(levels[1]),
            "MAX_SIZE": str(MOST_TILE_BYTES),
            "MAX_FEATURES": str(MOST_TILE_ROWS),
        },
        geometry_type="Unknown",
    )


def _numbered(spool: Spool, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    begin = 0
    for batch in spool:
        keys = pa.array(np.arange(begin, begin + batch.num_rows))
        yield pa.RecordBatch.from_arrays([keys, *batch.columns], schema=schema)
        begin += batch.num_rows


def _count(path: Path, rows: int, at: tuple[str, int]) -> int:
    """Rows of which there is a piece in the highest zoom, by their numbers."""
    found = np.zeros(rows, dtype=bool)
    try:
        _mark(path, found, at)
    except DataSourceError:
        return 0
    return int(found.sum())


def _large(spool: Spool, crs: CRS, zoom: int) -> bool:
    """Whether some row is so wide that tiles of a zoom show it for certain: GDAL says nothing of a full disk."""
    least_m = SHOWN * WORLD_M / 2**zoom / EXTENT
    for batch in spool:
        shapes = reproject(shapes_in(batch), crs, CRS.from_epsg(3857))
        inside = np.abs(shapely.bounds(shapes)).max(axis=1) < WORLD_M / 2
        if (2 * shapely.area(shapes[inside]) > least_m * shapely.length(shapes[inside])).any():
            return True
    return False


def _mark(path: Path, found: NDArray[np.bool_], at: tuple[str, int]) -> None:
    key, zoom = at
    with pyogrio.open_arrow(
        path, columns=[key], read_geometry=False, ZOOM_LEVEL=str(zoom), use_pyarrow=True
    ) as (_, reader):
        for batch in reader:
            found[batch.column(key).to_numpy(zero_copy_only=False).astype(np.int64)] = True


def _write_empty(path: Path, layer: LayerInfo, levels: tuple[int, int]) -> None:
    """An archive without a tile, which GDAL cannot write (PMTiles specification 3, github.com/protomaps/PMTiles)."""
    fields = dict.fromkeys(layer.attributes, "String")
    about = {
        "name": layer.name,
        "vector_layers": [
            {"id": layer.name, "fields": fields, "minzoom": levels[0], "maxzoom": levels[1]}
        ],
    }
    root, metadata = (
        gzip.compress(b"\0", mtime=0),
        gzip.compress(json.dumps(about).encode(), mtime=0),
    )
    begin = _HEADER.size
    after = begin + len(root)
    end = after + len(metadata)
    header = _HEADER.pack(
        b"PMTiles", 3, begin, len(root), after, len(metadata), end, 0, end, 0, 0, 0, 0,
        1, _GZIP, _GZIP, _MVT, *levels, *(-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000),
        levels[0], 0, 0,
    )  # fmt: skip
    path.write_bytes(header + root + metadata)


_HEADER = struct.Struct("<7sB 11Q 6B 4i B 2i")
"""Magic, version; places and sizes of directory, metadata, leaves and tiles; counts of tiles, entries,
contents; clustered, compressions, type of tile, zooms; bounds; centre."""
_GZIP, _MVT = 2, 1
"""Numbers of a compression and of a type of tile."""

"""Shapes as files store them, also those that shapely does not read."""

from __future__ import annotations

import struct

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError

POLYGON, MULTIPOLYGON, COLLECTION = 3, 6, 7
"""Types of geometry in WKB."""
SURFACE, TIN, TRIANGLE = 15, 16, 17
"""Three-dimensional ones: faces of a body, triangles of a terrain or a roof."""
PLAIN = {SURFACE: MULTIPOLYGON, TIN: MULTIPOLYGON, TRIANGLE: POLYGON}
"""What they become: their faces seen from above."""
NESTED = (4, 5, MULTIPOLYGON, COLLECTION, SURFACE, TIN)
"""Types that hold geometries."""
DIMENSIONS = 1000
"""ISO adds this for heights, twice for measures."""


def shapes_of(wkb: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) shapes; None for none, and where the bytes are no shape."""
    try:
        found: NDArray[np.object_] = shapely.from_wkb(wkb)
    except ShapelyError:
        found = np.empty(len(wkb), dtype=object)
        found[:] = [_shape(one) for one in wkb]
    return found


def curved(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """(n,) True for arcs, which only GDAL makes polygons of."""
    return np.asarray(shapely.get_type_id(shapes) > COLLECTION)


def _shape(wkb: bytes | None) -> shapely.Geometry | None:
    if wkb is None:
        return None
    try:
        return shapely.from_wkb(_plain(bytes(wkb)), on_invalid="fix")
    except (ShapelyError, struct.error, IndexError):
        return None


def _plain(wkb: bytes) -> bytes:
    """The same bytes with triangles and faces as polygons."""
    out = bytearray(wkb)
    _walk(out, 0)
    return bytes(out)


def _walk(data: bytearray, at: int) -> int:
    """Rename the types of the geometry that begins here; returns where it ends."""
    order = "<" if data[at] else ">"
    (code,) = struct.unpack_from(f"{order}I", data, at + 1)
    flags, kind = code & 0xF0000000, code & 0x0FFFFFFF
    kind, dimensions = kind % DIMENSIONS, kind // DIMENSIONS
    high = (
        (dimensions in (1, 3))
        + (dimensions in (2, 3))
        + bool(flags & 0x80000000)
        + bool(flags & 0x40000000)
    )
    if kind in PLAIN:
        struct.pack_into(f"{order}I", data, at + 1, flags | PLAIN[kind] + DIMENSIONS * dimensions)
    at += 9 if flags & 0x20000000 else 5
    if kind in NESTED:
        (count,) = struct.unpack_from(f"{order}I", data, at)
        at += 4
        for _ in range(count):
            at = _walk(data, at)
        return at
    return _skip(data, at, order, kind, 8 * (2 + high))


def _skip(data: bytearray, at: int, order: str, kind: int, point: int) -> int:
    """The end of a point, a line or a polygon whose vertices begin here."""
    if kind == 1:
        return at + point
    rings = 1
    if kind in (POLYGON, TRIANGLE):
        (rings,) = struct.unpack_from(f"{order}I", data, at)
        at += 4
    for _ in range(rings):
        (points,) = struct.unpack_from(f"{order}I", data, at)
        at += 4 + points * point
    return at

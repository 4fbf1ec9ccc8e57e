"""What ``geoseg predict`` stored about its run in the file that it wrote."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyogrio

from geoseg.files.database import looked_into
from geoseg.files.parse import ParseError, parse_json
from geoseg.vectors.address import Address, is_virtual
from geoseg.vectors.buildings import BuildingSource
from geoseg.vectors.geoparquet import is_geoparquet, read_file_metadata
from geoseg.vectors.layers import GDAL_ERRORS, Layer

KEY = "geoseg"
"""What the metadata are called in formats that name them."""
_HEAD_BYTES = 1 << 20
"""How far into a GeoJSON file the metadata are looked for: they come before the features."""


def read_metadata(address: Address) -> dict[str, Any]:
    """The run's metadata; empty where the file has none, and of what is no file of this machine."""
    path = Path(address)
    if isinstance(address, str) or is_virtual(path):
        return {}
    for text in _texts(path):
        try:
            found = parse_json(text)
        except ParseError:
            continue
        if isinstance(found, dict):
            return found
    return {}


def run_of(source: BuildingSource) -> dict[str, Any]:
    """The same of a file or of a table in memory; empty where it has none."""
    if isinstance(source.data, Layer):
        return read_metadata(source.data.path)
    record = source.data.attrs.get(KEY)
    return dict(record) if isinstance(record, dict) else {}


def holds_estimates(source: BuildingSource) -> bool:
    """Whether a model found these buildings: it left its confidence in them, or the file tells of its run."""
    return bool({"confidence", "presence"} & {*source.columns}) or "model" in run_of(source)


def _texts(path: Path) -> Iterator[str]:
    """Texts that may be the metadata, the likeliest first."""
    match path.suffix.lower():
        case ".gpkg":
            yield from _of_geopackage(path)
        case ".fgb":
            yield from _of_flatgeobuf(path)
        case ".geojson" | ".json":
            yield from _of_geojson(path)
        case _ if is_geoparquet(path):
            yield read_file_metadata(path, KEY) or ""


def _of_geopackage(path: Path) -> list[str]:
    query = "SELECT metadata FROM gpkg_metadata WHERE mime_type = 'application/json'"
    try:
        with looked_into(path) as connection:
            return [str(row[0]) for row in connection.execute(query)]
    except sqlite3.Error:
        return []


def _of_flatgeobuf(path: Path) -> list[str]:
    try:
        stored = pyogrio.read_info(path)["layer_metadata"] or {}
    except GDAL_ERRORS:
        return []
    return [stored[KEY]] if KEY in stored else []


def _of_geojson(path: Path) -> list[str]:
    """The member of the collection, without reading the features."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES).decode(errors="ignore")
    except OSError:
        return []
    return [json.dumps(value) for name, value in _members(head) if name == KEY]


def _members(head: str) -> Iterator[tuple[str, Any]]:
    """Names and values of an object's first members, as far as they are whole."""
    decoder = json.JSONDecoder()
    place = head.find("{") + 1
    try:
        while place:
            name, end = decoder.raw_decode(head, _skip(head, place))
            value, end = decoder.raw_decode(head, _skip(head, _skip(head, end) + 1))
            yield str(name), value
            place = _skip(head, end) + 1
    except (ValueError, RecursionError, IndexError):
        return


def _skip(text: str, place: int) -> int:
    """The place of the next character that is no white space."""
    while text[place].isspace():
        place += 1
    return place

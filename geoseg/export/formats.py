"""The formats of polygon layers, and what each can hold beside what the contract needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """What the columns and geometries of a file may be."""

    title: str
    """How messages name the format."""
    everything: bool = False
    """Columns of any type, and of names that differ in case alone."""
    binary: bool = True
    """Columns of bytes."""
    infinity: bool = True
    """Numbers that are infinite."""
    mixed: bool = False
    """Polygons beside multipolygons."""
    heights: bool = False
    """Outlines in space, where a layer keeps its heights."""
    control: bool = True
    """Text with control characters."""
    text_bytes: int | None = None
    """Bytes of the longest text in UTF-8; None: any."""
    extent: bool = False
    """The observed area beside the rows."""
    digits: int | None = None
    """Characters of a whole number, its sign among them; None: any of 64 bits."""
    largest: float | None = None
    """Numbers are below this, whatever their sign; None: any."""
    degrees: bool = False
    """Longitudes and latitudes alone, or tiles of the Earth: the layer's CRS must have a place there."""


SHAPEFILE = Format(
    "Shapefile",
    binary=False,
    infinity=False,
    mixed=True,
    text_bytes=254,
    digits=18,
    largest=1e22,
)
"""A number has 24 characters at most, 15 of them decimals where there is room."""

FORMATS: dict[str, Format] = {
    ".gpkg": Format("GeoPackage", heights=True, extent=True),
    ".geojson": Format(
        "GeoJSON", heights=True, binary=False, infinity=False, mixed=True, degrees=True
    ),
    ".fgb": Format("FlatGeobuf", heights=True),
    ".parquet": Format("GeoParquet", heights=True, everything=True, mixed=True, extent=True),
    ".shp": SHAPEFILE,
    ".shp.zip": SHAPEFILE,
    ".gdb": Format("File Geodatabase", heights=True, mixed=True),
    ".kml": Format("KML", binary=False, infinity=False, mixed=True, control=False, degrees=True),
    ".csv": Format("CSV", binary=False, infinity=False, mixed=True),
    ".dxf": Format("DXF", binary=False, mixed=True),
    ".pmtiles": Format("PMTiles", binary=False, infinity=False, mixed=True, degrees=True),
}
"""By extension."""


def in_words(*without: str) -> str:
    """The extensions as messages and help name them, some left out."""
    *named, last = (extension for extension in FORMATS if extension not in without)
    return f"{', '.join(named)} or {last}"

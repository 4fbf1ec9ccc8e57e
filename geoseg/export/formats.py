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


FORMATS: dict[str, Format] = {
    ".gpkg": Format("GeoPackage"),
    ".geojson": Format("GeoJSON", binary=False, infinity=False, mixed=True),
    ".fgb": Format("FlatGeobuf"),
    ".parquet": Format("GeoParquet", everything=True, mixed=True),
}
"""By extension."""

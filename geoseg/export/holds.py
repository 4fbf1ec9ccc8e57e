"""What a format can hold, beside what the contract needs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holds:
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


HOLDS: dict[str, Holds] = {
    ".gpkg": Holds("GeoPackage"),
    ".geojson": Holds("GeoJSON", binary=False, infinity=False, mixed=True),
    ".fgb": Holds("FlatGeobuf"),
    ".parquet": Holds("GeoParquet", everything=True, mixed=True),
}
"""By extension."""

"""Zones: named polygons, made disjoint, in the CRS of the buildings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.polygons import read_polygons
from geoseg.vectors.rows import polygonal
from geoseg.vectors.shared import part_beyond, shared_area

Overlaps = Literal["first", "refuse"]
"""What to do where zones overlap: count for the first one, or refuse the zones."""
NAME_GUESSES = (
    "name", "zone", "district", "label", "title", "municipality", "commune", "ward", "nom",
    "nombre", "bezirk", "stadtteil", "gemeinde", "admin_name", "name_en",
)  # fmt: skip
"""Columns taken for the zone's name, in this order, whatever their case."""
SLIVER = 1e-6
"""Overlaps below this share of the smaller zone are digitising noise."""
NAMES_SHOWN = 3
"""Names that a message lists before it says "and more"."""
UNOBSERVED = Said(
    "{count} zones lie outside the observed area: {names}.",
    one="{count} zone lies outside the observed area: {names}.",
)
COVERED = Said(
    "{count} zones lie within earlier ones, which have all their ground: {names}.",
    one="{count} zone lies within earlier ones, which have all its ground: {names}.",
)
WHOLE = Said("whole area")
"""Name of the only zone when none are asked for."""


@dataclass(frozen=True, slots=True)
class Zones:
    """Named polygons that do not overlap; earlier ones win on shared edges."""

    names: tuple[str, ...]
    """(n,) names, not necessarily unique."""
    geometry: NDArray[np.object_]
    """(n,) polygons or multipolygons in ``crs``."""
    crs: CRS
    """CRS of the geometry: that of the buildings."""
    notes: tuple[str, ...] = ()
    """What the user should know about them, one sentence each."""
    covered: tuple[int, ...] = ()
    """Places of those that are empty because earlier ones hold all their ground."""


def zones_from_polygons(
    source: VectorInput,
    place: Neighbourhood,
    *,
    name_column: str | None = None,
    layer: str | None = None,
    overlaps: Overlaps = "first",
) -> Zones:
    """Zones from a vector file or a GeoDataFrame of any CRS.

    Raises:
        UnreadableVectorError: when the file cannot be used.
        UsageError: when the name column is missing, or zones overlap and ``overlaps`` refuses.
    """
    drawn = read_polygons(source, place, layer=layer, role=Said("zones"))
    columns = _columns(drawn.frame)
    column = name_column or guess_name_column(columns)
    if column is not None and column not in columns:
        raise UsageError(
            f"{drawn.label} has no column {column!r}; it has {', '.join(map(str, columns)) or 'none'}"
        )
    if column is not None and list(columns).count(column) > 1:
        raise UsageError(f"{drawn.label} has two columns called {column!r}; remove or rename one")
    names = _names(columns, column)
    geometry, overlapping = _disjoint(drawn.geometry, names, overlaps)
    covered = shapely.is_empty(geometry) & ~shapely.is_empty(drawn.geometry)
    notes = *_repeated(names), *drawn.notes, *overlapping
    return Zones(names, geometry, place.crs, notes, tuple(np.flatnonzero(covered).tolist()))


def guess_name_column(columns: pd.DataFrame) -> str | None:
    """The column that most likely names the zones, or None."""
    names = [str(name) for name in columns]
    by_lower = {name.lower(): name for name in names}
    for guess in NAME_GUESSES:
        if guess in by_lower:
            return by_lower[guess]
    single = [name for name in names if names.count(name) == 1]
    texts = [c for c in single if columns[c].map(lambda v: isinstance(v, str)).all()]
    unique = [c for c in texts if columns[c].is_unique]
    named = [c for c in unique if "name" in c.lower()]
    return next(iter([*named, *unique]), None)


def shorten(names: Iterable[str]) -> str:
    """A few names, quoted, for a message."""
    listed = list(names)
    few = ", ".join(repr(name) for name in listed[:NAMES_SHOWN])
    more = len(listed) - NAMES_SHOWN
    return Said("{names} and {count} more").format(names=few, count=more) if more > 0 else few


def unobserved_note(zones: Zones, areas: NDArray[np.float64]) -> tuple[str, ...]:
    """Sentences about zones without any ground of their own that the imagery showed, if there are any."""
    missed = [zones.names[row] for row in np.setdiff1d(np.flatnonzero(areas <= 0), zones.covered)]
    covered = [zones.names[row] for row in zones.covered]
    return tuple(
        said.format(count=len(names), names=shorten(names))
        for said, names in ((UNOBSERVED, missed), (COVERED, covered))
        if names
    )


def _columns(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """All but the geometry, called by texts: in a table in memory numbers and more are names."""
    columns = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return columns.set_axis([str(name) for name in columns.columns], axis="columns")


def _names(columns: pd.DataFrame, column: str | None) -> tuple[str, ...]:
    if column is None:
        return tuple(Said("zone {number}").format(number=n) for n in range(1, len(columns) + 1))
    missing = columns[column].isna()
    return tuple(
        Said("(no name)") if gone else _text(value)
        for value, gone in zip(columns[column], missing, strict=True)
    )


def _text(value: object) -> str:
    """What a zone is called; blank texts are no names."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if str(value).strip() else Said("(no name)")


def _repeated(names: tuple[str, ...]) -> tuple[str, ...]:
    again = [name for name, count in Counter(names).items() if count > 1]
    if not again:
        return ()
    said = Said("Several zones share a name ({names}); each has its own row.")
    return (said.format(names=shorten(again)),)


def _disjoint(
    geometry: NDArray[np.object_], names: tuple[str, ...], overlaps: Overlaps
) -> tuple[NDArray[np.object_], tuple[str, ...]]:
    """Cut from every zone what an earlier zone holds already."""
    pairs = overlapping_pairs(geometry)
    if not len(pairs):
        return geometry, ()
    first, second = names[pairs[0, 0]], names[pairs[0, 1]]
    if overlaps == "refuse":
        raise UsageError(
            f"{len(pairs)} pairs of zones overlap (such as {first!r} and {second!r}); correct the zones "
            "or allow --overlaps first"
        )
    said = Said(
        "{count} pairs of zones overlap (such as {first!r} and {second!r}); what they share counts once, "
        "for the first of them.",
        one="{count} pair of zones overlaps (such as {first!r} and {second!r}); what they share counts once, "
        "for the first of them.",
    )
    result = geometry.copy()
    for later in np.unique(pairs[:, 1]):
        earlier = geometry[pairs[pairs[:, 1] == later, 0]]
        result[later] = part_beyond(geometry[later], shapely.union_all(earlier))[0]
    return polygonal(result), (said.format(count=len(pairs), first=first, second=second),)


def overlapping_pairs(geometry: NDArray[np.object_]) -> NDArray[np.intp]:
    """(m, 2) indices, earlier zone first, sorted."""
    left, right = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    left, right = left[left < right], right[left < right]
    shared = shared_area(geometry[left], geometry[right])
    smaller = np.minimum(shapely.area(geometry[left]), shapely.area(geometry[right]))
    pairs: NDArray[np.intp] = np.column_stack([left, right])[shared > SLIVER * smaller]
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[order]

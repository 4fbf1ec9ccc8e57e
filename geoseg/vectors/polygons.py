"""Polygons that somebody drew: read, checked, repaired, brought into another CRS."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableVectorError
from geoseg.vectors.layers import VectorInput, geometry_of
from geoseg.vectors.load import load
from geoseg.vectors.nearby import Neighbourhood


@dataclass(frozen=True, slots=True)
class DrawnPolygons:
    """Polygons that somebody drew, read and repaired."""

    frame: gpd.GeoDataFrame
    """The GeoDataFrame they came in."""
    label: str
    """How messages name them."""
    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons in ``crs``."""
    crs: CRS
    """The CRS asked for, else that of the file or table."""
    notes: tuple[str, ...]
    """What was repaired, one sentence each."""


def read_polygons(
    source: VectorInput, place: Neighbourhood | None, *, layer: str | None = None, role: str
) -> DrawnPolygons:
    """Valid polygons from a vector file or a GeoDataFrame of any CRS.

    Args:
        source: A path or a GeoDataFrame.
        place: The CRS to bring them into; None leaves them in their own.
        layer: Layer of the file; None: its only polygon layer.
        role: What they are, plural, for messages.

    Raises:
        UnreadableVectorError: when there is none, or rows are no polygons.
        UsageError: when a layer is named of what has none.
    """
    loaded = load(source, role, layer=layer)
    frame, label = loaded.frame.reset_index(drop=True), loaded.label
    if frame.empty:
        raise UnreadableVectorError(f"{label} is empty; {role} need at least one polygon")
    geometry, notes = _valid_polygons(frame, label, role)
    if place is None:
        return DrawnPolygons(frame, label, geometry, loaded.crs, notes)
    moved = place.bring(geometry, loaded.crs)
    # An edge may fold over its neighbour when both are drawn in another CRS.
    folded = ~shapely.is_valid(moved)
    moved[folded] = polygonal(shapely.make_valid(moved[folded]))
    return DrawnPolygons(frame, label, moved, place.crs, notes)


def polygonal(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """The polygons within geometries; points and lines that an overlay left behind are dropped."""
    mixed = shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION
    result = geometry.copy()
    for index in np.flatnonzero(mixed):
        parts = shapely.get_parts(geometry[index])
        dimension_two = parts[shapely.get_dimensions(parts) == 2]  # noqa: PLR2004
        result[index] = shapely.union_all(dimension_two)
    result[shapely.get_dimensions(result) < 2] = shapely.MultiPolygon()  # noqa: PLR2004
    return result


def _valid_polygons(
    frame: gpd.GeoDataFrame, label: str, role: str
) -> tuple[NDArray[np.object_], tuple[str, ...]]:
    geometry = geometry_of(frame)
    if (shapely.is_missing(geometry) | shapely.is_empty(geometry)).any():
        raise UnreadableVectorError(f"{label} has {role} without geometry; remove or draw them")
    if (shapely.get_dimensions(geometry) < 2).any():  # noqa: PLR2004
        raise UnreadableVectorError(f"{label} holds points or lines; {role} must be polygons")
    invalid = ~shapely.is_valid(geometry)
    if not invalid.any():
        return geometry, ()
    geometry[invalid] = polygonal(
        shapely.make_valid(geometry[invalid], method="structure", keep_collapsed=False)
    )
    if shapely.is_empty(geometry).any():
        raise UnreadableVectorError(f"{label} has {role} without area; remove or redraw them")
    return geometry, (f"{int(invalid.sum())} invalid polygons of {label} were repaired.",)

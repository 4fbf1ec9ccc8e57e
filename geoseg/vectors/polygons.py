"""Polygons that somebody drew: read, checked, repaired, brought into another CRS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableVectorError
from geoseg.vectors.layers import VectorInput, geometry_of, open_layer, read_frame
from geoseg.vectors.nearby import Neighbourhood


@dataclass(frozen=True, slots=True)
class Drawn:
    """Polygons that somebody drew, read and repaired."""

    frame: gpd.GeoDataFrame
    """The GeoDataFrame they came in."""
    label: str
    """How messages name them."""
    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons in the CRS asked for."""
    notes: tuple[str, ...]
    """What was repaired, one sentence each."""


def read_polygons(
    source: VectorInput, place: Neighbourhood, *, layer: str | None = None, role: str
) -> Drawn:
    """Valid polygons in the CRS of ``place`` from a vector file or a GeoDataFrame of any CRS.

    Raises:
        UnreadableVectorError: when there is none, or rows are no polygons.
    """
    frame, label = _load(source, layer, role)
    if frame.empty:
        raise UnreadableVectorError(f"{label} is empty; {role} need at least one polygon")
    geometry, notes = _valid_polygons(frame, label, role)
    moved = place.bring(geometry, CRS.from_user_input(frame.crs))
    # An edge may fold over its neighbour when both are drawn in another CRS.
    folded = ~shapely.is_valid(moved)
    moved[folded] = polygonal(shapely.make_valid(moved[folded]))
    return Drawn(frame, label, moved, notes)


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


def _load(source: VectorInput, layer: str | None, role: str) -> tuple[gpd.GeoDataFrame, str]:
    if isinstance(source, (str, Path)):
        found = open_layer(Path(source), layer)
        return read_frame(found), found.label
    if source.crs is None:
        raise UnreadableVectorError(f"the {role} have no CRS; assign one with set_crs")
    return source.reset_index(drop=True), f"the table of {role}"


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

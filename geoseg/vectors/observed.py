"""The observed area: where the imagery had valid pixels, as a whole and within zones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import ProjError

from geoseg.earth.reproject import areas_m2, densify, reproject
from geoseg.errors import UnreadableVectorError
from geoseg.files.parse import ParseError, parse_json
from geoseg.languages.said import Said
from geoseg.vectors.buildings import BuildingSource
from geoseg.vectors.geoparquet import read_file_metadata
from geoseg.vectors.layers import (
    EXTENT_LAYER,
    Layer,
    VectorInput,
    open_layer,
    polygon_layers,
    read_frame,
)
from geoseg.vectors.rows import polygonal, repaired, usable
from geoseg.vectors.shared import shared_part

NO_EXTENT = Said(
    "The file has no layer 'extent', so zones count as observed in full; "
    "where the imagery did not cover them, density and coverage are too low."
)
"""Said when the observed area is unknown."""
EXTENT_ATTRIBUTE = "geoseg_extent"
"""Of a table in memory and of a GeoParquet file, what the layer is of a GeoPackage: see ``extent_noted``."""

NO_AREA = (LookupError, TypeError, shapely.GEOSException, ProjError)
"""What reading a note that is no area raises."""


def read_extent(layer: Layer) -> shapely.Geometry | None:
    """The observed area in the CRS of the buildings, or None where the file does not know it.

    Raises:
        UnreadableVectorError: What a GeoParquet file notes is no area, or has no place in that CRS.
    """
    if layer.name is None:
        return _of_geoparquet(layer)
    if EXTENT_LAYER not in polygon_layers(layer.path):
        return None
    extent = open_layer(layer.path, EXTENT_LAYER)
    parts = np.array(read_frame(extent, []).geometry.array, dtype=object)
    return _united(parts, extent.crs, layer.crs)


def extent_noted(extent: shapely.Geometry, crs: CRS) -> dict[str, str]:
    """An area as it is noted where there are no layers: ``wkb``, hexadecimal, and ``crs``, WKT."""
    return {"wkb": shapely.to_wkb(extent, hex=True), "crs": crs.to_wkt()}


def note_extent(frame: gpd.GeoDataFrame, extent: shapely.Geometry) -> None:
    """Let a table in memory know the observed area, which is in its CRS."""
    frame.attrs[EXTENT_ATTRIBUTE] = extent_noted(extent, CRS.from_user_input(frame.crs))


def carry_extent(frame: gpd.GeoDataFrame, source: VectorInput, layer: str | None) -> None:
    """Let a table that was made of a file, in its CRS, know what the file knows; a copy of a table does already."""
    extent = extent_in(source, layer) if isinstance(source, (str, Path)) else None
    if extent is not None:
        note_extent(frame, extent)


def noted_extent(frame: gpd.GeoDataFrame) -> shapely.Geometry | None:
    """The observed area in the CRS of a table in memory, which has one; None where it knows none.

    Raises:
        UnreadableVectorError: What is noted is no area, or has no place in that CRS.
    """
    noted = frame.attrs.get(EXTENT_ATTRIBUTE)
    if noted is None:
        return None
    try:
        return _placed(noted, CRS.from_user_input(frame.crs))
    except NO_AREA as error:
        raise UnreadableVectorError(
            f"attrs[{EXTENT_ATTRIBUTE!r}] of the table is no observed area in a CRS that leads to the "
            "table's; take it out, or give the table as predict returned it"
        ) from error


def _of_geoparquet(layer: Layer) -> shapely.Geometry | None:
    text = read_file_metadata(Path(layer.path), EXTENT_ATTRIBUTE)
    if text is None:
        return None
    try:
        return _placed(parse_json(text), layer.crs)
    except (ParseError, *NO_AREA) as error:
        raise UnreadableVectorError(
            f"{layer.label}: what the file notes as {EXTENT_ATTRIBUTE} is no observed area in a CRS that leads to "
            "the layer's; write it anew without it, for instance by geopandas"
        ) from error


def _placed(noted: Mapping[str, Any], wanted: CRS) -> shapely.Geometry | None:
    """What ``extent_noted`` noted, in another CRS.

    Raises:
        Any of NO_AREA: It is no area, or has no place there.
    """
    parts = np.array([shapely.from_wkb(noted["wkb"])], dtype=object)
    return _united(parts, CRS.from_wkt(noted["crs"]), wanted)


def extent_of(source: BuildingSource) -> shapely.Geometry | None:
    """The observed area of a file or a table in memory, in its CRS."""
    return read_extent(source.data) if isinstance(source.data, Layer) else noted_extent(source.data)


def extent_in(source: VectorInput, layer: str | None) -> shapely.Geometry | None:
    """The same of what the user names."""
    if not isinstance(source, (str, Path)):
        return noted_extent(source)
    return read_extent(open_layer(source, layer, preferred="buildings"))


def extent_parts(source: VectorInput, layer: str | None) -> list[bytes] | None:
    """The same as WKB polygons, as writers take them; None where nobody knows it."""
    extent = extent_in(source, layer)
    return None if extent is None else parts_of(extent)


def parts_of(extent: shapely.Geometry) -> list[bytes]:
    """The polygons of an area as WKB."""
    return [part.wkb for part in shapely.get_parts(extent)]


def _united(parts: NDArray[np.object_], crs: CRS, wanted: CRS) -> shapely.Geometry | None:
    rows = usable(parts, crs)
    moved = reproject(rows.geometry[rows.kept], crs, wanted)
    united = shapely.union_all(repaired(moved))
    return None if shapely.is_empty(united) else polygonal(np.array([united], dtype=object))[0]


def observed_parts(
    zones: NDArray[np.object_], extent: shapely.Geometry | None
) -> NDArray[np.object_]:
    """(n,) the part of each of (n,) zones that was observed; empty where none was."""
    if extent is None:
        return zones
    shapely.prepare(extent)
    parts = zones.copy()
    inside = shapely.covers(extent, parts)
    for index in np.flatnonzero(~inside):
        parts[index] = _cut(parts[index], extent)
    return polygonal(parts)


def observed_m2(parts: NDArray[np.object_], crs: CRS) -> NDArray[np.float64]:
    """(n,) geodesic areas of observed parts."""
    return areas_m2(densify(parts, crs), crs)


def _cut(zone: shapely.Geometry, extent: shapely.Geometry) -> shapely.Geometry:
    if not shapely.intersects(extent, zone):
        return shapely.MultiPolygon()
    # Clipping first keeps the overlay fast where the extent has a million vertices.
    near = shapely.make_valid(shapely.clip_by_rect(extent, *_roomy_bounds(zone)))
    part: shapely.Geometry = shared_part(zone, near)[0]
    return part


def _roomy_bounds(zone: shapely.Geometry) -> list[float]:
    left, bottom, right, top = shapely.bounds(zone)
    room = 0.01 * max(right - left, top - bottom)
    return [left - room, bottom - room, right + room, top + room]

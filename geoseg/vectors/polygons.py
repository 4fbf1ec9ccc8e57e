"""Polygons that somebody drew: read, checked, repaired, brought into another CRS."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.reproject import ground_under
from geoseg.errors import UnreadableVectorError
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.load import load
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.rows import notes_of, refuse_unusable_rows, repaired, usable


@dataclass(frozen=True, slots=True)
class DrawnPolygons:
    """Polygons that somebody drew, read and repaired."""

    frame: gpd.GeoDataFrame
    """Their rows of the GeoDataFrame they came in."""
    label: str
    """How messages name them."""
    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons in ``crs``."""
    crs: CRS
    """The CRS asked for, else that of the file or table."""
    notes: tuple[str, ...]
    """What was repaired and left out, one sentence each."""


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
        UnreadableVectorError: when there is none, or no row is a polygon.
        UsageError: when a layer is named of what has none.
    """
    loaded = load(source, role, layer=layer)
    label = loaded.label
    if loaded.frame.empty:
        raise UnreadableVectorError(f"{label} is empty; {role} need at least one polygon")
    ground_under(loaded.crs)  # raises where it is not tied to the Earth
    rows = usable(np.array(loaded.frame.geometry.array, dtype=object), loaded.crs)
    notes = notes_of(rows.counts, label)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), label)
    if not rows.kept.any():
        raise UnreadableVectorError(
            f"{label} holds no polygon; {role} need at least one. {' '.join(notes)}"
        )
    frame = loaded.frame[rows.kept].reset_index(drop=True)
    geometry = rows.geometry[rows.kept]
    if place is None:
        return DrawnPolygons(frame, label, geometry, loaded.crs, notes)
    return DrawnPolygons(frame, label, sound(place.bring(geometry, loaded.crs)), place.crs, notes)


def sound(moved: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) valid polygons: an edge may fold over its neighbour when both are drawn in another CRS."""
    folded = ~shapely.is_valid(moved)
    if folded.any():
        moved[folded] = repaired(moved[folded])
    return moved

"""What is reviewed: all buildings of a layer, and the ground on which they were looked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.places import box_of_bounds, outline_of_box, place_of_shapes
from geoseg.earth.reproject import ground_under, reproject
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.files.names import without_folders
from geoseg.vectors.buildings import numbers_of
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.load import load
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.nearby import around
from geoseg.vectors.observed import extent_in
from geoseg.vectors.polygons import read_polygons
from geoseg.vectors.rows import notes_of, polygonal, refuse_unusable_rows, repaired, usable
from geoseg.vectors.standing import gone_note, only_standing

NO_EXTENT = (
    "The file has no layer 'extent': the box of its buildings counts as the ground on which they were "
    "looked for."
)


@dataclass(frozen=True, slots=True)
class Population:
    """Buildings and observed ground, in the CRS of the buildings."""

    label: str
    """How messages name the layer."""
    frame: gpd.GeoDataFrame
    """Its rows that are polygons, repaired, with all columns."""
    crs: CRS
    """Their CRS."""
    ground: shapely.Geometry
    """Where buildings were looked for, within the zones where some are given."""
    plane: CRS
    """An equal-area projection in metres around the ground."""
    run: dict[str, Any]
    """What ``geoseg predict`` noted of itself."""
    notes: tuple[str, ...]
    """What was repaired, left out or is missing."""

    @property
    def shapes(self) -> NDArray[np.object_]:
        """(n,) outlines."""
        return np.asarray(self.frame.geometry.array, dtype=object)

    @property
    def points(self) -> NDArray[np.float64]:
        """(n, 2) representative points, by which buildings belong to plots."""
        return shapely.get_coordinates(shapely.point_on_surface(self.shapes))

    def on_plane(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) points of the CRS, metres on the plane."""
        return shapely.get_coordinates(
            reproject(np.asarray(shapely.points(points), object), self.crs, self.plane)
        )

    @property
    def confidence(self) -> NDArray[np.float64] | None:
        """(n,) 0 to 1, NaN where there is none; None where the layer knows no probabilities."""
        if "confidence" not in self.frame.columns:
            return None
        values = numbers_of(pd.Series(self.frame["confidence"]))
        known = values[np.isfinite(values)]
        return values if len(known) and known.min() >= 0 and known.max() <= 1 else None


def read_population(
    buildings: VectorInput,
    *,
    layer: str | None = None,
    zones: VectorInput | None = None,
    zones_layer: str | None = None,
) -> Population:
    """Read everything once.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS on Earth.
        UsageError: no ground is left within the zones.
    """
    loaded = load(buildings, "buildings", layer=layer, preferred="buildings")
    ground_under(loaded.crs)
    every, gone = only_standing(loaded.frame)
    rows = usable(np.array(every.geometry.array, dtype=object), loaded.crs)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), loaded.label)
    frame = every[rows.kept].reset_index(drop=True)
    frame[frame.geometry.name] = gpd.GeoSeries(rows.geometry[rows.kept], crs=loaded.frame.crs)
    notes = [*notes_of(rows.counts, loaded.label), *gone_note(gone)]
    extent = extent_in(buildings, layer)
    if extent is None:
        notes.append(NO_EXTENT)
        extent = _box_of(frame, loaded.crs, loaded.label)
    ground = extent if zones is None else _within(extent, loaded.crs, zones, zones_layer, notes)
    place = place_of_shapes(np.array([ground], dtype=object), loaded.crs)
    if place is None:
        raise UsageError(
            f"{loaded.label}: no ground is left to review; check that buildings and zones are of the "
            "same place and have the right CRS"
        )
    run = (
        without_folders(read_metadata(Path(buildings)))
        if isinstance(buildings, (str, Path))
        else {}
    )
    return Population(loaded.label, frame, loaded.crs, ground, place.plane(), run, tuple(notes))


def _box_of(frame: gpd.GeoDataFrame, crs: CRS, label: str) -> shapely.Geometry:
    """The box that a report takes where nobody knows more."""
    parts = shapely.get_parts(np.asarray(frame.geometry.array, dtype=object))
    box = box_of_bounds(shapely.bounds(parts), crs)
    if box is None:
        raise UnreadableVectorError(
            f"{label} holds no buildings and the file no layer 'extent'; there is nothing to review"
        )
    return outline_of_box(box, crs)


def _within(
    extent: shapely.Geometry,
    crs: CRS,
    zones: VectorInput,
    layer: str | None,
    notes: list[str],
) -> shapely.Geometry:
    drawn = read_polygons(zones, around([extent], crs), layer=layer, role="zones")
    notes.extend(drawn.notes)
    inside = shapely.intersection(extent, shapely.union_all(repaired(drawn.geometry)))
    ground: shapely.Geometry = polygonal(np.array([inside], dtype=object))[0]
    return ground

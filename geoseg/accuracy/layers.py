"""Layers of buildings and areas: read, checked and repaired, still in their own CRS."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.coco.document import is_coco
from geoseg.earth.reproject import ground_under
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.files.matching import stem_of
from geoseg.files.names import without_folders
from geoseg.statistics import trust
from geoseg.statistics.trust import PRESENCE
from geoseg.tiles.given import AreaInput, GivenArea
from geoseg.vectors.address import name_of
from geoseg.vectors.bounds import Bounds
from geoseg.vectors.buildings import numbers_of, open_buildings
from geoseg.vectors.layers import (
    VectorInput,
)
from geoseg.vectors.metadata import run_of
from geoseg.vectors.observed import extent_of
from geoseg.vectors.polygons import read_polygons
from geoseg.vectors.rows import notes_of, refuse_unusable_rows, several_note, several_parts, usable
from geoseg.vectors.standing import gone_note, only_standing


@dataclass(frozen=True, slots=True)
class BuildingLayer:
    """A layer of predicted or true buildings."""

    label: str
    """How messages name it."""
    name: str
    """The file's stem."""
    crs: CRS
    """CRS of the geometry."""
    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons."""
    columns: dict[str, NDArray[Any]]
    """(n,) each, those asked for that the layer has."""
    extent: shapely.Geometry | None = None
    """What the imagery showed, where the file knows it."""
    run: dict[str, Any] = field(default_factory=dict)
    """What ``geoseg predict`` noted about itself."""
    notes: tuple[str, ...] = ()
    """What was dropped or repaired."""


@dataclass(frozen=True, slots=True)
class MarkedAreas:
    """Polygons that somebody drew."""

    label: str
    """How messages name them."""
    crs: CRS
    """CRS of the geometry."""
    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons."""
    frame: gpd.GeoDataFrame
    """Their attributes."""
    notes: tuple[str, ...]
    """What was repaired."""


def read_buildings(
    source: VectorInput, *, role: str, layer: str | None, columns: tuple[str, ...]
) -> BuildingLayer:
    """All buildings of a file or a GeoDataFrame.

    Raises:
        UnreadableVectorError: no such file, no CRS on earth, points or lines.
    """
    _refuse_coco(source)
    opened = open_buildings(source, layer, role)
    ground_under(opened.crs)
    frame, gone = only_standing(opened.frame(dict.fromkeys((*columns, *map(str.lower, columns)))))
    label = opened.label
    rows = usable(np.array(frame.geometry.array, dtype=object), opened.crs)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), label)
    # A file's CONFIDENCE is read as confidence, and may be asked for as either.
    called = {name: name if name in frame.columns else name.lower() for name in columns}
    return BuildingLayer(
        label,
        stem_of(name_of(opened.address)) if opened.address else role,
        opened.crs,
        rows.geometry[rows.kept],
        {
            name: np.asarray(frame[one])[rows.kept]
            for name, one in called.items()
            if one in frame.columns
        },
        extent_of(opened),
        without_folders(run_of(opened)),
        (
            *notes_of(rows.counts, label),
            *several_note(several_parts(rows.geometry[rows.kept]), label),
            *gone_note(gone),
        ),
    )


def _refuse_coco(source: VectorInput) -> None:
    """COCO counts in pixels, and which rasters these are of is not said here."""
    if isinstance(source, (str, Path)) and Path(source).is_file() and is_coco(Path(source)):
        raise UnreadableVectorError(
            f"{source} is a COCO file, which counts in pixels; make polygons of it first: geoseg "
            "from-coco COCO.json BUILDINGS.gpkg --raster ORTHO.tif"
        )


def read_areas(
    source: AreaInput | None, role: str, layer: str | None, crs: CRS
) -> MarkedAreas | None:
    """Areas of a file, a GeoDataFrame, a geometry or bounds; None where none are given.

    They stay in their own CRS; ``crs`` is that of geometries and bounds.

    Raises:
        UnreadableVectorError: no such file, no CRS on earth, no polygons.
        UsageError: a layer is named of what has none, or without a file.
    """
    if source is None:
        if layer is not None:
            raise UsageError(f"the layer {layer!r} is of the {role}, which are not given")
        return None
    files = (str, os.PathLike, gpd.GeoDataFrame)
    if Bounds.read(source) is not None or not isinstance(source, files):
        given = GivenArea.of(source, layer)
        assert given is not None  # noqa: S101  # it is not None
        source = gpd.GeoDataFrame(geometry=given.geometry, crs=given.crs or crs)
    if isinstance(source, os.PathLike):
        source = Path(source)
    drawn = read_polygons(source, None, layer=layer, role=role)
    ground_under(drawn.crs)
    return MarkedAreas(drawn.label, drawn.crs, drawn.geometry, drawn.frame, drawn.notes)


def confidences_of(layer: BuildingLayer, column: str) -> NDArray[np.float64] | None:
    """A column of numbers, NaN where there is none; None where the layer has no such column.

    Raises:
        UsageError: the column holds something else.
    """
    if column not in layer.columns:
        return None
    values = pd.Series(layer.columns[column])
    numbers = numbers_of(values)
    if values.notna().any() and not np.isfinite(numbers).any():
        raise UsageError(
            f"{layer.label}: the column {column!r} does not hold numbers; name the column of the "
            "confidence with --confidence"
        )
    return numbers


def presences_of(layer: BuildingLayer) -> NDArray[np.float64] | None:
    """(n,) probabilities, NaN for what is none; None where the layer has no such column."""
    if PRESENCE not in layer.columns:
        return None
    return trust.presences_of(numbers_of(pd.Series(layer.columns[PRESENCE])))

"""Layers of buildings and areas: read, checked and repaired, still in their own CRS."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.coco.document import is_coco
from geoseg.earth.reproject import ground_under
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.files.names import without_folders
from geoseg.vectors.bounds import Bounds
from geoseg.vectors.buildings import open_buildings
from geoseg.vectors.layers import (
    Layer,
    VectorInput,
    geometry_of,
    read_frame,
)
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.observed import read_extent
from geoseg.vectors.polygons import polygonal, read_polygons

POLYGON_TYPES = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


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
    path = Path(source) if isinstance(source, (str, Path)) else None
    data = opened.data
    frame = read_frame(data, list(columns)) if isinstance(data, Layer) else data
    label = opened.label
    geometry, kept, notes = _valid_buildings(frame, label)
    present = [name for name in columns if name in frame.columns]
    return BuildingLayer(
        label,
        path.stem if path else role,
        opened.crs,
        geometry,
        {name: np.asarray(frame[name])[kept] for name in present},
        read_extent(opened.layer) if opened.layer else None,
        without_folders(read_metadata(path)) if path else {},
        notes,
    )


def _refuse_coco(source: VectorInput) -> None:
    """COCO counts in pixels, and which rasters these are of is not said here."""
    if isinstance(source, (str, Path)) and is_coco(Path(source)):
        raise UnreadableVectorError(
            f"{source} is a COCO file, which counts in pixels; make polygons of it first: geoseg "
            "from-coco COCO.json BUILDINGS.gpkg --raster ORTHO.tif"
        )


def read_areas(
    source: VectorInput | None, role: str, layer: str | None, crs: CRS
) -> MarkedAreas | None:
    """Areas of a file or a GeoDataFrame, in their own CRS, or bounds; None where none are given.

    Args:
        source: The areas.
        role: What they are, plural, for messages.
        layer: Layer of the file.
        crs: Of bounds that state none.

    Raises:
        UnreadableVectorError: no such file, no CRS on earth, no polygons.
        UsageError: a layer is named of what has none, or without a file.
    """
    if source is None:
        if layer is not None:
            raise UsageError(f"the layer {layer!r} is of the {role}, which are not given")
        return None
    bounds = Bounds.read(source)
    if bounds is not None:
        source = bounds.frame(crs)
    drawn = read_polygons(source, None, layer=layer, role=role)
    ground_under(drawn.crs)
    return MarkedAreas(drawn.label, drawn.crs, drawn.geometry, drawn.frame, drawn.notes)


def numbers_of(layer: BuildingLayer, column: str) -> NDArray[np.float64] | None:
    """A column of numbers, NaN as 0; None where the layer has no such column.

    Raises:
        UsageError: the column holds something else.
    """
    if column not in layer.columns:
        return None
    try:
        values = layer.columns[column].astype(np.float64)
    except (TypeError, ValueError):
        raise UsageError(
            f"{layer.label}: the column {column!r} does not hold numbers; name the column of the "
            "confidence with --confidence"
        ) from None
    return np.nan_to_num(values, nan=0.0)


def _valid_buildings(
    frame: gpd.GeoDataFrame, label: str
) -> tuple[NDArray[np.object_], NDArray[np.bool_], tuple[str, ...]]:
    """The polygons, which rows they are of, and what was done to them."""
    geometry = geometry_of(frame)
    kept = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if not np.isin(shapely.get_type_id(geometry[kept]), POLYGON_TYPES).all():
        raise UnreadableVectorError(
            f"{label} holds other geometries than polygons; buildings must be polygons"
        )
    broken = kept & ~shapely.is_valid(geometry)
    geometry[broken] = polygonal(
        shapely.make_valid(geometry[broken], method="structure", keep_collapsed=False)
    )
    kept &= shapely.area(geometry) > 0
    dropped = int((~kept).sum())
    notes = []
    if broken.any():
        notes.append(f"{int(broken.sum())} invalid polygons of {label} were repaired.")
    if dropped:
        notes.append(f"{dropped} rows of {label} have no area and were left out.")
    return geometry[kept], kept, tuple(notes)

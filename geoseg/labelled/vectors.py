"""Vector labels and areas, brought onto the grid of a mosaic."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.earth.ground import affine_mapping, bounds_in
from geoseg.earth.places import Box, place_of_box
from geoseg.earth.reproject import reproject
from geoseg.earth.seam import Seam
from geoseg.errors import DatasetError
from geoseg.labelled.repair import TINY_M2, Repaired, repair
from geoseg.vectors.buildings import decision_column
from geoseg.vectors.layers import (
    Layer,
    box_of,
    count_without,
    layer_bounds,
    open_layer,
    read_frame,
)
from geoseg.vectors.load import load
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import BEYOND, FLAT, LINES, REPAIRED, WITHOUT, usable
from geoseg.vectors.standing import only_standing

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoseg.types import Grid

ROOM_DEG = 0.001
"""How far around the raster features are looked at, degrees: some 100 m."""


def read_footprints(
    labels: Path | gpd.GeoDataFrame, grid: Grid, layer: str | None = None
) -> Repaired:
    """The labels on the grid, in its pixels.

    Raises:
        UnreadableVectorError: no such file, no polygons, no CRS.
        DatasetError: no label lies on the raster.
    """
    name = labels.name if isinstance(labels, Path) else "the table of labels"
    near = _near(labels, grid, layer)
    features = near.features
    single, divided = _divided(near.geometry)
    rows = usable(single, near.crs)
    pixels = _to_pixels(sound(reproject(rows.geometry[rows.kept], near.crs, grid.crs)), grid)
    if not features:
        raise DatasetError(f"{name} holds no feature; give the layer of the labelled buildings")
    repaired = repair(pixels)
    found = rows.counts
    empty = found[WITHOUT] + found[FLAT] + near.without
    outside = features - len(near.geometry) - near.without - near.gone + found[BEYOND]
    counts = repaired.counts + Counter(
        features=features, outside=outside, empty=empty, invalid=found[REPAIRED],
        not_polygons=found[LINES], gone=near.gone, multi_part=divided,
    )  # fmt: skip
    raster = shapely.box(0, 0, grid.width, grid.height)
    inside = shapely.intersects(repaired.polygons, raster)
    counts["outside"] += int((~inside).sum())
    polygons = repaired.polygons[inside]
    if not len(polygons):
        raise DatasetError(
            f"{name}: none of its {features} features lies on the raster; check that both have "
            "the right CRS and show the same place"
        )
    counts["tiny"] = int((shapely.area(polygons) * grid.gsd_m**2 < TINY_M2).sum())
    return Repaired(polygons, counts)


@dataclass(frozen=True, slots=True)
class _Near:
    """The features whose boxes meet the grid's."""

    geometry: NDArray[np.object_]
    """(n,) anything or None."""
    crs: CRS
    """Its CRS."""
    features: int
    """How many there are in all."""
    without: int
    """Features without a geometry, none of which is among these."""
    gone: int
    """Buildings that an update found gone, none of which is among these."""


def _near(labels: Path | gpd.GeoDataFrame, grid: Grid, name: str | None) -> _Near:
    if not isinstance(labels, Path):
        loaded = load(labels, "labels", layer=name)
        frame, gone = only_standing(loaded.frame)
        everything = np.array(frame.geometry.array, dtype=object)
        return _Near(everything, loaded.crs, len(loaded.frame), 0, gone)
    layer = open_layer(labels, name, preferred="buildings")
    box = _box(grid, layer)
    frame, gone = only_standing(read_frame(layer, [decision_column(layer.columns)], box))
    near = np.array(frame.geometry.array, dtype=object)
    if box is None:
        return _Near(near, layer.crs, layer.features, 0, gone)
    inside = near[~(shapely.is_missing(near) | shapely.is_empty(near))]
    return _Near(inside, layer.crs, layer.features, count_without(layer), gone)


def _box(grid: Grid, layer: Layer) -> Box | None:
    """The grid in the CRS of a layer; None where all features must be looked at.

    So it is across the end of the world, and where features are written beyond that.
    """
    shape = grid.height, grid.width
    place = place_of_box(
        bounds_in(grid.crs, affine_mapping(grid.transform), shape, grid.crs), grid.crs
    )
    seam = Seam.of(layer.crs)
    if place is None or (seam is not None and seam.is_left(layer_bounds(layer))):
        return None
    outline = place.wider(ROOM_DEG).outline(layer.crs)
    bounds = shapely.bounds(outline)
    one = shapely.get_num_geometries(outline) == 1 and np.isfinite(bounds).all()
    return box_of(bounds) if one else None


def _divided(geometries: NDArray[np.object_]) -> tuple[NDArray[np.object_], int]:
    """The geometries, those of several polygons each by itself, and how many those were.

    Parts that touch or overlap are invalid together; repaired as one they would be one building.
    """
    kinds = shapely.get_type_id(geometries)
    mixed = np.isin(
        kinds, (shapely.GeometryType.MULTIPOLYGON, shapely.GeometryType.GEOMETRYCOLLECTION)
    )
    parts, owner = shapely.get_parts(geometries[mixed], return_index=True)
    parts, within = shapely.get_parts(parts, return_index=True)  # a collection may hold others
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    per_feature = np.bincount(owner[within][areal], minlength=int(mixed.sum()))
    several = per_feature > 1
    kept = ~mixed
    kept[np.flatnonzero(mixed)[~several]] = True
    return np.r_[geometries[kept], parts[areal & several[owner[within]]]], int(several.sum())


def _to_pixels(geometries: NDArray[np.object_], grid: Grid) -> NDArray[np.object_]:
    mapping = affine_mapping(~grid.transform)
    moved: NDArray[np.object_] = shapely.transform(
        geometries, lambda xy: np.column_stack(mapping(xy[:, 0], xy[:, 1]))
    )
    return moved

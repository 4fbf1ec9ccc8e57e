"""Vector labels and areas, brought onto the grid of a mosaic."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.earth.ground import affine_mapping, bounds_in
from geoseg.errors import DatasetError
from geoseg.labelled.repair import TINY_M2, Repaired, repair
from geoseg.vectors.layers import geometry_of, open_layer, read_frame
from geoseg.vectors.load import load

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from geoseg.types import Grid


def read_footprints(
    labels: Path | gpd.GeoDataFrame, grid: Grid, layer: str | None = None
) -> Repaired:
    """The labels on the grid, in its pixels.

    Raises:
        UnreadableVectorError: no such file, no polygons, no CRS.
        DatasetError: no label lies on the raster.
    """
    name = labels.name if isinstance(labels, Path) else "the table of labels"
    frame, features = _near(labels, grid, layer)
    pixels = _to_pixels(geometry_of(frame.to_crs(grid.crs)), grid)
    if not features:
        raise DatasetError(f"{name} holds no feature; give the layer of the labelled buildings")
    repaired = repair(pixels)
    counts = repaired.counts + Counter(features=features, outside=features - len(frame))
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


def _near(
    labels: Path | gpd.GeoDataFrame, grid: Grid, name: str | None
) -> tuple[gpd.GeoDataFrame, int]:
    """The features whose boxes meet the grid's, and how many there are in all."""
    if not isinstance(labels, Path):
        frame = load(labels, "labels", layer=name).frame
        return frame, len(frame)
    layer = open_layer(labels, name, preferred="buildings")
    shape = grid.height, grid.width
    bounds = bounds_in(grid.crs, affine_mapping(grid.transform), shape, layer.crs)
    return read_frame(layer, [], bounds), layer.features


def _to_pixels(geometries: NDArray[np.object_], grid: Grid) -> NDArray[np.object_]:
    mapping = affine_mapping(~grid.transform)
    moved: NDArray[np.object_] = shapely.transform(
        geometries, lambda xy: np.column_stack(mapping(xy[:, 0], xy[:, 1]))
    )
    return moved

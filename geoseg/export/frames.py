"""A GeoDataFrame on its way into a file, checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pydantic import JsonValue

from geoseg.earth.geodesy import Ground
from geoseg.errors import UsageError
from geoseg.export.columns import attributes
from geoseg.export.formats import Format
from geoseg.export.layer import (
    EXTENT_DESCRIPTION,
    LAYER_DESCRIPTION,
    LayerInfo,
    horizontal_crs,
)
from geoseg.export.multi import as_multipolygons
from geoseg.export.schema import COLUMNS, GEOMETRY, LAYER, Column, columns_in
from geoseg.export.styles.buildings import building_styles
from geoseg.export.styles.style import Style
from geoseg.vectors.apart import free_name
from geoseg.vectors.layers import geometry_of
from geoseg.vectors.load import crs_of_frame
from geoseg.vectors.rows import gathered

AREAL = {
    shapely.GeometryType.POLYGON: "Polygon",
    shapely.GeometryType.MULTIPOLYGON: "MultiPolygon",
}
"""What a row may be, by its number in shapely."""
BATCH_ROWS = 65_536
"""Rows of a table of finished rows that go to a writer at a time."""
HEIGHTS_DROPPED = "heights of outlines are left out"
"""Said of files that do not have them."""


@dataclass(frozen=True, slots=True)
class FrameLayer:
    """A GeoDataFrame of polygons and the layer it becomes."""

    name: str
    """Of the layer, in formats that name layers."""
    frame: gpd.GeoDataFrame
    """Polygons and multipolygons; rows may lack a geometry."""
    styles: tuple[Style, ...] = ()
    """That QGIS offers, the default first; only a GeoPackage holds them."""
    description: str = ""
    """One sentence on the layer."""
    columns: tuple[Column, ...] = ()
    """Columns whose meaning is stored."""
    run: Mapping[str, JsonValue] | None = None
    """How the layer was made."""
    heights: bool = False
    """Keep heights, where a row has any; rows without get the height 0."""
    extent: Sequence[bytes] | None = None
    """The observed area as WKB polygons in the frame's CRS, where known."""
    extent_description: str = EXTENT_DESCRIPTION
    """One sentence on that."""


def of_buildings(
    frame: gpd.GeoDataFrame,
    *,
    own: bool,
    run: Mapping[str, JsonValue] | None,
    extent: Sequence[bytes] | None,
    heights: bool = False,
) -> FrameLayer:
    """A layer of buildings; one that is geoseg's ``own`` comes styled, its columns described."""
    names = [str(name) for name in frame.columns if name != frame.active_geometry_name]
    return FrameLayer(
        LAYER, frame, building_styles(names, COLUMNS) if own else (),
        description=LAYER_DESCRIPTION if own else "", columns=columns_in(names) if own else (),
        run=run or None, heights=heights, extent=extent,
    )  # fmt: skip


def as_table(layer: FrameLayer, holds: Format) -> tuple[LayerInfo, pa.Table]:
    """The rows as a format holds them, heights dropped unless asked for, with what is known of them.

    Raises:
        UsageError: the format cannot hold a column or the CRS, or a row is no polygon.
        UnreadableVectorError: there is no CRS, or no geometry.
    """
    crs = crs_of_frame(layer.frame, "rows to write")
    if holds.degrees and Ground.under(crs) is None:
        raise UsageError(
            f"{holds.title} places outlines on the Earth, and the CRS {crs.name!r} is not tied to it; assign "
            "the true CRS first, or write .gpkg"
        )
    fields, arrays = attributes(layer.frame, holds)
    shapes = _polygons(layer.frame)
    has_z = layer.heights and holds.heights and _risen(shapes, layer.frame)
    flattened = not has_z and _has_heights(layer.frame)
    alike = not holds.mixed and _has_several(shapes)
    name = free_name(GEOMETRY, [field.name for field in fields])
    schema = pa.schema([*fields, pa.field(name, pa.binary())])
    info = LayerInfo(
        horizontal_crs(crs),
        layer.name,
        schema,
        ("MultiPolygon",) if alike else _types(shapes),
        int((shapely.is_missing(shapes) | shapely.is_empty(shapes)).sum()),
        layer.description,
        layer.columns,
        layer.styles,
        layer.run,
        layer.extent,
        layer.extent_description,
        has_z=has_z,
        notes=(HEIGHTS_DROPPED,) if flattened else (),
    )
    return info, pa.Table.from_arrays([*arrays, _as_wkb(shapes, alike=alike)], schema=schema)


def _polygons(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """(n,) polygons, multipolygons and None."""
    shapes = geometry_of(frame)
    wrong = ~(shapely.is_missing(shapes) | np.isin(shapely.get_type_id(shapes), list(AREAL)))
    shapes[wrong & shapely.is_empty(shapes)] = None
    wrong &= ~shapely.is_missing(shapes)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise UsageError(
            f"row {row} holds a {shapes[row].geom_type}; a layer of polygons is written, so remove "
            f"the {int(wrong.sum())} rows that are none"
        )
    return shapes


def _risen(shapes: NDArray[np.object_], frame: gpd.GeoDataFrame) -> bool:
    """Put back the heights that the frame has; False where it has none."""
    if not _has_heights(frame):
        return False
    given = gathered(np.asarray(frame.geometry.array, dtype=object))
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    shapes[there] = shapely.force_3d(_without_measures(given[there]))
    return True


def _has_heights(frame: gpd.GeoDataFrame) -> bool:
    return bool(shapely.has_z(np.asarray(frame.geometry.array, dtype=object)).any())


def _without_measures(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """The same without the M of each vertex, which no layer of ours has."""
    measured, both = shapely.has_m(shapes), shapely.has_m(shapes) & shapely.has_z(shapes)
    if not measured.any():
        return shapes
    plain = shapes.copy()
    plain[both] = shapely.from_wkb(shapely.to_wkb(shapes[both], output_dimension=3))
    plain[measured & ~both] = shapely.force_2d(shapes[measured & ~both])
    return plain


def _has_several(shapes: NDArray[np.object_]) -> bool:
    return bool((shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOLYGON).any())


def _as_wkb(shapes: NDArray[np.object_], *, alike: bool) -> pa.ChunkedArray:
    """Of (n,) shapes, all as multipolygons if they are to be alike; some at a time, for the memory's sake."""
    parts = (shapes[row : row + BATCH_ROWS] for row in range(0, len(shapes), BATCH_ROWS))
    ready = (as_multipolygons(part) if alike else part for part in parts)
    wkb = [pa.array(shapely.to_wkb(part, flavor="iso"), pa.binary()) for part in ready]
    return pa.chunked_array(wkb, pa.binary())


def _types(shapes: NDArray[np.object_]) -> tuple[str, ...]:
    found = np.unique(shapely.get_type_id(shapes))
    return tuple(name for number, name in AREAL.items() if number in found) or ("Polygon",)

"""A town as polygons in space, for tools that know no solids: one MultiPolygonZ per building."""

from __future__ import annotations

from itertools import groupby, pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.city.rings import Town
from geoseg.export.columns import attributes
from geoseg.export.formats import FORMATS
from geoseg.export.layer import LayerInfo
from geoseg.export.output import write_batches
from geoseg.export.schema import LAYER
from geoseg.export.styles.buildings import solid_style
from geoseg.files.target import extension_of
from geoseg.vectors.apart import GEOMETRY, free_name

Points = NDArray[np.float64]


def write_solids(town: Town, frame: gpd.GeoDataFrame, path: Path, crs: CRS) -> int:
    """Write the buildings that stand as a GeoPackage; returns how many.

    Raises:
        UsageError: the format cannot hold a column.
        OutputError: it cannot be written.
    """
    rows, shapes = _multipolygons(town)
    fields, arrays = attributes(frame.iloc[rows], FORMATS[extension_of(path)])
    name = free_name(GEOMETRY, [field.name for field in fields])
    schema = pa.schema([*fields, pa.field(name, pa.binary())])
    wkb = pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary())
    table = pa.Table.from_arrays([*arrays, wkb], schema=schema)
    info = LayerInfo(
        crs, LAYER, schema, ("MultiPolygon",), description="Buildings as blocks.",
        styles=(solid_style(schema.names[:-1]),), has_z=True,
    )  # fmt: skip
    return write_batches(path, table.to_batches(), info)


def _multipolygons(town: Town) -> tuple[list[int], NDArray[np.object_]]:
    """Rows that stand, and their faces: floors, roofs and walls seen from without."""
    scale, shift = np.array(town.lattice.scale), np.array(town.lattice.translate)
    part = town.point_part
    xy = town.xy * scale[:2] + shift[:2]
    low = np.column_stack([xy, town.low[part] * scale[2] + shift[2]])
    high = np.column_stack([xy, town.high[part] * scale[2] + shift[2]])
    rings, begins = town.rings_of(), town.ring_begin
    rows, shapes = [], []
    for row, group in groupby(enumerate(town.owner.tolist()), key=lambda pair: pair[1]):
        faces: list[shapely.Polygon] = []
        for number, _ in group:
            if town.high[number] > town.low[number]:
                spans = begins[rings[number] : rings[number + 1] + 1].tolist()
                faces += _faces(spans, low, high)
        if faces:
            rows.append(row)
            shapes.append(shapely.MultiPolygon(faces))
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return rows, out


def _faces(spans: list[int], low: Points, high: Points) -> list[shapely.Polygon]:
    pairs = list(pairwise(spans))
    floor = [low[first:last][::-1] for first, last in pairs]
    roof = [high[first:last] for first, last in pairs]
    faces = [shapely.Polygon(floor[0], floor[1:]), shapely.Polygon(roof[0], roof[1:])]
    for first, last in pairs:
        following = np.append(np.arange(first + 1, last), first)
        walls = np.stack(
            [low[first:last], low[following], high[following], high[first:last]], axis=1
        )
        faces += [shapely.Polygon(wall) for wall in walls]
    return faces

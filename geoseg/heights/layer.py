"""The layer of footprints with their heights: batches, and what a file says beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from geoseg.earth.reproject import areas_m2
from geoseg.export.frames import AREAL
from geoseg.export.layer import LAYER_DESCRIPTION, LayerInfo
from geoseg.export.schema import COLUMNS, LAYER
from geoseg.export.styles.buildings import building_styles
from geoseg.heights.columns import HEIGHT_COLUMNS, HEIGHT_FIELDS, HEIGHT_NAMES, height_arrays
from geoseg.heights.finding import Ground
from geoseg.heights.store import Footprints, polygons_of
from geoseg.vectors.polygons import sound

STYLED = ("area_m2", "at_edge")
"""Columns that the style of the buildings needs."""


def layer_of(
    footprints: Footprints,
    *,
    mixed: bool,
    record: Mapping[str, Any] | None,
    extent: Sequence[bytes] | None = None,
) -> tuple[LayerInfo, bool]:
    """What the file says, and whether all rows become multipolygons: not if types may be ``mixed``."""
    kept, geometry = _kept(footprints), footprints.schema.names[-1]
    schema = pa.schema([*(footprints.schema.field(name) for name in kept), *HEIGHT_FIELDS,
                        pa.field(geometry, pa.binary())])  # fmt: skip
    kinds, without_place = _kinds(footprints)
    multi = len(kinds) > 1 and not mixed
    told = {column.name: column for column in (*COLUMNS, *HEIGHT_COLUMNS)}
    ours = all(name in kept for name in STYLED)
    columns = tuple(told[name] for name in (*kept, *HEIGHT_NAMES) if name in told and ours)
    columns = columns or HEIGHT_COLUMNS
    info = LayerInfo(
        footprints.crs,
        LAYER,
        schema,
        ("MultiPolygon",) if multi else kinds,
        without_place,
        description=LAYER_DESCRIPTION if ours else "",
        columns=columns,
        styles=building_styles((*kept, *HEIGHT_NAMES), columns, solid=True),
        run_metadata=record,
        extent=extent,
    )
    return info, multi


def batches_of(
    footprints: Footprints,
    numbers: NDArray[np.float64],
    info: LayerInfo,
    *,
    multi: bool,
    has_ground: bool,
) -> Iterator[pa.RecordBatch]:
    """The rows with their heights, in the order of the footprints."""
    kept = _kept(footprints)
    for begin, batch in zip(footprints.begins, footprints, strict=False):
        mine = numbers[begin : begin + batch.num_rows]
        polygons = polygons_of(batch)
        told = height_arrays(
            mine, areas_m2(sound(polygons.copy()), footprints.crs), has_ground=has_ground
        )
        wkb = batch.column(batch.num_columns - 1)
        if multi:
            wkb = pa.array(shapely.to_wkb(_multi(polygons)), pa.binary())
        columns = [*(batch.column(name) for name in kept), *told, wkb]
        yield pa.RecordBatch.from_arrays(columns, schema=info.schema)


def _kept(footprints: Footprints) -> list[str]:
    """Columns of the footprints that stay; heights of an earlier surface go."""
    return [name for name in footprints.schema.names[:-1] if name.lower() not in HEIGHT_NAMES]


def _kinds(footprints: Footprints) -> tuple[tuple[str, ...], int]:
    found, without = set(), 0
    for batch in footprints:
        polygons = polygons_of(batch)
        found |= set(np.unique(shapely.get_type_id(polygons)).tolist())
        without += int((shapely.is_missing(polygons) | shapely.is_empty(polygons)).sum())
    return tuple(name for number, name in AREAL.items() if number in found) or ("Polygon",), without


def _multi(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    single = np.flatnonzero(shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON)
    for row in single:
        parts = [] if polygons[row].is_empty else [polygons[row]]
        polygons[row] = shapely.MultiPolygon(parts)
    return polygons


def described(ground: Ground) -> dict[str, Any]:
    """The rasters that heights came from, as JSON."""
    role = "ndsm" if ground.above_ground else "dsm"
    told: dict[str, Any] = {role: ground.surface.name}
    if ground.terrain is not None:
        told["dtm"] = ground.terrain.name
    stated = ground.surface.source.crs
    code = stated.to_epsg() if len(stated.axis_info) == 3 else None  # noqa: PLR2004
    if code is not None and not ground.above_ground:
        told["crs_3d"] = f"EPSG:{code}"
    return told

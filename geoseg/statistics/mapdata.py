"""Geometry and figures for the map's script, small enough for one page.

Coordinates become whole numbers of a *quantum*, from the upper left corner, y down. Polygons are
one stream of numbers: per feature the number of rings, per ring the number of points, then the
steps from point to point (the first one from the last point of the ring before). Numbers are
zigzag coded, seven bits a byte, lowest first, the high bit saying that more follows; the bytes are
base64.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.places import place_of_shapes
from geoseg.earth.reproject import metres_per_unit, reproject
from geoseg.earth.seam import Seam
from geoseg.earth.transforms import way
from geoseg.raster.photo import read_photo
from geoseg.vectors.polygons import sound

FINEST_M = 0.1
"""Quantum of small areas, metres."""
MOST_QUANTA = 2**21
"""Quanta along the longer side at most."""
BUILDING_TOLERANCE_M = 0.2
"""Outlines of buildings are simplified by this."""
ZONE_STEPS = 4000
"""Zones are simplified to this many steps along the longer side."""
DENSITY_CELLS = 160
"""Cells along the longer side where buildings are too many to draw."""

WIDE_DEG = 90.0
"""Places wider than this, degrees, are drawn as the whole world is."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure that zones can be shaded by."""

    column: str
    """Column of the table."""
    label: str
    """Its name in the map's menu."""
    decimals: int
    """Digits in the legend."""


@dataclass(frozen=True, slots=True)
class MapStyle:
    """What the map's legend offers."""

    metrics: tuple[Metric, ...]
    """Figures for the zones, the first one shown first."""
    classes: tuple[tuple[str, str], ...]
    """Label and colour of each class of buildings."""
    names: tuple[str, ...] = ()
    """Names of the zones, and of all of them; left out, those of the table."""


@dataclass(frozen=True, slots=True)
class MapBuildings:
    """Buildings to draw."""

    outlines: NDArray[np.object_] | None
    """(n,) polygons, or None where they are too many: then their density is drawn."""
    point: NDArray[np.float64]
    """(n, 2) a point within each."""
    area_m2: NDArray[np.float64]
    """(n,) areas."""
    classes: NDArray[np.intp]
    """(n,) index of their class in the style."""


@dataclass(frozen=True, slots=True)
class Frame:
    """From coordinates of a CRS to quanta."""

    left: float
    """x of the left side, CRS units."""
    top: float
    """y of the upper side, CRS units."""
    x_scale: float
    """Quanta per CRS unit along x."""
    y_scale: float
    """Quanta per CRS unit along y."""
    quantum_m: float
    """Ground size of a quantum, metres."""
    width: int
    """Quanta from left to right."""
    height: int
    """Quanta from top to bottom."""

    def to_quanta(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """(n, 2) coordinates to whole quanta, y down."""
        shifted = (xy - (self.left, self.top)) * (self.x_scale, -self.y_scale)
        quanta: NDArray[np.int64] = np.rint(shifted).astype(np.int64)
        return quanta


def map_data(
    table: gpd.GeoDataFrame,
    home: NDArray[np.object_],
    buildings: MapBuildings,
    style: MapStyle,
    images: Sequence[Path] = (),
) -> dict[str, Any]:
    """Everything that the map's script reads.

    Args:
        table: One row per zone, then the row ``total``.
        home: The observed parts of the zones: shaded, and what the map shows at first.
        buildings: What to draw on the zones.
        style: Shading and classes.
        images: Orthophotos to draw below, later ones on top.
    """
    zones = table.iloc[:-1]
    geometry = np.asarray(zones.geometry.array, dtype=object)
    crs = CRS.from_user_input(table.crs)
    flat = _plane(home, crs)
    if flat != crs:
        geometry, home = sound(reproject(geometry, crs, flat)), sound(reproject(home, crs, flat))
        buildings, crs = _moved(buildings, crs, flat), flat
    frame = fit(home, crs)
    return {
        "home": [0, 0, frame.width, frame.height],
        "photo": _photo(images, crs, home, frame) if images else None,
        "quantum": frame.quantum_m,
        "zones": {
            "names": [*style.names[: len(zones)]] or zones["zone"].tolist(),
            "shapes": encode(_simplified(geometry, frame), frame),
            "observed": encode(_simplified(home, frame), frame),
        },
        "metrics": [
            {"label": m.label, "decimals": m.decimals, "values": _rounded(zones[m.column])}
            for m in style.metrics
        ],
        "classes": [{"label": label, "colour": colour} for label, colour in style.classes],
        **(
            _density(buildings, frame)
            if buildings.outlines is None
            else _outlines(buildings, buildings.outlines, frame)
        ),
    }


def _plane(home: NDArray[np.object_], crs: CRS) -> CRS:
    """The CRS to draw in: that of the table, unless the place lies across the end of its world."""
    seam, bounds = Seam.of(crs), shapely.total_bounds(home)
    if seam is None or not bounds[2] - bounds[0] > seam.period / 2:
        return crs
    place = place_of_shapes(home, crs)
    return crs if place is None or place.width > WIDE_DEG else place.plane()


def _moved(buildings: MapBuildings, source: CRS, target: CRS) -> MapBuildings:
    """The same buildings in another CRS."""
    transformer = way(source.to_2d(), target)
    point = np.column_stack(transformer.transform(*buildings.point.T))
    shapes = buildings.outlines
    outlines = None if shapes is None else sound(reproject(shapes, source, target))
    return replace(buildings, outlines=outlines, point=point)


def fit(geometry: NDArray[np.object_], crs: CRS) -> Frame:
    """The frame around geometries."""
    left, bottom, right, top = shapely.total_bounds(geometry)
    unit_m = _ground_unit_m(crs, (bottom + top) / 2)
    shrink = math.cos(math.radians((bottom + top) / 2)) if crs.is_geographic else 1.0
    wide_m, high_m = (right - left) * unit_m * shrink, (top - bottom) * unit_m
    quantum_m = max(FINEST_M, max(wide_m, high_m) / MOST_QUANTA)
    return Frame(
        left, top, unit_m * shrink / quantum_m, unit_m / quantum_m, quantum_m,
        math.ceil(wide_m / quantum_m), math.ceil(high_m / quantum_m),
    )  # fmt: skip


def encode(geometry: NDArray[np.object_], frame: Frame) -> str:
    """Polygons as a base64 stream; see the module's text."""
    numbers: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    last = np.zeros((1, 2), np.int64)
    for shape in geometry:
        rings = [frame.to_quanta(shapely.get_coordinates(r)[:-1]) for r in _rings(shape)]
        numbers.append(np.array([len(rings)]))
        for ring in rings:
            numbers.append(np.array([len(ring)]))
            numbers.append(np.diff(np.vstack([last, ring]), axis=0).ravel())
            last = ring[-1:]
    return pack(np.concatenate(numbers))


def pack(numbers: NDArray[np.int64]) -> str:
    """Whole numbers as base64 of zigzag variable-length bytes."""
    folded = ((numbers << 1) ^ (numbers >> 63)).astype(np.uint64)
    sizes = np.ones(len(folded), np.int64)
    for bits in range(7, 63, 7):
        sizes += folded >= np.uint64(1 << bits)
    starts = np.cumsum(sizes) - sizes
    data = np.zeros(int(sizes.sum()), np.uint8)
    for index in range(int(sizes.max(initial=0))):
        has = sizes > index
        low = (folded[has] >> np.uint64(7 * index)) & np.uint64(127)
        more = (sizes[has] > index + 1).astype(np.uint64) << np.uint64(7)
        data[starts[has] + index] = (low | more).astype(np.uint8)
    return base64.b64encode(data.tobytes()).decode("ascii")


def _rings(shape: shapely.Geometry) -> NDArray[np.object_]:
    return shapely.get_rings(shapely.get_parts(shape))


def _ground_unit_m(crs: CRS, northing: float) -> float:
    """Metres on the ground of a CRS unit along y; Mercator stretches with the latitude."""
    unit_m = metres_per_unit(crs)
    operation = crs.coordinate_operation
    if operation is not None and "Mercator" in operation.method_name and crs.to_epsg() == 3857:  # noqa: PLR2004
        return unit_m / math.cosh(northing / 6_378_137.0)
    return unit_m


def _simplified(geometry: NDArray[np.object_], frame: Frame) -> NDArray[np.object_]:
    tolerance = max(frame.width / frame.x_scale, frame.height / frame.y_scale) / ZONE_STEPS
    simplified: NDArray[np.object_] = shapely.coverage_simplify(geometry, tolerance)
    gone = shapely.is_empty(simplified)
    return np.where(gone, geometry, simplified)


def _outlines(
    buildings: MapBuildings, outlines: NDArray[np.object_], frame: Frame
) -> dict[str, Any]:
    tolerance = BUILDING_TOLERANCE_M / frame.quantum_m / frame.y_scale
    simple = shapely.simplify(outlines, tolerance, preserve_topology=True)
    return {
        "buildings": {
            "shapes": encode(simple, frame),
            "areas": pack(np.rint(buildings.area_m2).astype(np.int64)),
            "classes": pack(buildings.classes.astype(np.int64)),
        }
    }


def _density(buildings: MapBuildings, frame: Frame) -> dict[str, Any]:
    """Cells with their number of buildings, in place of outlines."""
    cell = max(1, math.ceil(max(frame.width, frame.height) / DENSITY_CELLS))
    cells, counts = np.unique(frame.to_quanta(buildings.point) // cell, axis=0, return_counts=True)
    numbers = np.column_stack([cells, counts]).astype(np.int64).ravel()
    return {"density": {"cell": cell, "cells": pack(numbers)}}


def _photo(images: Sequence[Path], crs: CRS, home: NDArray[np.object_], frame: Frame) -> str:
    left, bottom, right, top = shapely.total_bounds(home).tolist()
    return read_photo(images, crs, (left, bottom, right, top), (frame.height, frame.width))


def _rounded(values: pd.Series[float]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]

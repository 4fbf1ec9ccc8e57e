"""True areas on a CRS's ellipsoid."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from geoseg.errors import UnreadableVectorError

LONG_EDGE_M = 5000.0
"""Longer edges of zones and extents get extra vertices, so that they stay straight in their CRS."""
DEGREE_M = 111_320.0
"""Metres per degree of latitude, about."""


def areas_m2(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.float64]:
    """(n,) geodesic areas of polygons in ``crs``, holes taken off; 0 for empty ones."""
    geod = ellipsoid(crs)
    degrees = shapely.transform(geometry, _to_degrees(crs))
    parts, owner = shapely.get_parts(degrees, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    ring_m2 = _ring_areas_m2(rings, geod)
    if len(rings):
        first = np.r_[True, part_of[1:] != part_of[:-1]]
        ring_m2[~first] *= -1
    return np.bincount(owner[part_of], weights=ring_m2, minlength=len(geometry)).astype(float)


def ellipsoid(crs: CRS) -> Geod:
    """The ellipsoid that areas are measured on.

    Raises:
        UnreadableVectorError: when the CRS is not tied to the earth.
    """
    geod = crs.get_geod()
    if geod is None or crs.geodetic_crs is None:
        raise UnreadableVectorError(
            f"the CRS {crs.name!r} is not tied to the earth, so areas cannot be measured; "
            "reproject the layer first"
        )
    return geod


def metres_per_unit(crs: CRS) -> float:
    """Nominal length of one unit of the CRS in metres; about right for degrees."""
    axis = crs.axis_info[0] if crs.axis_info else None
    factor = float(axis.unit_conversion_factor) if axis else 1.0
    return math.degrees(factor) * DEGREE_M if crs.is_geographic else factor


def densify(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    """Split edges longer than LONG_EDGE_M; shorter ones stay as they are."""
    longest = LONG_EDGE_M / metres_per_unit(crs)
    result: NDArray[np.object_] = shapely.segmentize(geometry, longest)
    return result


def reproject(geometry: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Geometries of ``source`` in ``target``, long edges densified on the way.

    Where ``target`` cannot express one, because it is half a world away, it becomes empty.
    """
    if source == target:
        return geometry
    transformer = Transformer.from_crs(source.to_2d(), target.to_2d(), always_xy=True)

    def convert(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    moved = shapely.transform(densify(geometry, source), convert)
    moved[~_finite(moved)] = shapely.MultiPolygon()
    return moved


def _finite(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """True where every coordinate is a number."""
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    bad = owner[~np.isfinite(xy).all(axis=1)]
    return ~np.isin(np.arange(len(geometry)), bad)


def _to_degrees(
    crs: CRS,
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    geodetic = crs.to_2d().geodetic_crs
    assert geodetic is not None  # noqa: S101  # ellipsoid() has looked
    transformer = Transformer.from_crs(crs.to_2d(), geodetic, always_xy=True)
    unit = geodetic.axis_info[0]
    scale = 1.0 if unit.unit_name == "degree" else math.degrees(unit.unit_conversion_factor)

    def convert(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])) * scale

    return convert


def _ring_areas_m2(rings: NDArray[np.object_], geod: Geod) -> NDArray[np.float64]:
    lonlat = shapely.get_coordinates(rings)
    ends = np.cumsum(shapely.get_num_coordinates(rings))
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    areas = np.empty(len(rings))
    start = 0
    for index, end in enumerate(ends):
        area, _ = geod.polygon_area_perimeter(lon[start:end], lat[start:end])
        areas[index] = abs(area)
        start = end
    return areas

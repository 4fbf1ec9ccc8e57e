"""True areas on a CRS's ellipsoid."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geoseg.earth.geodesy import Ground
from geoseg.errors import UnreadableVectorError

LONG_EDGE_M = 5000.0
"""Longer edges of zones and extents get extra vertices, so that they stay straight in their CRS."""
DEGREE_M = 111_320.0
"""Metres per degree of latitude, about."""


def areas_m2(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.float64]:
    """(n,) geodesic areas of polygons in ``crs``, holes taken off; 0 for empty ones."""
    area_m2, _ = ground_under(crs).area_and_perimeter(geometry)
    return area_m2


def ground_under(crs: CRS) -> Ground:
    """The ground that areas are measured on.

    Raises:
        UnreadableVectorError: when the CRS is not tied to the earth.
    """
    ground = Ground.under(crs)
    if ground is None:
        raise UnreadableVectorError(
            f"the CRS {crs.name!r} is not tied to the earth, so areas cannot be measured; "
            "reproject the layer first"
        )
    return ground


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

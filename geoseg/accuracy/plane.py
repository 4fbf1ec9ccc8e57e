"""A plane in metres for every place, and the way onto it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geoseg.accuracy.site import bounds_of
from geoseg.earth.reproject import reproject
from geoseg.vectors.polygons import polygonal

DEGREES = CRS.from_epsg(4326)
"""Longitude and latitude."""


def plane_around(box: shapely.Polygon) -> CRS:
    """Lambert's azimuthal equal-area projection around the middle of a box in degrees."""
    middle = shapely.centroid(box)
    return CRS.from_dict({
        "proj": "laea", "lat_0": middle.y, "lon_0": middle.x, "datum": "WGS84", "units": "m",
    })  # fmt: skip


def bring(shapes: NDArray[np.object_], source: CRS, plane: CRS) -> NDArray[np.object_]:
    """Valid shapes on the plane."""
    moved = reproject(shapes, source, plane)
    # An edge may fold over its neighbour when both are drawn in another CRS.
    folded = ~shapely.is_valid(moved)
    moved[folded] = polygonal(shapely.make_valid(moved[folded]))
    return moved


def region(shapes: NDArray[np.object_], source: CRS, plane: CRS) -> shapely.Geometry:
    """All shapes as one on the plane."""
    united = shapely.union_all(bring(shapes, source, plane))
    whole: shapely.Geometry = polygonal(np.array([united], dtype=object))[0]
    return whole


def box_in_degrees(shapes: NDArray[np.object_], crs: CRS) -> shapely.Polygon | None:
    """Longitudes and latitudes that hold all shapes; None where there is none."""
    bounds = bounds_of([shapes])
    if bounds is None:
        return None
    transformer = Transformer.from_crs(crs.to_2d(), DEGREES, always_xy=True)
    left, bottom, right, top = transformer.transform_bounds(*bounds)
    # Across the 180th meridian the right side comes out left of the left one.
    return shapely.box(left, bottom, right + 360 if right < left else right, top)


def apart(one: shapely.Polygon, other: shapely.Polygon) -> bool:
    """Whether two boxes in degrees have no place in common."""
    left, bottom, right, top = other.bounds
    return not any(
        shapely.intersects(one, shapely.box(left + turn, bottom, right + turn, top))
        for turn in (-360, 0, 360)
    )


def middle_of(box: shapely.Polygon) -> str:
    """The middle of a box in degrees, for a message."""
    middle = shapely.centroid(box)
    return f"longitude {middle.x:.3f}, latitude {middle.y:.3f}"

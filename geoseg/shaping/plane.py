"""From any CRS to pixels on a plane and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer

from geoseg.errors import UsageError
from geoseg.shaping.arrays import Floats, Polygons

WIDEST_DEGREES = 8.0
"""Layers in degrees that are wider or taller cannot be drawn on one plane."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane of square pixels that touches the layer in its middle."""

    forward: Callable[[Floats], Floats]
    """(n, 2) coordinates of the layer to pixels."""
    backward: Callable[[Floats], Floats]
    """(n, 2) pixels to coordinates of the layer."""

    def to_pixels(self, geometries: Polygons) -> Polygons:
        """Geometries in pixels, without heights."""
        return np.asarray(shapely.transform(geometries, self.forward))

    def from_pixels(self, geometries: Polygons) -> Polygons:
        """Geometries in the CRS of the layer."""
        return np.asarray(shapely.transform(geometries, self.backward))


def fit_plane(crs: CRS, bounds: Floats, gsd_m: float) -> Plane:
    """The plane for a layer with these bounds, at so many metres per pixel on the ground.

    Raises:
        UsageError: when a layer in degrees is too large for one plane.
    """
    middle = np.array([[bounds[0] + bounds[2], bounds[1] + bounds[3]]]) / 2
    if crs.is_geographic:
        if max(bounds[2] - bounds[0], bounds[3] - bounds[1]) > WIDEST_DEGREES:
            raise UsageError(
                f"the layer spans more than {WIDEST_DEGREES:g} degrees. Split it by region, or "
                "reproject it to a metric CRS."
            )
        local = CRS.from_dict(
            {"proj": "laea", "lon_0": middle[0, 0], "lat_0": middle[0, 1], "datum": "WGS84"}
        )
        return _scaled(local, crs, np.zeros(2), gsd_m)
    return _scaled(None, crs, np.floor(middle[0]), gsd_m / _metres_per_unit(crs, middle))


def _metres_per_unit(crs: CRS, middle: Floats) -> float:
    """True length of the CRS's unit on the ground at a place: Mercator stretches."""
    unit = crs.axis_info[0].unit_conversion_factor
    if not crs.is_projected:
        return unit
    step = 100.0 / unit
    to_degrees = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
    x, y = middle[0]
    lon, lat = to_degrees.transform([x, x + step, x], [y, y, y + step])
    geod = Geod(ellps="WGS84")
    _, _, east = geod.inv(lon[0], lat[0], lon[1], lat[1])
    _, _, north = geod.inv(lon[0], lat[0], lon[2], lat[2])
    return float(np.sqrt(east * north) / step)


def _scaled(local: CRS | None, crs: CRS, origin: Floats, pixel: float) -> Plane:
    if local is None:
        return Plane(lambda xy: (xy - origin) / pixel, lambda xy: xy * pixel + origin)
    there = Transformer.from_crs(crs, local, always_xy=True)
    back = Transformer.from_crs(local, crs, always_xy=True)
    return Plane(
        lambda xy: np.column_stack(there.transform(xy[:, 0], xy[:, 1])) / pixel,
        lambda xy: np.column_stack(back.transform(xy[:, 0] * pixel, xy[:, 1] * pixel)),
    )

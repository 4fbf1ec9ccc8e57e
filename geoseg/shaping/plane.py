"""From any CRS to pixels on a plane and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pyproj import CRS, Proj

from geoseg.earth.geodesy import Ground
from geoseg.earth.seam import near_turn
from geoseg.errors import UsageError
from geoseg.shaping.arrays import Floats

WIDEST_DEGREES = 8.0
"""Layers in degrees that are wider or taller cannot be drawn on one plane."""
POLE = 90.0
"""Degrees of latitude, beyond which there is no Earth."""
SKEW = 0.003
"""How much shorter or longer, as a share, a degree of longitude may be at the ends of a layer that is
drawn on a plane on which straight lines of the CRS stay straight: right angles err by .1 degrees."""
STEP_M = 100.0
"""Over which the length of a unit is measured, about."""
RADIUS_M = 6.4e6
"""Of the Earth, about."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane of square pixels that touches the layer in its middle."""

    forward: Callable[[Floats], Floats]
    """(n, 2) coordinates of the layer to pixels."""
    backward: Callable[[Floats], Floats]
    """(n, 2) pixels to coordinates of the layer; longitudes lie within half a turn of its middle."""
    middle: Floats
    """(2,) where it touches the layer, in the CRS."""
    turn: float
    """Units of a whole turn, where x is a longitude, else 0: coordinates that differ by it are one."""
    pixel: float
    """Length of a pixel in units of the CRS, about."""

    def unwrapped(self, xy: Floats) -> Floats:
        """(n, 2) coordinates with longitudes within half a turn of the middle."""
        return near_turn(xy, float(self.middle[0]), self.turn)


def fit_plane(crs: CRS, xy: Floats, gsd_m: float) -> Plane:
    """The plane for a layer with these vertices (n, 2), at so many metres per pixel on the ground.

    Raises:
        UsageError: when a layer in degrees is too large for one plane, or lies where its CRS has no
            place for it.
    """
    turn = 0.0
    if crs.is_geographic:
        unit = math.degrees(crs.axis_info[0].unit_conversion_factor)
        turn = 360.0 / unit
    low, high = _shortest_span(xy, turn)
    middle = (low + high) / 2
    if not turn:
        east, north = _metres_per_unit(crs, np.floor(middle))
        return _linear(crs, np.floor(middle), gsd_m / np.full(2, math.sqrt(east * north)), 0.0)
    if max(-low[1], high[1]) * unit > POLE:
        raise UsageError(_outside(crs, middle))
    if max(high - low) * unit > WIDEST_DEGREES:
        raise UsageError(
            f"the layer spans more than {WIDEST_DEGREES:g} degrees. Split it by region, or "
            "reproject it to a metric CRS."
        )
    across = np.cos(np.radians(unit * np.array([low[1], middle[1], high[1]])))
    if max(abs(across - across[1])) <= SKEW * across[1]:
        return _linear(crs, middle, gsd_m / _metres_per_unit(crs, middle), turn)
    return _equal_area(crs, middle * unit, gsd_m, unit)


def _outside(crs: CRS, middle: Floats) -> str:
    return (
        f"the footprints lie outside the area of their CRS {crs.name!r}, about "
        f"({middle[0]:g}, {middle[1]:g}); assign the CRS that they were drawn in"
    )


def _linear(crs: CRS, middle: Floats, pixel: Floats, turn: float) -> Plane:
    """A plane on which straight lines of the CRS are straight, with pixels of such sides, units."""
    if not (np.isfinite(pixel) & (pixel > 0)).all():
        raise UsageError(_outside(crs, middle))
    return Plane(
        lambda given: (near_turn(given, middle[0], turn) - middle) / pixel,
        lambda drawn: drawn * pixel + middle,
        middle,
        turn,
        float(pixel.min()),
    )


def _equal_area(crs: CRS, middle: Floats, gsd_m: float, unit: float) -> Plane:
    """A plane that touches the layer's own ellipsoid: no datum is ever shifted.

    ``middle`` is given in degrees, ``unit`` that of the CRS.
    """
    lon, lat = middle
    ellipsoid, turn = crs.to_2d().ellipsoid, 360.0 / unit
    axes = (6378137.0, 6378137.0)
    if ellipsoid is not None:
        axes = (ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre)
    local = Proj(proj="laea", lon_0=lon, lat_0=lat, a=axes[0], b=axes[1])

    def forward(given: Floats) -> Floats:
        lon_lat = near_turn(given, lon / unit, turn) * unit
        return np.column_stack(local(lon_lat[:, 0], lon_lat[:, 1])) / gsd_m

    def backward(drawn: Floats) -> Floats:
        metres = drawn * gsd_m
        lon_lat = np.column_stack(local(metres[:, 0], metres[:, 1], inverse=True)) / unit
        return near_turn(lon_lat, lon / unit, turn)

    return Plane(forward, backward, middle / unit, turn, gsd_m / (math.radians(unit) * axes[0]))


def _shortest_span(xy: Floats, turn: float) -> tuple[Floats, Floats]:
    """Lower and upper corner of all vertices, x counted on from 0 where that spans less."""
    columns = np.ascontiguousarray(xy.T)  # along rows, numpy is ten times as slow
    low, high = columns.min(axis=1), columns.max(axis=1)
    if turn and high[0] - low[0] > turn / 2:
        x = xy[:, 0] % turn
        if np.ptp(x) < high[0] - low[0]:
            low[0], high[0] = x.min(), x.max()
    return low, high


def _metres_per_unit(crs: CRS, middle: Floats) -> Floats:
    """(2,) true lengths of the CRS's unit on the ground at a place, along x and y.

    Mercator stretches, and degrees of longitude grow shorter towards the poles.
    """
    unit = crs.axis_info[0].unit_conversion_factor
    ground = Ground.under(crs)
    if ground is None:
        return np.full(2, unit)
    step = STEP_M / (unit * RADIUS_M if crs.is_geographic else unit)
    ends = middle + np.array([[0.0, 0.0], [step, 0.0], [0.0, 0.0], [0.0, step]])
    return ground.distances(ends) / step

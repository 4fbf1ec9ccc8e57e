"""Bringing polygons of the whole world into a CRS that is made for one part of it.

A projection such as UTM sends what lies half a world away anywhere, even on top of the place it is
made for. So polygons far from the buildings become empty before they are projected, and what
reaches far is cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geoseg.earth.reproject import reproject

PADDING_DEG = 10.0
"""How far around the buildings polygons are kept, degrees."""
WORLD = (-180.0, -90.0, 180.0, 90.0)
"""Left, bottom, right, top of everything, degrees."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A CRS and the part of the world where it is used."""

    crs: CRS
    """The CRS of the buildings."""
    bounds_deg: tuple[float, float, float, float] = WORLD
    """Left, bottom, right, top, longitude and latitude on WGS 84."""

    def bring(self, geometry: NDArray[np.object_], source: CRS) -> NDArray[np.object_]:
        """Polygons of ``source`` in ``crs``: those far away empty, those that reach far cut."""
        if source == self.crs:
            return geometry
        degrees = CRS.from_epsg(4326)
        lonlat = reproject(geometry, source, degrees)
        room = shapely.box(*self.bounds_deg)
        near, inside = shapely.intersects(room, lonlat), shapely.covers(room, lonlat)
        across = near & ~inside
        moved = np.full(len(geometry), shapely.MultiPolygon(), dtype=object)
        moved[inside] = reproject(geometry[inside], source, self.crs)
        cut = shapely.clip_by_rect(lonlat[across], *self.bounds_deg)
        moved[across] = reproject(cut, degrees, self.crs)
        return moved


def around(areas: list[shapely.Geometry], crs: CRS) -> Neighbourhood:
    """The neighbourhood of some areas in ``crs``; the world where there is none."""
    if not areas:
        return Neighbourhood(crs)
    transformer = Transformer.from_crs(crs.to_2d(), CRS.from_epsg(4326), always_xy=True)
    left, bottom, right, top = transformer.transform_bounds(*shapely.total_bounds(areas))
    bounds = (
        max(left - PADDING_DEG, WORLD[0]), max(bottom - PADDING_DEG, WORLD[1]),
        min(right + PADDING_DEG, WORLD[2]), min(top + PADDING_DEG, WORLD[3]),
    )  # fmt: skip
    known = np.isfinite(bounds).all() and left <= right
    return Neighbourhood(crs, bounds) if known else Neighbourhood(crs)

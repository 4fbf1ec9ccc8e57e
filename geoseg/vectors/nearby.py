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
from pyproj import CRS

from geoseg.earth.places import DEGREES, Place, place_of_shapes
from geoseg.earth.reproject import reproject
from geoseg.vectors.rows import repaired

PADDING_DEG = 10.0
"""How far around the buildings polygons are kept, degrees."""


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A CRS and the part of the world where it is used."""

    crs: CRS
    """The CRS of the buildings."""
    place: Place | None = None
    """Where it is used; None: everywhere."""

    def bring(self, geometry: NDArray[np.object_], source: CRS) -> NDArray[np.object_]:
        """Polygons of ``source`` in ``crs``: those far away empty, those that reach far cut."""
        if source == self.crs:
            return geometry
        if self.place is None:
            return reproject(geometry, source, self.crs)
        lonlat = reproject(geometry, source, DEGREES)
        folded = ~shapely.is_valid(lonlat)
        lonlat[folded] = repaired(lonlat[folded])
        room = self.place.outline(DEGREES)
        shapely.prepare(room)
        near, inside = shapely.intersects(room, lonlat), shapely.covers(room, lonlat)
        across = near & ~inside
        moved = np.full(len(geometry), shapely.MultiPolygon(), dtype=object)
        moved[inside] = reproject(geometry[inside], source, self.crs)
        moved[across] = reproject(shapely.intersection(lonlat[across], room), DEGREES, self.crs)
        return moved


def around(areas: list[shapely.Geometry], crs: CRS) -> Neighbourhood:
    """The neighbourhood of some areas in ``crs``; the world where there is none."""
    place = place_of_shapes(np.array(areas, dtype=object), crs) if areas else None
    return Neighbourhood(crs, None if place is None else place.wider(PADDING_DEG))

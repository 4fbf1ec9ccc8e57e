"""Areas and lengths on the ellipsoid under a CRS."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from geoseg.earth.crs import geographic_base
from geoseg.earth.transforms import way


@dataclass(frozen=True, slots=True)
class Ground:
    """Geodesics under a CRS."""

    geod: Geod
    """The ellipsoid."""
    to_geographic: Transformer
    """From the CRS to degrees from Greenwich on its own datum."""

    @classmethod
    def under(cls, crs: CRS) -> Ground | None:
        """None where the CRS is not tied to the Earth."""
        return _under(crs)

    def area_and_perimeter(
        self, polygons: NDArray[np.object_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of (n,) polygons of one or several parts: areas without holes, m2, and lengths, m.

        The length is that of all rings. Empty ones have neither.
        """
        parts, part_of = shapely.get_parts(polygons, return_index=True)
        rings, ring_of = shapely.get_rings(parts, return_index=True)
        area, length = self._rings(rings)
        is_shell = np.diff(ring_of, prepend=-1) > 0
        owner, count = part_of[ring_of], len(polygons)
        total = np.bincount(owner, weights=np.where(is_shell, area, -area), minlength=count)
        perimeter = np.bincount(owner, weights=length, minlength=count)
        # Of nothing, numpy counts whole numbers.
        return total.astype(np.float64), perimeter.astype(np.float64)

    def distances(self, ends: NDArray[np.float64]) -> NDArray[np.float64]:
        """Geodesic lengths, metres, of lines given by their end points, (2 n, 2)."""
        lon, lat = self._lonlat(ends)
        _, _, metres = self.geod.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])
        return np.asarray(metres, np.float64)

    def _rings(self, rings: NDArray[np.object_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Area and length of each, both positive."""
        xy, ring = shapely.get_coordinates(rings, return_index=True)
        lon, lat = self._lonlat(xy)
        bounds = np.searchsorted(ring, np.arange(len(rings) + 1))
        measured = np.array(
            [
                self.geod.polygon_area_perimeter(lon[first:last], lat[first:last])
                for first, last in pairwise(bounds)
            ]
        ).reshape(-1, 2)
        return np.abs(measured[:, 0]), measured[:, 1]

    def _lonlat(self, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lon, lat = self.to_geographic.transform(xy[:, 0], xy[:, 1])
        return np.asarray(lon), np.asarray(lat)


@lru_cache(maxsize=16)
def _under(crs: CRS) -> Ground | None:
    """Asked for every few hundred buildings."""
    geographic, geod = geographic_base(crs), crs.get_geod()
    if geographic is None or geod is None:
        return None
    return Ground(geod, way(crs.to_2d(), geographic))

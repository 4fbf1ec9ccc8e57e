"""Rasters in degrees that reach over 180 of them, as GDAL's warp wants them told.

A transformer gives longitudes from -180 to 180, so half of such a raster seems to lie at the other end
of the world, and a warp onto a grid that is given finds nothing there.
"""

from __future__ import annotations

import rasterio
from affine import Affine
from pyproj import CRS

from geoseg.earth.seam import Seam

FULL_CIRCLE = 360.0
"""Degrees."""


def crossed(crs: CRS, transform: Affine, *, width: int, height: int) -> Seam | None:
    """The end of the world that a raster in degrees reaches over; None for all others."""
    if not crs.is_geographic:
        return None
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    seam, x = Seam.of(crs), [(transform @ at)[0] for at in corners]
    return None if seam is None or (seam.left <= min(x) and max(x) <= seam.right) else seam


def as_gdal_wants_it(
    crs: CRS, transform: Affine, *, width: int, height: int
) -> tuple[rasterio.CRS, Affine]:
    """CRS and transform of a raster, for a warp.

    Where it reaches over the end of its world, longitudes that count around its middle (GDAL's
    ``CENTER_LONG``), from 0 to 360 degrees: below -180, GDAL finds nothing all the same.
    """
    seam = crossed(crs, transform, width=width, height=height)
    if seam is None:
        return rasterio.CRS.from_wkt(crs.to_wkt()), transform
    middle_x = (transform @ (width / 2, height / 2))[0]
    middle = middle_x % seam.period
    placed = Affine.translation(middle - middle_x, 0) @ transform
    named = crs.to_2d().to_wkt("WKT1_GDAL").removesuffix("]")
    degrees = middle * FULL_CIRCLE / seam.period
    return rasterio.CRS.from_wkt(f'{named},EXTENSION["CENTER_LONG","{degrees:.9f}"]]'), placed

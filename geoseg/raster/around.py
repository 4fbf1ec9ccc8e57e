"""Rasters that reach over 180 degrees: where GDAL, and transformers, are told that they lie.

A transformer gives longitudes from -180 to 180, so half of such a raster seems to lie at the other end
of the world, and a warp onto a grid that is given finds nothing there.
"""

from __future__ import annotations

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from geoseg.earth.seam import Seam, near_turn
from geoseg.raster.source import Source

FULL_CIRCLE = 360.0
"""Degrees."""


def as_gdal_wants_it(source: Source) -> tuple[rasterio.CRS, Affine]:
    """CRS and transform of a raster, for a warp.

    Where it reaches over the end of its world, longitudes that count around its middle (GDAL's
    ``CENTER_LONG``), from 0 to 360 degrees: below -180, GDAL finds nothing all the same.
    """
    seam = _crossed(source)
    if seam is None:
        return rasterio.CRS.from_wkt(source.crs.to_wkt()), source.transform
    middle = source.middle_x % seam.period
    placed = Affine.translation(middle - source.middle_x, 0) @ source.transform
    named = source.crs.to_2d().to_wkt("WKT1_GDAL").removesuffix("]")
    degrees = middle * FULL_CIRCLE / seam.period
    return rasterio.CRS.from_wkt(f'{named},EXTENSION["CENTER_LONG","{degrees:.9f}"]]'), placed


def beside(source: Source, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) x and y in the raster's CRS, on its side of 180 degrees."""
    seam = _crossed(source)
    return xy if seam is None else near_turn(xy, source.middle_x, seam.period)


def _crossed(source: Source) -> Seam | None:
    """The end of the world that a raster in degrees reaches over; None for all others."""
    if not source.crs.is_geographic or source.by_points:
        return None
    seam, x = Seam.of(source.crs), [corner[0] for corner in _corners(source)]
    return None if seam is None or (seam.left <= min(x) and max(x) <= seam.right) else seam


def _corners(source: Source) -> list[tuple[float, float]]:
    width, height = source.width, source.height
    return [source.transform @ at for at in ((0, 0), (width, 0), (width, height), (0, height))]

"""Rasters that reach over 180 degrees: where GDAL, and transformers, are told that they lie."""

from __future__ import annotations

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from geoseg.earth import warping
from geoseg.earth.seam import Seam, near_turn
from geoseg.raster.source import Source


def as_gdal_wants_it(source: Source) -> tuple[rasterio.CRS, Affine]:
    """CRS and transform of a raster, for a warp; see ``geoseg.earth.warping``."""
    if source.by_points:
        return rasterio.CRS.from_wkt(source.crs.to_wkt()), source.transform
    size = {"width": source.width, "height": source.height}
    return warping.as_gdal_wants_it(source.crs, source.transform, **size)


def beside(source: Source, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) x and y in the raster's CRS, on its side of 180 degrees."""
    seam = _crossed(source)
    return xy if seam is None else near_turn(xy, source.middle_x, seam.period)


def _crossed(source: Source) -> Seam | None:
    """The end of the world that a raster in degrees reaches over; None for all others."""
    if source.by_points:
        return None
    size = {"width": source.width, "height": source.height}
    return warping.crossed(source.crs, source.transform, **size)

"""Rasters in, blocks of RGB pixels with validity out, on one analysis grid."""

from geoseg.raster.mosaic import Mosaic
from geoseg.raster.source import Source

__all__ = ["Mosaic", "Source"]

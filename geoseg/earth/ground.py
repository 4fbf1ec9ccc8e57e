"""Where a raster lies on the ellipsoid: true pixel sizes, local projections, bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import UTMConversion
from pyproj.exceptions import ProjError

from geoseg.earth.crs import geographic_base, misplaced
from geoseg.earth.transforms import way
from geoseg.errors import UnsupportedRasterError

Points = NDArray[np.float64]
Mapping = Callable[[Points, Points], tuple[Points, Points]]
SPAN_PX = 16.0
"""Pixels over which a pixel's size is measured: long enough for the digits of a coordinate."""
LEAST_M = 1e-4
"""Pixels of no more than this, metres, are no picture of the ground but a mistake."""
QUARTER_DEG = 90.0
EDGE_POINTS = 33
"""Points per side when the outline of a raster is carried into another CRS."""


@dataclass(frozen=True, slots=True)
class PixelSize:
    """The true size of one pixel on the ellipsoid."""

    col_m: float
    """Length of a step to the next column, metres."""
    row_m: float
    """Length of a step to the next row, metres."""
    along_m2: float = 0.0
    """Scalar product of both steps, square metres; 0 where they are at right angles."""

    @property
    def gsd_m(self) -> float:
        """Side of the square of the same area, to first order."""
        return math.sqrt(self.col_m * self.row_m)

    @property
    def aspect(self) -> float:
        """Longest over shortest way across a circle of one pixel, at least 1: of long and of oblique pixels."""
        half = (self.col_m**2 + self.row_m**2) / 2
        reach = math.hypot((self.col_m**2 - self.row_m**2) / 2, self.along_m2)
        return math.sqrt((half + reach) / (half - reach)) if reach < half else math.inf


def to_lonlat(crs: CRS) -> Transformer:
    """From ``crs`` to degrees from Greenwich on its own datum, so without any datum shift."""
    base = geographic_base(crs)
    if base is None:
        raise UnsupportedRasterError(str(misplaced(crs)))
    return way(crs, base)


def pixel_size(crs: CRS, to_xy: Mapping, col: float, row: float) -> PixelSize:
    """The true size of the pixel at (col, row), measured geodesically.

    Args:
        crs: CRS of what ``to_xy`` returns.
        to_xy: Maps columns and rows to x and y.
        col: Column of the place, pixels.
        row: Row of the place, pixels.
    """
    half = SPAN_PX / 2
    cols = np.array(
        [col - half, col + half, col, col, col - half, col + half, col - half, col + half]
    )
    rows = np.array(
        [row, row, row - half, row + half, row - half, row + half, row + half, row - half]
    )
    lon, lat = to_lonlat(crs).transform(*to_xy(cols, rows))
    geod = crs.get_geod()
    if geod is None or not _on_earth(lon, lat):
        raise UnsupportedRasterError(
            f"the raster's centre lies outside the area of its CRS '{crs.name}'; "
            "check that the CRS is the right one"
        )
    _, _, lengths = geod.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])
    col_m, row_m, falling_m, rising_m = (float(length) / SPAN_PX for length in lengths)
    size = PixelSize(col_m, row_m, (falling_m**2 - rising_m**2) / 4)
    if not min(size.col_m, size.row_m) > LEAST_M:
        raise UnsupportedRasterError(
            f"the raster's pixels are {size.col_m:.3g} x {size.row_m:.3g} m large on the ground; check "
            "its geotransform and its CRS"
        )
    return size


def _on_earth(lon: Points, lat: Points) -> bool:
    """Whether all points are on the globe, at most once more around it."""
    return bool(
        np.all(np.isfinite([lon, lat]))
        and np.all(np.abs(lat) <= QUARTER_DEG)
        and np.all(np.abs(lon) <= 6 * QUARTER_DEG)
    )


def affine_mapping(transform: Affine) -> Mapping:
    """Columns and rows to x and y by an affine transform."""

    def to_xy(cols: Points, rows: Points) -> tuple[Points, Points]:
        x = transform.a * cols + transform.b * rows + transform.c
        return x, transform.d * cols + transform.e * rows + transform.f

    return to_xy


def local_utm(crs: CRS, x: float, y: float) -> CRS:
    """The UTM projection of the zone at (x, y), on the datum of ``crs``."""
    lon, lat = to_lonlat(crs).transform(x, y)
    zone = int((lon + 180) % 360 // 6) + 1
    base, half = geographic_base(crs), "N" if lat >= 0 else "S"
    utm = ProjectedCRS(
        name=f"{base.name if base else 'unknown'} / UTM zone {zone}{half}",
        conversion=UTMConversion(str(zone), half),
        geodetic_crs=base,
    )
    # A plain one, as all others: not every method of pyproj's subclass works.
    return CRS.from_wkt(utm.to_wkt())


def outline(height: int, width: int) -> tuple[Points, Points]:
    """Columns and rows of points along the four sides of a raster."""
    side = np.linspace(0.0, 1.0, EDGE_POINTS)
    low, high = np.zeros_like(side), np.ones_like(side)
    cols = np.concatenate([side, side, low, high]) * width
    rows = np.concatenate([low, high, side, side]) * height
    return cols, rows


def bounds_in(
    crs: CRS, to_xy: Mapping, shape: tuple[int, int], target: CRS
) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a raster of ``shape`` (height, width) in the CRS ``target``."""
    x, y = to_xy(*outline(*shape))
    if not same_crs(crs, target):
        try:
            x, y = way(crs, target).transform(x, y, errcheck=True)
        except ProjError as error:
            raise UnsupportedRasterError(
                f"a raster in '{crs.name}' cannot be carried into '{target.name}': {error}"
            ) from error
    return float(np.min(x)), float(np.min(y)), float(np.max(x)), float(np.max(y))


def same_crs(one: CRS, other: CRS) -> bool:
    """Whether two CRSs are the same but for the order of their axes."""
    return bool(one.equals(other, ignore_axis_order=True))

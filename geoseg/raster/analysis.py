"""The analysis grid of a mosaic, and how each raster comes onto it.

Native pixels are kept wherever that is possible: the raster lies north up, its CRS is projected and
keeps shapes, its true pixel size is one that the model knows. Otherwise the pixels are those of the
local UTM zone, counted from the zone's origin, so that the same ground has the same pixels in
whatever CRS, size and cut it comes.

Either way a grid begins at a multiple of ``ALIGN_PX``, counted from the origin of its CRS: a network
with strides answers differently off its lattice, and so meets a cut-out as it meets the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from pyproj import CRS

from geoseg.earth.ground import (
    affine_mapping,
    bounds_in,
    local_utm,
    pixel_size,
    same_crs,
    to_lonlat,
)
from geoseg.earth.gsd import SAME_GSD, is_enlarged, target_gsd_m
from geoseg.errors import UnsupportedRasterError
from geoseg.raster.source import Source
from geoseg.types import Grid, Window

SQUARE_ASPECT = 1.01
"""Pixels longer than this times their width are resampled to squares."""
FAITHFUL_ASPECT = 1.05
"""A projection that stretches the ground more than this is left for the local UTM zone."""
ALIGNED_PX = 0.01
"""Pixels of another raster lie on the grid's when they are off by less than this."""
SNAP_PX = 1e-3
"""Rounding noise in coordinates adds no row or column to the grid."""
ALIGN_PX = 32
"""Rows and columns of a grid begin at a multiple of this; of the networks' strides, so up to 32."""
GSD_DIGITS = 3
"""Significant digits of a native pixel size that pixels of a UTM zone take over."""
FARTHEST_DEG = 20.0
"""So far from the middle of a UTM zone pixels are 6 % smaller on the ground than they say."""
FAR_POINTS = 17
"""Points along a side at which that is looked at."""
MAX_SIDE_PX = 1 << 30
"""GDAL counts pixels in 32 bits."""


@dataclass(frozen=True, slots=True)
class Placement:
    """One raster on the analysis grid."""

    source: Source
    """The raster."""
    extent: Window
    """The pixels of the grid that it can fill."""
    native: bool
    """True: its pixels are the grid's, copied as they are; False: it is warped."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The grid and the rasters on it."""

    grid: Grid
    """Covers all rasters."""
    placements: tuple[Placement, ...]
    """In the order given: the first valid one wins."""
    enlarged: bool
    """True when the first raster's pixels are larger than those that it was to have."""

    def absolute(self) -> Analysis:
        """The same, for whoever works in another folder."""
        placements = [replace(each, source=each.source.absolute()) for each in self.placements]
        return replace(self, placements=tuple(placements))


@dataclass(frozen=True, slots=True)
class _EndlessGrid:
    """An endless grid."""

    crs: CRS
    transform: Affine
    own: bool
    """True when it is the first raster's own."""

    def align(self, row: int, col: int) -> tuple[int, int]:
        """The last row and column up to these that ``ALIGN_PX`` divides, from the CRS's origin on."""
        t = self.transform
        rows, cols = (row + round(t.f / t.e)) % ALIGN_PX, (col + round(t.c / t.a)) % ALIGN_PX
        return row - rows, col - cols


def lay_grid(
    sources: Sequence[Source], gsd_range_m: tuple[float, float] | None, gsd_m: float | None
) -> Analysis:
    """The grid that covers all sources, at a pixel size that suits the model.

    Args:
        sources: At least one; the first decides on CRS and pixels.
        gsd_range_m: The model's range; None: any.
        gsd_m: Pixel size asked for, metres on the ground; wins over the range.
    """
    first = sources[0]
    target_m = target_gsd_m(first.pixel.gsd_m, gsd_range_m, gsd_m)
    lattice = _lattice(first, target_m)
    natives = [_aligned(source, lattice) for source in sources]
    extents = [_extent(*pair, lattice) for pair in zip(sources, natives, strict=True)]
    row_off, col_off = lattice.align(
        min(e.row_off for e in extents), min(e.col_off for e in extents)
    )
    height = max(e.row_end for e in extents) - row_off
    width = max(e.col_end for e in extents) - col_off
    if max(height, width) > MAX_SIDE_PX:
        raise UnsupportedRasterError(
            f"the mosaic would be {width} x {height} pixels; "
            "are all rasters of one area, and is their CRS right?"
        )
    placements = (
        Placement(
            source, Window(e.row_off - row_off, e.col_off - col_off, e.height, e.width), native
        )
        for source, e, native in zip(sources, extents, natives, strict=True)
    )
    transform = _shifted(lattice.transform, col_off, row_off)
    gsd = pixel_size(lattice.crs, affine_mapping(transform), width / 2, height / 2).gsd_m
    grid = Grid(lattice.crs, transform, height, width, gsd)
    return Analysis(grid, tuple(placements), is_enlarged(first.pixel.gsd_m, target_m))


def _lattice(first: Source, target_m: float) -> _EndlessGrid:
    x, y = centre_xy(first)
    same_gsd = abs(target_m / first.pixel.gsd_m - 1) <= SAME_GSD
    if same_gsd and _plain(first) and _faithful(first.crs, x, y):
        return _EndlessGrid(first.crs, _north_up(first), own=True)
    _require_one_zone(first, x, y)
    side = float(f"{target_m:.{GSD_DIGITS}g}") if same_gsd else target_m
    return _EndlessGrid(local_utm(first.crs, x, y), Affine(side, 0, 0, 0, -side, 0), own=False)


def centre_xy(source: Source) -> tuple[float, float]:
    """The raster's centre in its own CRS."""
    x, y = source.to_xy(np.array([source.width / 2]), np.array([source.height / 2]))
    return float(x[0]), float(y[0])


def _require_one_zone(source: Source, x: float, y: float) -> None:
    """Refuse a raster that reaches too far from the middle of its UTM zone to be drawn in it."""
    cols, rows = np.meshgrid(*(np.linspace(0, side, FAR_POINTS) for side in source.shape[::-1]))
    lonlat = to_lonlat(source.crs)
    lon, lat = lonlat.transform(*source.to_xy(cols.ravel(), rows.ravel()))
    centre, _ = lonlat.transform(x, y)
    # The angle from the great circle that is the zone's middle meridian.
    sine = np.cos(np.radians(lat)) * np.sin(np.radians(lon - (centre // 6 * 6 + 3)))
    far = np.degrees(np.arcsin(np.abs(sine[np.isfinite(sine)]).max(initial=0)))
    if far > FARTHEST_DEG:
        raise UnsupportedRasterError(
            f"{source.path} reaches {far:.0f} degrees from the middle of its UTM zone, and no map is "
            f"true to scale over more than {FARTHEST_DEG:g}; cut it into regions, for example with "
            "gdal_translate -projwin"
        )


def _faithful(crs: CRS, x: float, y: float) -> bool:
    """Whether squares of ``crs`` at (x, y) are squares on the ground."""
    if not crs.is_projected:
        return False
    unit = affine_mapping(Affine(1, 0, x, 0, -1, y))
    return pixel_size(crs, unit, 0, 0).aspect <= FAITHFUL_ASPECT


def _plain(source: Source) -> bool:
    """Not rotated or sheared, columns to the east, square pixels."""
    t = source.transform
    if source.by_points or t.a <= 0:
        return False
    skew_px = abs(t.b / t.a) * source.height + abs(t.d / t.e) * source.width
    return skew_px < ALIGNED_PX and max(abs(t.a / t.e), abs(t.e / t.a)) <= SQUARE_ASPECT


def _north_up(source: Source) -> Affine:
    """The transform of a plain raster, turned where its first row is the southernmost."""
    t = source.transform
    return t if t.e < 0 else Affine(t.a, 0, t.c, 0, -t.e, t.f + t.e * source.height)


def _aligned(source: Source, lattice: _EndlessGrid) -> bool:
    """Whether ``source`` can be copied: its pixels are the lattice's, which is a raster's own."""
    upright = _plain(source) and source.transform.e < 0
    if not (lattice.own and upright and same_crs(source.crs, lattice.crs)):
        return False
    top, left, bottom, right = _sides(source, lattice)
    misfits = (
        top - round(top),
        left - round(left),
        bottom - top - source.height,
        right - left - source.width,
    )
    return max(map(abs, misfits)) < ALIGNED_PX


def _extent(source: Source, native: bool, lattice: _EndlessGrid) -> Window:
    """The lattice's pixels that ``source`` touches."""
    top, left, bottom, right = _sides(source, lattice)
    if native:
        return Window(round(top), round(left), source.height, source.width)
    row, col = math.floor(top + SNAP_PX), math.floor(left + SNAP_PX)
    height, width = math.ceil(bottom - SNAP_PX) - row, math.ceil(right - SNAP_PX) - col
    return Window(row, col, max(height, 1), max(width, 1))


def _sides(source: Source, lattice: _EndlessGrid) -> tuple[float, float, float, float]:
    """Top, left, bottom, right of ``source``, in rows and columns of the lattice."""
    left, bottom, right, top = bounds_in(source.crs, source.to_xy, source.shape, lattice.crs)
    t = lattice.transform
    return (top - t.f) / t.e, (left - t.c) / t.a, (bottom - t.f) / t.e, (right - t.c) / t.a


def _shifted(transform: Affine, col_off: int, row_off: int) -> Affine:
    """The transform of the window that begins at (row_off, col_off)."""
    t = transform
    return Affine(t.a, 0, t.c + col_off * t.a, 0, t.e, t.f + row_off * t.e)

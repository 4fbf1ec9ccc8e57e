"""How the pixels of one raster come onto the analysis grid.

Both readers give back eight-bit RGB and validity, and both give the very same pixels whichever
windows are asked for: the native one because it copies, the warped one because it computes fixed
blocks of the grid and cuts out of them. GDAL chooses kernel, source window and approximate
coordinates per call and promises no such thing; the blocks, the fixed kernel and the cache of
finished blocks make it so for any version.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from geoseg.raster.analysis import Placement
from geoseg.raster.around import as_gdal_wants_it
from geoseg.raster.blank import BlankPixels, Fill
from geoseg.raster.blank_warp import BlankOnGrid, Masked
from geoseg.raster.blocks import BlockCache, Pixels, split
from geoseg.raster.declared import DeclaredPixels, heeded_in_part
from geoseg.raster.pixels import finite, read_bands, read_native, to_rgb
from geoseg.raster.source import AVERAGE_FROM, WARP_TOLERANCE_PX, Source, open_dataset
from geoseg.raster.stretch import Stretch
from geoseg.types import Grid, Window

SLAB_ROWS = 256
"""Rows that are converted to eight bits at a time."""
WARP_BLOCK_PX = 512
"""Side of the warped blocks; smaller where the source's pixels are much finer."""
WARP_SOURCE_PX = 2048
"""Side of the piece of the source that one warped block may need."""


class Reader(Protocol):
    """Reads one raster in pixels of the grid."""

    placement: Placement

    def pieces(self, window: Window) -> Iterator[Window]:
        """Disjoint parts of ``window`` to read one by one; together they are its part in extent."""
        ...

    def read(self, piece: Window) -> Pixels:
        """The pixels of one piece."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class NativeReader:
    """Copies pixels."""

    def __init__(
        self, placement: Placement, stretch: Stretch | None, fills: Sequence[Fill] = ()
    ) -> None:
        self.placement = placement
        self._stretch = stretch
        self._dataset = open_dataset(placement.source.path)
        self._blank = _blank_pixels(self._dataset, placement.source, fills)

    def pieces(self, window: Window) -> Iterator[Window]:
        """Slabs of whole rows of the file's blocks, so that no block is decoded twice."""
        extent = self.placement.extent
        block = self.placement.source.block_height
        step = block * math.ceil(SLAB_ROWS / block)
        return split(window, extent, extent.row_off, extent.col_off, (step, extent.width))

    def read(self, piece: Window) -> Pixels:
        """The pixels of one piece."""
        extent = self.placement.extent
        rows, cols = piece.row_off - extent.row_off, piece.col_off - extent.col_off
        where = Window(rows, cols, piece.height, piece.width)
        pixels, valid = read_native(self._dataset, self.placement.source, where)
        if self._blank is not None:
            valid &= ~self._blank.mask(where, pixels)
        return to_rgb(pixels, self.placement.source, self._stretch), valid

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()


class WarpedReader:
    """Resamples pixels, in blocks whose place on the grid never changes."""

    def __init__(
        self,
        placement: Placement,
        grid: Grid,
        stretch: Stretch | None,
        cache: BlockCache,
        *,
        fills: Sequence[Fill] = (),
    ) -> None:
        self.placement = placement
        self._grid = grid
        self._stretch = stretch
        self._cache = cache
        self._dataset = open_dataset(placement.source.path)
        self._warped = _warp(self._dataset, placement.source, grid)
        self._left_out = [
            BlankOnGrid(pixels, placement.source, grid)
            for pixels in _pixels_left_out(self._dataset, placement.source, fills)
        ]
        self._block_px = block_px(grid.gsd_m / placement.source.pixel.gsd_m)

    def pieces(self, window: Window) -> Iterator[Window]:
        """The parts of ``window`` in each block."""
        side = self._block_px
        return split(window, self.placement.extent, 0, 0, (side, side))

    def read(self, piece: Window) -> Pixels:
        """The pixels of one piece, cut out of its block."""
        block = self._block_of(piece)
        key = (self.placement.source.path, block)
        pixels = self._cache.get(key)
        if pixels is None:
            pixels = self._read_block(block)
            self._cache.put(key, pixels)
        rows, cols = piece.slices_in(block)
        return pixels[0][:, rows, cols], pixels[1][rows, cols]

    def close(self) -> None:
        """Close the file."""
        self._warped.close()
        self._dataset.close()

    def _block_of(self, piece: Window) -> Window:
        """The whole block that holds ``piece``, cut at the grid's border only."""
        side = self._block_px
        row, col = piece.row_off // side * side, piece.col_off // side * side
        height, width = min(side, self._grid.height - row), min(side, self._grid.width - col)
        return Window(row, col, height, width)

    def _read_block(self, block: Window) -> Pixels:
        source = self.placement.source
        alpha = source.bands.alpha or self._warped.count
        raw = read_bands(self._warped, source, [*source.bands.distinct, alpha], block)
        pixels, valid = raw[:-1], (raw[-1] > 0) & finite(raw[:-1])
        for pixels_left_out in self._left_out:
            valid &= ~pixels_left_out.mask(block)
        return to_rgb(pixels, source, self._stretch), valid


def _blank_pixels(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    source: Source,
    fills: Sequence[Fill],
) -> BlankPixels | None:
    if not fills:
        return None
    return BlankPixels(source, fills, partial(read_native, dataset, source))


def _pixels_left_out(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    source: Source,
    fills: Sequence[Fill],
) -> Iterator[Masked]:
    """What a warp by GDAL takes for image."""
    blank = _blank_pixels(dataset, source, fills)
    if blank is not None:
        yield blank
    if heeded_in_part(source):
        yield DeclaredPixels(partial(read_native, dataset, source))


def _warp(dataset: Any, source: Source, grid: Grid) -> Any:  # noqa: ANN401 - rasterio is untyped
    """``dataset`` on the whole of ``grid``, its validity as alpha band."""
    averaged = source.averaged_at(grid.gsd_m)
    options: dict[str, Any] = {} if source.bands.alpha else {"add_alpha": True}
    if np.dtype(source.dtype).kind == "f" and None in source.nodata:
        options["src_nodata"] = math.nan
    src_crs, src_transform = as_gdal_wants_it(source)
    if src_transform != source.transform:
        options["src_transform"] = src_transform
    return WarpedVRT(
        dataset,
        src_crs=src_crs,
        crs=rasterio.CRS.from_wkt(grid.crs.to_wkt()),
        transform=grid.transform,
        height=grid.height,
        width=grid.width,
        resampling=Resampling.average if averaged else Resampling.cubic,
        tolerance=WARP_TOLERANCE_PX,
        # Else GDAL estimates the scale of its kernel anew in every block.
        XSCALE=kernel_scale(source.pixel.col_m / grid.gsd_m),
        YSCALE=kernel_scale(source.pixel.row_m / grid.gsd_m),
        **options,
    )


def kernel_scale(ratio: float) -> float:
    """GDAL's scale of the kernel for a source pixel ``ratio`` times as long as the grid's.

    Exactly 1 where that does no harm: GDAL is then twice as fast.
    """
    return 1.0 if ratio > 1 / AVERAGE_FROM else ratio


def block_px(shrink: float) -> int:
    """Side of the warped blocks when pixels become ``shrink`` times as long: a power of two."""
    side = WARP_BLOCK_PX
    while side > 1 and side * shrink > WARP_SOURCE_PX:
        side //= 2
    return side

"""One or more rasters, read as one image on one grid."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.addresses.secrets import without_secrets
from geoseg.errors import UnsupportedRasterError, UsageError
from geoseg.raster.analysis import Analysis, Placement, lay_grid
from geoseg.raster.blank import Fill
from geoseg.raster.blank_search import found_fills, given_fills, with_noise
from geoseg.raster.blocks import BlockCache
from geoseg.raster.dates import day_taken
from geoseg.raster.gdal import forget_what_was_read
from geoseg.raster.given import Nodata
from geoseg.raster.identity import MosaicIdentity, SourceIdentity
from geoseg.raster.memory import CacheLimit, warp_cache_bytes
from geoseg.raster.readers import NativeReader, Reader, WarpedReader
from geoseg.raster.sampling import (
    Glance,
    choose_stretch,
    draw_samples,
    require_valid_pixels,
)
from geoseg.raster.source import Source, inspect
from geoseg.raster.stretch import Stretch
from geoseg.types import FILL_GREY, Block, Grid, Window

MAX_OPEN = 64
"""Rasters held open at a time."""


class Mosaic:
    """One or more rasters, read as one image on one grid.

    Use it as a context manager. One thread reads at a time (any thread, but only one): GDAL's
    datasets are not safe to share; ``reopened`` serves a second thread. Reads are exact: a pixel is
    the same whichever window it is read in. Memory is bounded by the window asked for plus two
    caches (GDAL's, until it is closed, and that of warped blocks), whatever the size of the rasters.
    """

    def __init__(
        self,
        analysis: Analysis,
        stretch: Stretch | None,
        fill_rgb: tuple[int, int, int],
        *,
        fills: tuple[Fill, ...] = (),
        glances: tuple[Glance, ...] = (),
    ) -> None:
        self._analysis = analysis
        self._stretch = stretch
        self._fill_rgb = fill_rgb
        self._fills = fills
        self._glances = glances
        self._readers: OrderedDict[int, Reader] = OrderedDict()
        self._cache = BlockCache(warp_cache_bytes(analysis.grid))
        self._limit = CacheLimit(self.sources)

    @classmethod
    def open(
        cls,
        sources: Sequence[str | Path],
        *,
        gsd_range_m: tuple[float, float] | None,
        gsd_m: float | None = None,
        bands: Sequence[int] | None = None,
        stretch: tuple[float, float] | None = None,
        nodata: Sequence[Nodata] = (),
        keep_blank: bool = False,
        fill_rgb: tuple[int, int, int] = (FILL_GREY, FILL_GREY, FILL_GREY),
    ) -> Self:
        """Inspect the rasters, lay the grid, find what is blank, choose the stretch.

        Args:
            sources: Paths or URLs; where they overlap, the first that is valid wins.
            gsd_range_m: Pixel sizes that the model knows, metres on the ground; None: any.
            gsd_m: Pixel size of the grid, metres on the ground; None: the native one, held within
                the range.
            bands: Numbers of the red, green and blue band, or of one; None: by the raster's own
                colour interpretation.
            stretch: Numbers that become 0 and 255; None: eight bits as they are, else the 2nd and
                98th percentile.
            nodata: Numbers that are no image, besides what the files declare: of all bands, or one
                for each of red, green and blue.
            keep_blank: Take what is blank, and not declared so, as image.
            fill_rgb: Colour of invalid pixels.

        Raises:
            UnreadableRasterError: A raster is missing or damaged.
            UnsupportedRasterError: A raster that cannot be analysed.
            UsageError: An option that does not fit.
        """
        if not sources:
            raise UsageError("no raster was given; name at least one")
        forget_what_was_read()
        inspected = [inspect(str(path), bands, photo=True) for path in sources]
        _same_bands(inspected)
        analysis = lay_grid(inspected, gsd_range_m, gsd_m)
        with closing(CacheLimit(inspected)):
            samples = draw_samples(inspected)
            fills = _given_fills(inspected, nodata)
            if not keep_blank:
                fills += found_fills(inspected, samples, fills)
            fills = with_noise(fills, samples)
            if fills:
                samples = draw_samples(inspected, fills)
            require_valid_pixels(inspected, samples, fills)
            return cls(
                analysis,
                choose_stretch(inspected, samples, stretch),
                fill_rgb,
                fills=fills,
                glances=tuple(map(Glance.of, samples)),
            )

    def reopened(self) -> Self:
        """The same mosaic with files of its own, for another reading thread; costs nothing."""
        return type(self)(
            self._analysis,
            self._stretch,
            self._fill_rgb,
            fills=self._fills,
            glances=self._glances,
        )

    def __getstate__(self) -> dict[str, Any]:
        """What :meth:`reopened` takes over: open files and what was read of them stay here.

        Rasters of this machine get absolute paths, so that any other folder of work will do.
        """
        return {
            "analysis": self._analysis.absolute(),
            "stretch": self._stretch,
            "fill_rgb": self._fill_rgb,
            "fills": self._fills,
            "glances": self._glances,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over what another process knew of the rasters, and bound this one's caches."""
        self.__init__(**state)  # type: ignore[misc]  # as `reopened` does
        forget_what_was_read()

    @property
    def grid(self) -> Grid:
        """The analysis grid."""
        return self._analysis.grid

    @property
    def sources(self) -> tuple[Source, ...]:
        """The rasters, in the order given."""
        return tuple(placement.source for placement in self.placements)

    @property
    def placements(self) -> tuple[Placement, ...]:
        """The rasters on the grid, in the order given."""
        return self._analysis.placements

    @property
    def output_crs(self) -> CRS:
        """CRS of the first raster: results go back to it."""
        return self.sources[0].crs

    @property
    def output_x(self) -> float:
        """X of the first raster's middle, in its CRS: results lie on its side of 180 degrees."""
        return self.sources[0].middle_x

    @property
    def resampled(self) -> bool:
        """Whether the first raster's pixels are not the grid's."""
        return not self._analysis.placements[0].native

    @property
    def enlarged(self) -> bool:
        """Whether the first raster's pixels had to become smaller.

        The pixels of the grid do not tell: they are rounded, and the grid's middle may lie where its CRS
        shows the ground larger.
        """
        return self._analysis.enlarged

    @property
    def fill_rgb(self) -> tuple[int, int, int]:
        """Colour of invalid pixels."""
        return self._fill_rgb

    @property
    def stretch(self) -> tuple[float, float] | None:
        """The numbers that became 0 and 255; None where eight bits were taken as they are."""
        return None if self._stretch is None else (self._stretch.low, self._stretch.high)

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Numbers that are no image though the files do not say so: given, then found."""
        return self._fills

    @property
    def glances(self) -> tuple[Glance, ...]:
        """What a sample of each raster told, in the order given."""
        return self._glances

    def read(self, window: Window) -> Block:
        """The pixels of a window, which may reach beyond the grid.

        Raises:
            UnreadableRasterError: A block cannot be read; the message names file and window.
        """
        image = np.empty((3, window.height, window.width), dtype=np.uint8)
        image[:] = np.array(self._fill_rgb, dtype=np.uint8)[:, None, None]
        valid = np.zeros((window.height, window.width), dtype=np.bool_)
        for index, placement in enumerate(self._analysis.placements):
            if window.intersection(placement.extent) is not None:
                self._paste(self._reader(index), window, image, valid)
        return Block(window, image, valid)

    def _paste(
        self,
        reader: Reader,
        window: Window,
        image: NDArray[np.uint8],
        valid: NDArray[np.bool_],
    ) -> None:
        """Fill the pixels that no earlier raster filled."""
        for piece in reader.pieces(window):
            rows, cols = piece.slices_in(window)
            if valid[rows, cols].all():
                continue
            pixels, usable = reader.read(piece)
            usable = usable & ~valid[rows, cols]
            np.copyto(image[:, rows, cols], pixels, where=usable)
            valid[rows, cols] |= usable

    def _reader(self, index: int) -> Reader:
        if index not in self._readers:
            if len(self._readers) >= MAX_OPEN:
                self._readers.popitem(last=False)[1].close()
            self._readers[index] = self._open_reader(self._analysis.placements[index])
        self._readers.move_to_end(index)
        return self._readers[index]

    def _open_reader(self, placement: Placement) -> Reader:
        if placement.native:
            return NativeReader(placement, self._stretch, self._fills)
        return WarpedReader(placement, self.grid, self._stretch, self._cache, fills=self._fills)

    def indices_at(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> list[int]:
        """Which raster each pixel comes from, by its place among those given; 0 where none is valid."""
        extents = [placement.extent for placement in self._analysis.placements]
        hit = np.array(
            [
                (e.row_off <= rows) & (rows < e.row_end) & (e.col_off <= cols) & (cols < e.col_end)
                for e in extents
            ]
        )
        out: list[int] = hit.argmax(axis=0).tolist()
        # Reading decides only where rasters overlap.
        for i in np.flatnonzero(hit.sum(axis=0) > 1):
            out[i] = self._first_valid(np.flatnonzero(hit[:, i]), int(rows[i]), int(cols[i]))
        return out

    @property
    def names(self) -> list[str]:
        """Of the rasters: the file's, without its folder where that is unambiguous."""
        counts = Counter(source.name for source in self.sources)
        return [s.name if counts[s.name] == 1 else without_secrets(s.path) for s in self.sources]

    @property
    def image_dates(self) -> dict[str, str | None]:
        """Name to the day on which each raster says that it was taken."""
        days = (day_taken(source.dates) for source in self.sources)
        return dict(zip(self.names, days, strict=True))

    def _first_valid(self, hits: NDArray[np.int64], row: int, col: int) -> int:
        """The first of some rasters that shows a pixel, or the first of all."""
        pixel = Window(row, col, 1, 1)
        shown = (i for i in hits.tolist() if self._reader(i).read(pixel)[1].all())
        return next(shown, int(hits[0]))

    def identity(self) -> MosaicIdentity:
        """What the pixels depend on, as it is now."""
        grid = self.grid
        return MosaicIdentity(
            sources=tuple(SourceIdentity.of(source) for source in self.sources),
            crs=grid.crs.to_wkt(),
            transform=tuple(grid.transform)[:6],
            shape=(grid.height, grid.width),
            stretch=self.stretch,
            fill_rgb=self._fill_rgb,
            fills=tuple(fill.description for fill in self._fills),
        )

    def close(self) -> None:
        """Close all files."""
        while self._readers:
            self._readers.popitem()[1].close()
        self._limit.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _given_fills(sources: Sequence[Source], nodata: Sequence[Nodata]) -> tuple[Fill, ...]:
    """Those of the first raster, after a look at whether they fit all."""
    fills = [given_fills(s.name, s.dtype, len(s.bands.distinct), nodata) for s in sources]
    return fills[0]


def _same_bands(sources: Sequence[Source]) -> None:
    counts = {source.count: source.path for source in sources}
    if len(counts) > 1:
        listed = ", ".join(f"{path} has {count}" for count, path in sorted(counts.items()))
        raise UnsupportedRasterError(
            f"the rasters of one mosaic need the same number of bands, but {listed}; "
            "choose the bands of each with gdal_translate -b"
        )

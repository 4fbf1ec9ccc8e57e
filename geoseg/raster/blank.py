"""Which pixels of a raster are no image though nothing in the file says so.

Mosaics come with frames, gaps and collars of one constant colour, and without a nodata value. Their
numbers are decided once for the whole mosaic, from samples (``blank_search``) or by the user; whether
a pixel is blank then depends on a bounded neighbourhood in its own file alone, so that no cutting into
tiles, strips or areas of interest can show.

In large areas the rule is one of *cells* of 8 x 8 pixels, counted from the raster's first pixel. A cell
is full where all its pixels hold the numbers. It is blank where it lies in a square of ``side`` cells
that are full or lie beyond the image, and in a full row or column of that length; or where it hangs
together with such a cell within another ``side`` steps, though not along alleys. So a frame, a corner and a gap are blank, a
saturated roof is not. Around blank cells pixels that nearly hold the numbers are blank too: a lossy
compression smears them that far.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.raster.cells import (
    BROAD_CELLS,
    CELL_PX,
    FREE,
    FULL,
    OTHER,
    blank_cells,
    cells_of,
    every,
    grown,
    pixels_of,
)
from geoseg.types import Window

if TYPE_CHECKING:
    from geoseg.raster.source import Source

T = TypeVar("T", bound=np.generic)
Reading: TypeAlias = Callable[[Window], tuple[NDArray[Any], NDArray[np.bool_]]]
"""Numbers (bands, height, width) and declared validity (height, width) of a window of the raster."""

CHUNK_CELLS = 64
"""Side of the squares of cells that are read and remembered together."""
CHUNKS_KEPT = 4096
"""Squares that are remembered: 16 MB for each fill."""
ZONE_CELLS = 2
"""Cells around blank ones that compression reaches: JPEG codes colours in blocks of two."""
SIDE_M = 40.0
"""Squares of one number this large are blank where that number is a fill, metres; saturated roofs
without a brighter or darker spot are smaller."""
SIDE_PX = (64, 1024)
"""Bounds of the same in pixels."""
HUGE = 1e30
"""Numbers beyond it are compared roughly: -3.4e38 is written in many ways."""


@dataclass(frozen=True, slots=True)
class Fill:
    """Numbers of pixels that are no image."""

    values: tuple[float, ...]
    """One for each band of ``BandChoice.distinct``, in the raster's own numbers."""
    everywhere: bool = False
    """Every pixel of exactly these numbers is blank."""
    areas: bool = False
    """Large areas are, with what a lossy compression made of their borders."""
    given: bool = False
    """The user said so; else it was found in the raster."""
    slack: float = 0.0
    """Within areas pixels may differ by this much in each band."""
    edge_slack: float = 0.0
    """Around them by this much."""
    soft: float = 0.0
    """Pixels that differ by no more than this look like the fill."""

    def within(self, pixels: NDArray[Any], slack: float) -> NDArray[np.bool_]:
        """(height, width), True where (bands, height, width) differ by at most ``slack``."""
        close = (
            _close(band, value, slack) for band, value in zip(pixels, self.values, strict=True)
        )
        return np.asarray(np.logical_and.reduce(list(close)))

    @property
    def label(self) -> str:
        """Its numbers as text: a single one where all bands hold the same."""
        values = self.values if len(set(self.values)) > 1 else self.values[:1]
        return ",".join(f"{value:g}" for value in values)

    @property
    def description(self) -> str:
        """Its numbers and where they are blank, in all that bears on it."""
        places = ("everywhere" * self.everywhere, "in large areas" * self.areas)
        slack = f" (within {self.slack:g}, {self.edge_slack:g})" if self.slack else ""
        return f"{self.label} {' and '.join(filter(None, places))}{slack}"


def _close(band: NDArray[Any], value: float, slack: float) -> NDArray[np.bool_]:
    if band.dtype.kind == "f":
        slack = max(slack, abs(value) * (1e-2 if abs(value) > HUGE else 1e-6))
        return np.asarray(np.abs(band - value) <= slack) if slack else np.asarray(band == value)
    limits, low, high = np.iinfo(band.dtype), value - slack, value + slack
    if low > limits.max or high < limits.min:
        return np.zeros(band.shape, dtype=np.bool_)
    if low <= limits.min:
        return np.asarray(band <= band.dtype.type(high))
    if high >= limits.max:
        return np.asarray(band >= band.dtype.type(math.ceil(low)))
    return np.asarray((band >= low) & (band <= high))


def side_cells(source: Source, side_m: float = SIDE_M) -> int:
    """Side of the squares of ``side_m`` in cells, an odd number."""
    scale = side_m / SIDE_M
    bounds = [bound * scale for bound in SIDE_PX]
    side_px = min(max(side_m / source.pixel.gsd_m, bounds[0]), bounds[1])
    return int(side_px / CELL_PX) // 2 * 2 + 1


class BlankPixels:
    """The blank pixels of one raster; one thread at a time, as the dataset that it reads."""

    def __init__(self, source: Source, fills: Sequence[Fill], read: Reading) -> None:
        self._shape = source.shape
        self._everywhere = [fill for fill in fills if fill.everywhere]
        self.areas = [fill for fill in fills if fill.areas]
        """The fills of areas, in the order of all answers."""
        self.read = read
        """Numbers and declared validity of a window."""
        self._side = side_cells(source)
        self._cells = Window(0, 0, *(-(-size // CELL_PX) for size in source.shape))
        self._flags: OrderedDict[tuple[int, int], NDArray[np.uint8]] = OrderedDict()
        self._blank: OrderedDict[tuple[int, int], NDArray[np.bool_]] = OrderedDict()

    def mask(self, window: Window, pixels: NDArray[Any]) -> NDArray[np.bool_]:
        """(height, width), True where blank, of a window of the raster and its numbers."""
        blank = self.exact(pixels)
        near = [fill.within(pixels, fill.edge_slack) for fill in self.areas]
        if any(one.any() for one in near):
            zones = self._zones(window)
            for one, zone in zip(near, zones, strict=True):
                blank |= one & zone
        return blank

    def read_mask(self, window: Window) -> NDArray[np.bool_]:
        """The same for a window of which nothing was read yet; reads only what it must."""
        if not self._everywhere:
            near = self._cells_around(window)
            if not near.any():
                return np.zeros((window.height, window.width), np.bool_)
            if near[:, ZONE_CELLS:-ZONE_CELLS, ZONE_CELLS:-ZONE_CELLS].any(axis=0).all():
                return np.ones((window.height, window.width), np.bool_)
        return self.mask(window, self.read(window)[0])

    def exact(self, pixels: NDArray[Any]) -> NDArray[np.bool_]:
        """(height, width), True where a pixel is blank by its own numbers."""
        blank = np.zeros(pixels.shape[1:], dtype=np.bool_)
        for fill in self._everywhere:
            blank |= fill.within(pixels, 0.0)
        return blank

    def cells(self, window: Window) -> NDArray[np.bool_]:
        """(fills of areas, rows, columns) of a window of cells, True where blank."""
        found = np.zeros((len(self.areas), window.height, window.width), np.bool_)
        return _laid(found, window, self._cells, self._blank_chunk)

    def squares(self, window: Window, side: int, *, reach: int = 0) -> NDArray[np.bool_]:
        """The same for squares of another side, in cells; nothing of it is remembered."""
        here = window.intersection(self._cells)
        if here is None or not (self.flags(here) == FULL).any():
            return np.zeros((len(self.areas), window.height, window.width), np.bool_)
        margin = side + reach + BROAD_CELLS
        flags = self.flags(grown(window, margin))
        found = np.stack([blank_cells(one, side, self._cells, reach=reach) for one in flags])
        return found[:, margin:-margin, margin:-margin]

    def flags(self, window: Window) -> NDArray[np.uint8]:
        """(fills of areas, rows, columns) of a window of cells: OTHER, FREE or FULL."""
        found = np.full((len(self.areas), window.height, window.width), FREE, np.uint8)
        return _laid(found, window, self._cells, self._flags_chunk)

    def _zones(self, window: Window) -> NDArray[np.bool_]:
        """(fills of areas, height, width), True in and around blank cells."""
        from scipy import ndimage

        around = self._cells_around(window)
        size = (1, 2 * ZONE_CELLS + 1, 2 * ZONE_CELLS + 1)
        if around.any():
            around = ndimage.maximum_filter(around, size=size, mode="constant", cval=0)
        inner = around[:, ZONE_CELLS:-ZONE_CELLS, ZONE_CELLS:-ZONE_CELLS]
        wide = inner.repeat(CELL_PX, axis=1).repeat(CELL_PX, axis=2)
        rows, cols = window.row_off % CELL_PX, window.col_off % CELL_PX
        return np.asarray(wide[:, rows : rows + window.height, cols : cols + window.width])

    def _cells_around(self, window: Window) -> NDArray[np.bool_]:
        """The blank cells of a window of pixels, and ZONE_CELLS more to each side."""
        return self.cells(grown(cells_of(window), ZONE_CELLS))

    def _blank_chunk(self, row: int, col: int) -> NDArray[np.bool_]:
        side = self._side
        return _remembered(
            self._blank, (row, col), lambda: self.squares(_chunk(row, col), side, reach=side)
        )

    def _flags_chunk(self, row: int, col: int) -> NDArray[np.uint8]:
        return _remembered(self._flags, (row, col), lambda: self._look(_chunk(row, col)))

    def _look(self, chunk: Window) -> NDArray[np.uint8]:
        """What the cells of a square hold; unreadable ones are an image, as far as this goes."""
        flags = np.full((len(self.areas), chunk.height, chunk.width), FREE, np.uint8)
        cells = chunk.intersection(self._cells)
        if cells is None:
            return flags
        inside = (slice(None), *cells.slices_in(chunk))
        try:
            pixels, valid = self.read(pixels_of(cells, self._shape))
        except UnreachableRasterError:
            raise
        except UnreadableRasterError:
            flags[inside] = OTHER
            return flags
        held = [fill.within(pixels, fill.slack) & valid for fill in self.areas]
        free = every(np.logical_or.reduce([~valid | self.exact(pixels), *held]))
        for flag, one in zip(flags[inside], held, strict=True):
            flag[:] = np.select([every(one), free], [FULL, FREE], OTHER)
        return flags


def _laid(
    found: NDArray[T], window: Window, raster: Window, chunk_of: Callable[[int, int], NDArray[T]]
) -> NDArray[T]:
    """``found``, of a window of cells, with the raster's cells laid in from its chunks."""
    inner = window.intersection(raster)
    if inner is None:
        return found
    for chunk in _chunks(inner):
        part = chunk.intersection(inner)
        if part is None:
            continue
        row, col = chunk.row_off // CHUNK_CELLS, chunk.col_off // CHUNK_CELLS
        into, out_of = part.slices_in(window), part.slices_in(chunk)
        found[:, *into] = chunk_of(row, col)[:, *out_of]
    return found


def _chunks(window: Window) -> Iterator[Window]:
    """The chunks that a window of cells touches."""
    for row in range(window.row_off // CHUNK_CELLS, -(-window.row_end // CHUNK_CELLS)):
        for col in range(window.col_off // CHUNK_CELLS, -(-window.col_end // CHUNK_CELLS)):
            yield _chunk(row, col)


def _chunk(row: int, col: int) -> Window:
    return Window(row * CHUNK_CELLS, col * CHUNK_CELLS, CHUNK_CELLS, CHUNK_CELLS)


def _remembered(
    kept: OrderedDict[tuple[int, int], NDArray[T]],
    key: tuple[int, int],
    make: Callable[[], NDArray[T]],
) -> NDArray[T]:
    if key not in kept:
        if len(kept) >= CHUNKS_KEPT:
            kept.popitem(last=False)
        kept[key] = make()
    kept.move_to_end(key)
    return kept[key]

"""The lattice of tiles over the analysis grid.

Cores tessellate the grid. A tile's window is its core plus the halo on every side, cut off at the
border of the grid (rounded up to whole strides) just as one pass over the whole raster would be.
Every window starts at a multiple of the network's stride and is whole strides long: off that
lattice the same network gives other answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from geoseg.errors import UsageError
from geoseg.models.strides import round_down, round_up
from geoseg.types import Grid, Window


@dataclass(frozen=True, slots=True)
class Tile:
    """What the network sees at a time."""

    core: Window
    """The pixels that this tile answers for, within the grid."""
    window: Window
    """The pixels that it sees; ends at most one stride less a pixel beyond the grid."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of tiles."""

    row_off: int
    """First row of its cores, on the grid."""
    height: int
    """Rows of its cores, pixels."""
    tiles: tuple[Tile, ...]
    """From left to right; their cores cover the rows from side to side."""

    @property
    def row_end(self) -> int:
        """One past the last row of its cores."""
        return self.row_off + self.height

    @property
    def window(self) -> Window:
        """The rows and columns that its tiles see together."""
        first, last = self.tiles[0].window, self.tiles[-1].window
        width = last.col_end - first.col_off
        return Window(first.row_off, first.col_off, first.height, width)


@dataclass(frozen=True, slots=True)
class Lattice:
    """Where the tiles lie; a function of its fields and nothing else."""

    grid: Grid
    """The analysis grid."""
    tile_px: int
    """Largest side of the network's input, pixels; rounded down to whole strides."""
    halo_px: int
    """Context to one side, pixels; rounded up to whole strides."""
    stride_px: int
    """Windows start at multiples of it."""
    alike: bool = False
    """Whether windows that end with the grid begin so early that they are as long as those that begin with it."""

    def __post_init__(self) -> None:
        if self.stride_px < 1 or self.halo_px < 0:
            raise UsageError(
                f"stride {self.stride_px} px, overlap {self.halo_px} px: the stride must be at "
                "least 1 and the overlap at least 0"
            )
        if self.core_px < self.stride_px:
            raise UsageError(
                f"a tile of {self.tile_px} px leaves nothing between an overlap of {self.halo_px} "
                f"px on each side; give --tile {self.sensible_px} or more ({2 * self.context_px + self.stride_px} is the "
                "very least)"
            )

    @property
    def context_px(self) -> int:
        """The halo in whole strides: ``context_px >= halo_px``."""
        return round_up(self.halo_px, self.stride_px)

    @property
    def core_px(self) -> int:
        """Side of a core: ``core_px % stride_px == 0`` and ``core_px + 2 * context_px <= tile_px``."""
        return round_down(self.tile_px - 2 * self.context_px, self.stride_px)

    @property
    def sensible_px(self) -> int:
        """The least tile, a quarter of which is core; in smaller ones the network looks at context above all."""
        return 4 * self.context_px or self.stride_px

    @property
    def strip_count(self) -> int:
        """Rows of tiles."""
        return -(-self.grid.height // self.core_px)

    @property
    def tile_count(self) -> int:
        """Tiles altogether."""
        return self.strip_count * -(-self.grid.width // self.core_px)

    @property
    def seen_px(self) -> int:
        """Pixels of all windows together, context counted as often as it is seen."""
        return self._seen_along(self.grid.height) * self._seen_along(self.grid.width)

    def strips(self) -> Iterator[Strip]:
        """Rows of tiles from top to bottom; together their cores are the grid, without overlap."""
        columns = self._spans(self.grid.width)
        for row_core, row_window in self._spans(self.grid.height):
            tiles = tuple(
                Tile(_window(row_core, col_core), _window(row_window, col_window))
                for col_core, col_window in columns
            )
            yield Strip(row_core.start, len(row_core), tiles)

    def _seen_along(self, size: int) -> int:
        """Lengths of all windows along one axis: those between its ends are of one length."""
        core, context = self.core_px, self.context_px
        count = -(-size // core)
        first = min(-(-context // core), count)
        last = max(first, (size - context) // core)
        ends = [*range(first), *range(last, count)]
        windows = (self._span(index * core, size)[1] for index in ends)
        return sum(map(len, windows)) + (last - first) * (core + 2 * context)

    def _spans(self, size: int) -> list[tuple[range, range]]:
        """Core and window of every tile along one axis of ``size`` pixels."""
        return [self._span(start, size) for start in range(0, size, self.core_px)]

    def _span(self, start: int, size: int) -> tuple[range, range]:
        core, window = axis_span(start, self.core_px, self.context_px, size, self.stride_px)
        if not self.alike or window.stop < size:
            return core, window
        earlier = window.stop - self.core_px - self.context_px
        return core, range(max(0, min(window.start, earlier)), window.stop)


def axis_span(start: int, core: int, context: int, size: int, stride: int) -> tuple[range, range]:
    """Core and window of the tile that starts at ``start``, along an axis of ``size`` pixels.

    ``start``, ``core`` and ``context`` are whole strides. The core lies in ``range(size)``; the
    window starts at a multiple of the stride, is whole strides long, and holds every pixel of
    ``range(size)`` that is at most ``context`` away from the core.
    """
    end = min(start + core, size)
    window = range(max(start - context, 0), round_up(min(end + context, size), stride))
    return range(start, end), window


def _window(rows: range, cols: range) -> Window:
    return Window(rows.start, cols.start, len(rows), len(cols))

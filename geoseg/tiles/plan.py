"""How a mosaic will be worked through: tile lattice, part of the grid, batch, thresholds."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import InexactModelWarning, UnsupportedRasterError
from geoseg.models.averaged import views_of
from geoseg.models.strides import round_up
from geoseg.tiles.cores import CORE_PX, cheapest_core_px
from geoseg.tiles.lattice import Lattice, Strip
from geoseg.types import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.models.traits import Traits
    from geoseg.settings import PredictSettings
    from geoseg.tiles.lattice import Tile
    from geoseg.types import Grid

_log = logging.getLogger(__name__)

INSTANCE_CONTEXT_PX = 128
"""Context of a tile to each side for models that predict separate masks."""
INSTANCE_STRIDE_PX = 32
"""Their windows start at multiples of this, which suits the strides of all common networks."""
GPU_BATCH = 4
"""Tiles per call of the network on a GPU by default."""
MOST_TILES = 10_000_000
"""With cores of 768 px all of Germany in pixels of 0.25 m; a thousand days on eight cores."""
PANEL_PX = 2048
"""Columns of cores that are read at once; more would only take more memory."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Tiles side by side whose pixels are read at once."""

    tiles: tuple[Tile, ...]
    """From left to right, at least one."""
    window: Window
    """Pixels that hold all that they see."""


@dataclass(frozen=True)
class Plan:
    """The cutting of one run. Nothing in here changes the result of an exact model."""

    lattice: Lattice
    """Tiles on multiples of the network's stride."""
    batch: int
    """Tiles per call of the network."""
    chosen: NDArray[np.bool_]
    """(strips, tiles per strip) True where a tile is computed; all but for an area of interest."""
    whole_rows: bool
    """Read rows from side to side: right for rasters that lie on disk in rows."""

    @classmethod
    def of(
        cls,
        grid: Grid,
        traits: Traits,
        settings: PredictSettings,
        *,
        needed: Window | None = None,
        whole_rows: bool = False,
    ) -> Plan:
        """The plan for the whole grid; ``needed`` as for :func:`lay_lattice`, ``whole_rows`` as in the field.

        Raises:
            UsageError: when the tile leaves no core within its context.
            UnsupportedRasterError: when there are more tiles than any machine would finish.
        """
        lattice = lay_lattice(grid, traits, settings, needed)
        if lattice.tile_count > MOST_TILES:
            raise UnsupportedRasterError(
                f"the mosaic would be {grid.width:,} x {grid.height:,} pixels of {grid.gsd_m:.3g} m and "
                f"{lattice.tile_count:,} tiles, more than {MOST_TILES:,}; check its CRS and pixel size, "
                "cut it, or give coarser pixels with --gsd"
            )
        if lattice.tile_px < lattice.sensible_px and lattice.tile_count > 1:
            _log.warning(
                "a tile of %d px answers for %d x %d px and the rest is context, so that the network sees %d times the "
                "raster's pixels; give --tile %d or more",
                lattice.tile_px, lattice.core_px, lattice.core_px,
                round((lattice.tile_px / lattice.core_px) ** 2), lattice.sensible_px,
            )  # fmt: skip
        shape = (lattice.strip_count, lattice.tile_count // lattice.strip_count)
        batch = settings.batch or _usual_batch(traits)
        _log.info(
            "tiles: %d of %d px with a core of %d px and a context of %d px, %d per call",
            lattice.tile_count, lattice.core_px + 2 * lattice.context_px, lattice.core_px,
            lattice.context_px, batch,
        )  # fmt: skip
        return cls(lattice, batch, np.ones(shape, bool), whole_rows)

    @cached_property
    def region(self) -> Window:
        """The part of the grid to decode: the box around the cores of the chosen tiles."""
        core, grid = self.lattice.core_px, self.lattice.grid
        rows, cols = (np.flatnonzero(self.chosen.any(axis=axis)) * core for axis in (1, 0))
        return Window(
            int(rows[0]),
            int(cols[0]),
            min(int(rows[-1]) + core, grid.height) - int(rows[0]),
            min(int(cols[-1]) + core, grid.width) - int(cols[0]),
        )

    @cached_property
    def strips(self) -> list[Strip]:
        """The region's rows of tiles, from top to bottom, each with its chosen tiles alone."""
        first, last = np.flatnonzero(self.chosen.any(axis=1))[[0, -1]]
        strips = list(self.lattice.strips())[first : last + 1]
        return [
            replace(
                strip, tiles=tuple(tile for tile, on in zip(strip.tiles, row, strict=True) if on)
            )
            for strip, row in zip(strips, self.chosen[first:], strict=False)
        ]

    def panels(self, strip: Strip) -> list[Panel]:
        """The strip's tiles in the groups in which they are read, from left to right."""
        if not strip.tiles:
            return []
        if self.whole_rows:
            rows, columns = strip.tiles[0].window, self._columns_read
            whole = Window(rows.row_off, columns.start, rows.height, len(columns))
            return [Panel(strip.tiles, whole)]
        columns_px = max(1, PANEL_PX // self.lattice.core_px // self.batch) * self.batch
        columns_px *= self.lattice.core_px
        groups = groupby(strip.tiles, key=lambda tile: tile.core.col_off // columns_px)
        parts = [replace(strip, tiles=tuple(tiles)) for _, tiles in groups]
        return [Panel(part.tiles, part.window) for part in parts]

    @cached_property
    def _columns_read(self) -> range:
        """The columns that the chosen tiles see together."""
        windows = [tile.window for strip in self.strips for tile in strip.tiles]
        first = min(window.col_off for window in windows)
        return range(first, max(window.col_end for window in windows))


def lay_lattice(
    grid: Grid, traits: Traits, settings: PredictSettings, needed: Window | None = None
) -> Lattice:
    """The tiles over the whole grid.

    Args:
        grid: The analysis grid.
        traits: Of the model.
        settings: Of the run.
        needed: The part of the grid that tiles will be computed for; None: all of it.

    Raises:
        UsageError: when the tile leaves no core within its context.
    """
    needed_px, stride_px = context_and_stride_px(traits)
    halo_px = needed_px if settings.overlap_px is None else settings.overlap_px
    if traits.kind == "maps" and halo_px < needed_px:
        warnings.warn(
            f"an overlap of {halo_px} px is less than the model's receptive field of "
            f"{needed_px} px: maps will change a little near the tiles' borders",
            InexactModelWarning,
            stacklevel=3,
        )
    alike, core_px = traits.compiles_long, CORE_PX
    if alike and settings.tile_px is None and settings.overlap_px is None:
        context_px = round_up(halo_px, stride_px)
        core_px = cheapest_core_px(
            grid,
            needed or grid.window,
            views=views_of(averaged=traits.averaged),
            context_px=context_px,
            stride_px=stride_px,
        )
    tile_px = settings.tile_px or tile_around(core_px, halo_px, stride_px)
    return Lattice(grid, tile_px=tile_px, halo_px=halo_px, stride_px=stride_px, alike=alike)


def context_and_stride_px(traits: Traits) -> tuple[int, int]:
    """The context that a model needs to each side, and what its windows start at multiples of.

    An instance model states neither: the stitcher needs context, not exactness.
    """
    return (
        INSTANCE_CONTEXT_PX if traits.halo_px is None else traits.halo_px,
        INSTANCE_STRIDE_PX if traits.stride_px is None else traits.stride_px,
    )


def tile_around(core_px: int, halo_px: int, stride_px: int) -> int:
    """Side of the least tile whose core is at least as wide, pixels: whole strides, context on both sides."""
    return round_up(core_px, stride_px) + 2 * round_up(halo_px, stride_px)


def _usual_batch(traits: Traits) -> int:
    """Tiles per call of the network where nobody said: as many as it computes at a time."""
    return GPU_BATCH if traits.on_gpu else traits.at_once

"""What a model makes of tiles: pure, with nothing of a run's state, so that it can be done anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from geoseg.settings import STRIP_PX
from geoseg.tiles.looking import SeenTile, core_valid, tile_instances, tile_maps
from geoseg.tiles.packed import PackedRows
from geoseg.types import Window

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.stitch import TileInstances
    from geoseg.tiles.lattice import Tile
    from geoseg.tiles.swaths import Swath
    from geoseg.types import Block

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SeenPanel(Generic[Found]):
    """What a model made of tiles side by side."""

    tiles: list[SeenTile[Found]]
    """Tiles that the model saw, from left to right."""
    tiles_skipped: int
    """Tiles without a valid pixel in their core, and without one that could not be read."""
    failed: frozenset[Window]
    """Pieces of the rows of their cores that could not be read."""


class Looker(Protocol):
    """Asks a model and packs what it says."""

    def look(self, model: Any, tiles: Sequence[Tile], block: Block) -> list[SeenTile[Any]]:  # noqa: ANN401
        """What the model makes of those of the tiles that have a valid pixel."""
        ...


@dataclass(frozen=True, slots=True)
class DenseLooker:
    """Asks models that predict maps."""

    region: Window
    """The part of the grid that cores are counted from."""
    batch: int
    """Tiles per call of the model."""
    strip_px: int
    """Rows that are packed together."""
    body_threshold: int | None
    """Where body is below this level of 0..255, all maps become 0; None: nowhere."""

    def look(
        self, model: DenseModel, tiles: Sequence[Tile], block: Block
    ) -> list[SeenTile[PackedRows[np.uint8]]]:
        """The maps of the tiles' cores, packed."""
        body, seen = model.heads.index("body"), []
        for tile, maps in tile_maps(model, tiles, block, self.batch):
            needed = maps
            if self.body_threshold is not None:
                # The decoder looks at nothing else there, and zeros take no room.
                needed = maps * (maps[body] >= self.body_threshold)
            valid = PackedRows.of(core_valid(tile, block), self.strip_px)
            core = moved(tile.core, self.region)
            seen.append(SeenTile(core, valid, PackedRows.of(needed, self.strip_px)))
        return seen


@dataclass(frozen=True, slots=True)
class InstanceLooker:
    """Asks models that predict separate masks."""

    region: Window
    """The part of the grid that cores are counted from."""
    batch: int
    """Tiles per call of the model."""

    def look(
        self, model: InstanceModel, tiles: Sequence[Tile], block: Block
    ) -> list[SeenTile[TileInstances]]:
        """The instances of the tiles."""
        from geoseg.stitch import (
            TileInstances,  # stitching takes a while to load, and maps need none
        )

        seen = []
        for tile, instances in tile_instances(model, tiles, block, self.batch):
            core, window = moved(tile.core, self.region), moved(tile.window, self.region)
            context = block.valid[tile.window.slices_in(block.window)].copy()
            valid = PackedRows.of(core_valid(tile, block), STRIP_PX)
            seen.append(SeenTile(core, valid, TileInstances(window, core, instances, context)))
        return seen


def look_over(
    looker: Looker,
    model: DenseModel | InstanceModel,
    tiles: Sequence[Tile],
    swath: Swath,
) -> SeenPanel[Any]:
    """What a model makes of tiles of one row.

    What is told of failures does not depend on which tiles are looked at together.
    """
    seen = looker.look(model, tiles, swath.block)
    rows = tiles[0].core
    failed = (
        piece
        for piece in swath.failed
        if rows.row_off <= piece.row_off < rows.row_end
        and any(piece.intersection(tile.window) for tile in tiles)
    )
    return SeenPanel(seen, _without_data(tiles, swath), frozenset(failed))


def _without_data(tiles: Sequence[Tile], swath: Swath) -> int:
    """How many tiles have no valid pixel, and none that could not be read."""
    return sum(
        not core_valid(tile, swath.block).any()
        and not any(piece.intersection(tile.core) for piece in swath.failed)
        for tile in tiles
    )


def moved(window: Window, region: Window) -> Window:
    """The same window, counted from the region's first row and column."""
    row_off, col_off = window.row_off - region.row_off, window.col_off - region.col_off
    return Window(row_off, col_off, window.height, window.width)

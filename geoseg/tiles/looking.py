"""Running a model over tiles side by side.

Every tile is read with a context as wide as the network's receptive field, cut off at the grid's
border as one pass over the whole raster would be, and only its core is kept: a dense model's maps
have no tile borders. The instances of an instance model are united by the stitcher.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from geoseg.errors import ModelError
from geoseg.models.asking import core_maps, quantize
from geoseg.models.protocols import Instance
from geoseg.types import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.tiles.lattice import Tile
    from geoseg.tiles.packed import PackedRows
    from geoseg.types import Block

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SeenTile(Generic[Found]):
    """What a model made of one tile that holds a valid pixel."""

    core: Window
    """The pixels that the tile answers for, counted from the region's first row and column."""
    valid: PackedRows[np.bool_]
    """(core height, core width) True where valid."""
    found: Found
    """The maps of the core, or the instances of the tile."""


@dataclass(slots=True)
class SeenRow(Generic[Found]):
    """What a model made of one row of tiles."""

    height: int
    """Rows of the cores."""
    tiles: list[SeenTile[Found]]
    """Tiles that the model saw, from left to right."""
    tiles_skipped: int
    """Tiles without a valid pixel in their core, and without one that could not be read."""
    failed: set[Window]
    """Pieces of the rows that could not be read."""


def tile_maps(
    model: DenseModel, tiles: Sequence[Tile], block: Block, batch: int
) -> Iterator[tuple[Tile, NDArray[np.uint8]]]:
    """The quantised (heads, rows, columns) maps of every core that has a valid pixel.

    They are 0 where invalid.

    Args:
        model: Predicts maps.
        tiles: From left to right.
        block: The pixels that they see.
        batch: Tiles per call of the model.

    Raises:
        ModelError: when the model's answer has the wrong shape or range.
    """
    for group, images in _batches(tiles, block, batch):
        answer = core_maps(model, images, core_in_window(group[0]))
        for tile, probabilities in zip(group, answer, strict=True):
            yield tile, quantize(probabilities) * core_valid(tile, block)


def tile_instances(
    model: InstanceModel, tiles: Sequence[Tile], block: Block, batch: int
) -> Iterator[tuple[Tile, list[Instance]]]:
    """The instances of every tile with a valid pixel in its core; arguments as :func:`tile_maps`."""
    for group, images in _batches(tiles, block, batch):
        answer = model.predict_instances(images)
        yield from zip(group, _checked_lists(answer, len(group)), strict=True)


def _checked_lists(answer: object, images: int) -> list[list[Instance]]:
    """The answer of an instance model, which may be anybody's code."""
    if not isinstance(answer, list | tuple) or len(answer) != images:
        given = (
            f"{len(answer)} lists" if isinstance(answer, list | tuple) else type(answer).__name__
        )
        raise ModelError(
            f"predict_instances returned {given} for {images} images; "
            "it must return one list of instances per image"
        )
    lists = [list(one) if isinstance(one, Iterable) else [one] for one in answer]
    strange = [item for one in lists for item in one if not isinstance(item, Instance)]
    if strange:
        raise ModelError(
            f"predict_instances returned {type(strange[0]).__name__} among its instances; "
            "each must be a geoseg.Instance"
        )
    return lists


def core_valid(tile: Tile, block: Block) -> NDArray[np.bool_]:
    """Validity of a tile's core."""
    return block.valid[tile.core.slices_in(block.window)]


def _batches(
    tiles: Sequence[Tile], block: Block, batch: int
) -> Iterator[tuple[list[Tile], NDArray[np.uint8]]]:
    """At most ``batch`` neighbouring tiles of one size and core at a time, and their pixels.

    The pixels are (tiles, 3, height, width). Tiles without a valid pixel in their core are left out.
    """
    wanted = [tile for tile in tiles if core_valid(tile, block).any()]
    for _, alike in groupby(wanted, key=_shape):
        while group := list(islice(alike, batch)):
            places = (tile.window.slices_in(block.window) for tile in group)
            yield group, np.stack([block.image[:, *place] for place in places])


def _shape(tile: Tile) -> tuple[int, int, Window]:
    return tile.window.height, tile.window.width, core_in_window(tile)


def core_in_window(tile: Tile) -> Window:
    """The core, counted from the window's first row and column."""
    core, window = tile.core, tile.window
    row_off, col_off = core.row_off - window.row_off, core.col_off - window.col_off
    return Window(row_off, col_off, core.height, core.width)

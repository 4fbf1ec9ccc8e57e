"""From pixels to seam-free maps: run a dense model over one row of tiles.

Every tile is read with a context as wide as the network's receptive field, cut off at the grid's
border as one pass over the whole raster would be, and only its core is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import ModelError
from geoseg.types import MapStrip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geoseg.grid import Strip, Tile
    from geoseg.models.protocols import DenseModel
    from geoseg.types import Block, Window


@dataclass(frozen=True, slots=True)
class MappedStrip:
    """The maps of one row of tiles, and what became of the tiles."""

    strip: MapStrip
    """Quantised maps of its core rows."""
    tiles_done: int
    """Tiles that the model saw."""
    tiles_skipped: int
    """Tiles without a valid pixel in their core."""


def map_strip(
    model: DenseModel, strip: Strip, block: Block, region: Window, *, batch: int
) -> MappedStrip:
    """Run ``model`` over the tiles of ``strip``, whose pixels and context ``block`` holds.

    The maps are as wide as ``region`` and count their rows from its first; where the strip has no
    tile they are invalid.

    Raises:
        ModelError: when the model's answer has the wrong shape, type or range.
    """
    maps = np.zeros((len(model.heads), strip.height, region.width), np.uint8)
    valid = np.zeros(maps.shape[1:], np.bool_)
    for tile in strip.tiles:
        valid[:, _columns(tile, region)] = block.valid[tile.core.slices_in(block.window)]
    tiles = [tile for tile in strip.tiles if valid[:, _columns(tile, region)].any()]
    for group in _batches(tiles, batch):
        images = np.stack([block.image[:, *tile.window.slices_in(block.window)] for tile in group])
        answer = _checked(model.predict_maps(images), images, model)
        for tile, probabilities in zip(group, answer, strict=True):
            core = probabilities[:, *tile.core.slices_in(tile.window)]
            maps[:, :, _columns(tile, region)] = quantize(core)
    maps *= valid
    mapped = MapStrip(strip.row_off - region.row_off, maps, valid)
    return MappedStrip(mapped, len(tiles), len(strip.tiles) - len(tiles))


def unseen_strip(model: DenseModel, strip: Strip, region: Window) -> MappedStrip:
    """The maps of a strip without tiles: invalid all over."""
    maps = np.zeros((len(model.heads), strip.height, region.width), np.uint8)
    valid = np.zeros(maps.shape[1:], np.bool_)
    return MappedStrip(MapStrip(strip.row_off - region.row_off, maps, valid), 0, 0)


def quantize(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Probabilities 0..1 to 0..255, rounded half to even."""
    levels: NDArray[np.uint8] = np.rint(probabilities * np.float32(255)).astype(np.uint8)
    return levels


def _columns(tile: Tile, region: Window) -> slice:
    """The columns of a tile's core within maps of the region."""
    return slice(tile.core.col_off - region.col_off, tile.core.col_end - region.col_off)


def _batches(tiles: Sequence[Tile], batch: int) -> Iterator[list[Tile]]:
    """Runs of at most ``batch`` neighbouring tiles whose windows have the same size."""
    for _, same_size in groupby(tiles, key=lambda tile: (tile.window.height, tile.window.width)):
        while group := list(islice(same_size, batch)):
            yield group


def _checked(
    answer: NDArray[np.float32], images: NDArray[np.uint8], model: DenseModel
) -> NDArray[np.float32]:
    number, _, height, width = images.shape
    expected = (number, len(model.heads), height, width)
    if answer.shape != expected:
        raise ModelError(
            f"predict_maps returned an array of shape {answer.shape} for images of shape "
            f"{images.shape}; with heads {model.heads} it must be {expected}"
        )
    low, high = float(answer.min()), float(answer.max())
    if not (low >= 0 and high <= 1):
        raise ModelError(
            f"predict_maps returned values from {low} to {high}; probabilities lie within 0..1 "
            "(apply the sigmoid inside the model)"
        )
    return answer

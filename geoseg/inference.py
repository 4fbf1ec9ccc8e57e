"""Running a model over one row of tiles.

Every tile is read with a context as wide as the network's receptive field, cut off at the grid's
border as one pass over the whole raster would be, and only its core is kept: a dense model's maps
have no tile borders. The instances of an instance model are united by the stitcher.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from geoseg.errors import ModelError
from geoseg.stitch import TileInstances
from geoseg.types import MapStrip, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geoseg.grid import Strip, Tile
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.types import Block

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Seen(Generic[Found]):
    """What a model made of one row of tiles; rows and columns count from the region's first."""

    found: Found
    """Maps of the core rows, or the instances of every tile."""
    row_off: int
    """First core row."""
    valid: NDArray[np.bool_]
    """(core rows, region width) True where valid and within a tile."""
    tiles_done: int
    """Tiles that the model saw."""
    tiles_skipped: int
    """Tiles without a valid pixel in their core."""


def map_strip(
    model: DenseModel, strip: Strip, block: Block | None, region: Window, *, batch: int
) -> Seen[MapStrip]:
    """The maps of one row of tiles; where it has no tile they are invalid.

    Args:
        model: Predicts maps.
        strip: The row, with the tiles to compute.
        block: The pixels that its tiles see; None where it has no tile.
        region: Part of the grid that the maps are of.
        batch: Tiles per call of the model.

    Raises:
        ModelError: when the model's answer has the wrong shape or range.
    """
    valid, tiles = _valid_tiles(strip, block, region)
    maps = np.zeros((len(model.heads), *valid.shape), np.uint8)
    for group, images in _batches(tiles, block, batch):
        answer = _checked(model.predict_maps(images), images, model)
        for tile, probabilities in zip(group, answer, strict=True):
            core = probabilities[:, *tile.core.slices_in(tile.window)]
            maps[:, :, _columns(tile, region)] = quantize(core)
    maps *= valid
    row_off = strip.row_off - region.row_off
    skipped = len(strip.tiles) - len(tiles)
    return Seen(MapStrip(row_off, maps, valid), row_off, valid, len(tiles), skipped)


def find_instances(
    model: InstanceModel, strip: Strip, block: Block | None, region: Window, *, batch: int
) -> Seen[list[TileInstances]]:
    """The instances of every tile of one row; arguments as for :func:`map_strip`."""
    valid, tiles = _valid_tiles(strip, block, region)
    found = []
    for group, images in _batches(tiles, block, batch):
        answer = model.predict_instances(images)
        if len(answer) != len(group):
            raise ModelError(
                f"predict_instances returned {len(answer)} lists for {len(group)} images; "
                "it must return one list of instances per image"
            )
        for tile, instances in zip(group, answer, strict=True):
            seen = _valid_within(tile, block)
            window, core = (_moved(each, region) for each in (tile.window, tile.core))
            found.append(TileInstances(window, core, instances, seen))
    row_off = strip.row_off - region.row_off
    return Seen(found, row_off, valid, len(tiles), len(strip.tiles) - len(tiles))


def quantize(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Probabilities 0..1 to 0..255, rounded half to even."""
    levels: NDArray[np.uint8] = np.rint(probabilities * np.float32(255)).astype(np.uint8)
    return levels


def _valid_tiles(
    strip: Strip, block: Block | None, region: Window
) -> tuple[NDArray[np.bool_], list[Tile]]:
    """Validity of the strip's core rows, and the tiles that have a valid pixel in their core."""
    valid = np.zeros((strip.height, region.width), np.bool_)
    if block is not None:
        for tile in strip.tiles:
            valid[:, _columns(tile, region)] = block.valid[tile.core.slices_in(block.window)]
    return valid, [tile for tile in strip.tiles if valid[:, _columns(tile, region)].any()]


def _valid_within(tile: Tile, block: Block | None) -> NDArray[np.bool_] | None:
    return None if block is None else block.valid[tile.window.slices_in(block.window)]


def _columns(tile: Tile, region: Window) -> slice:
    """The columns of a tile's core within maps of the region."""
    return slice(tile.core.col_off - region.col_off, tile.core.col_end - region.col_off)


def _moved(window: Window, region: Window) -> Window:
    """The same window, counted from the region's first row and column."""
    row_off, col_off = window.row_off - region.row_off, window.col_off - region.col_off
    return Window(row_off, col_off, window.height, window.width)


def _batches(
    tiles: Sequence[Tile], block: Block | None, batch: int
) -> Iterator[tuple[list[Tile], NDArray[np.uint8]]]:
    """At most ``batch`` neighbouring tiles of one size at a time, and their pixels.

    The pixels are (tiles, 3, height, width).
    """
    for _, same_size in groupby(tiles, key=lambda tile: (tile.window.height, tile.window.width)):
        while block is not None and (group := list(islice(same_size, batch))):
            places = (tile.window.slices_in(block.window) for tile in group)
            yield group, np.stack([block.image[:, *place] for place in places])


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

"""The instances of one tile as disjoint, connected pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import ModelError
from geoseg.kernels.jit import jit
from geoseg.models.protocols import Instance
from geoseg.stitch.components import components
from geoseg.stitch.params import StitchParams
from geoseg.types import Window

MAX_PIECES = 2**16 - 1
FAR = 2**30
"""Distance to a border beyond which the grid ends: nothing is cut there."""
SCORE_STEPS = 65535
"""Scores are compared as integers, so that equal scores are equal."""


@dataclass(frozen=True, slots=True)
class TileInstances:
    """What a model found in one tile."""

    window: Window
    """What the model saw, on the grid; it may reach beyond the grid."""
    core: Window
    """The part of the window that is this tile's own; cores tessellate the grid."""
    instances: Sequence[Instance]
    """Masks relative to the window, in any order."""
    valid: NDArray[np.bool_] | None = None
    """(window height, window width), True where valid; None: all of it."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Why instances of a tile, or parts of them, are not among its pieces."""

    deduplicated: int
    """Instances of which a surer one had the pixels."""
    slivers: int
    """Cut pieces within the rim, left to the neighbour."""
    fragments: int
    """Loose bits beside an instance's main part."""


@dataclass(slots=True)
class Pieces:
    """A tile's pieces after duplicates are gone: every pixel belongs to one piece at most."""

    window: Window
    """What the model saw."""
    core: Window
    """The part that is this tile's own."""
    labels: NDArray[np.uint16]
    """(window height, window width) 1..n, 0 for none."""
    valid: NDArray[np.bool_]
    """(window height, window width), True where valid and within the grid."""
    score: NDArray[np.uint16]
    """(n + 1,) score * SCORE_STEPS."""
    area: NDArray[np.int64]
    """(n + 1,) pixels."""
    cut: NDArray[np.bool_]
    """(n + 1,) True where the tile's border cuts the piece off."""
    lost: NDArray[np.int64]
    """(n + 1,) pixels lost to pieces of other tiles that claim them as another building."""
    serial: int = 0
    """Number of the tile in lattice order."""
    first_id: int = 1
    """Provisional id of label 1; label k has ``first_id + k - 1``."""

    @property
    def count(self) -> int:
        """Number of pieces."""
        return len(self.score) - 1

    def dropped(self) -> NDArray[np.bool_]:
        """(n + 1,) True where more than half of the piece was lost."""
        return 2 * self.lost > self.area

    def ids(self) -> NDArray[np.int32]:
        """(n + 1,) provisional ids, 0 for no piece and for dropped ones."""
        ids = np.arange(self.first_id - 1, self.first_id + self.count, dtype=np.int32)
        ids[self.dropped()] = 0
        ids[0] = 0
        return ids

    def level(self) -> NDArray[np.uint8]:
        """(n + 1,) score * 255."""
        return ((self.score.astype(np.int64) * 2 + 257) // 514).astype(np.uint8)


@jit
def _paint(
    labels: NDArray[np.int32],
    corner: tuple[int, int],
    mask: NDArray[np.bool_],
    label: int,
    area: NDArray[np.int64],
    duplicate_iou: float,
) -> bool:
    """Give the mask's free pixels to ``label`` unless a surer piece has it already.

    ``corner`` is the row and column of the tile where the mask begins: for views of several layouts the
    loop would be compiled anew. Nothing changes when it returns False.
    """
    top, left = corner
    hits = np.zeros(label, np.int64)
    total = 0
    for row in range(mask.shape[0]):
        for col in range(mask.shape[1]):
            if mask[row, col]:
                total += 1
                hits[labels[top + row, left + col]] += 1
    free = hits[0]
    if 2 * free < total:
        return False
    for other in range(1, label):
        if hits[other] >= duplicate_iou * (total + area[other] - hits[other]):
            return False
    for row in range(mask.shape[0]):
        for col in range(mask.shape[1]):
            if mask[row, col] and labels[top + row, left + col] == 0:
                labels[top + row, left + col] = label
    area[label] = free
    return True


@jit
def _measure(
    pieces: NDArray[np.int32],
    count: int,
    labels: NDArray[np.int32],
    row_depth: NDArray[np.int64],
    col_depth: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Per piece: its instance, pixels, least and greatest distance to the tile's border."""
    parent = np.zeros(count + 1, np.int32)
    area = np.zeros(count + 1, np.int64)
    nearest = np.full(count + 1, FAR)
    deepest = np.zeros(count + 1, np.int64)
    for row in range(pieces.shape[0]):
        for col in range(pieces.shape[1]):
            piece = pieces[row, col]
            if piece:
                depth = min(row_depth[row], col_depth[col])
                parent[piece] = labels[row, col]
                area[piece] += 1
                nearest[piece] = min(nearest[piece], depth)
                deepest[piece] = max(deepest[piece], depth)
    return parent, area, nearest, deepest


def _border_distance(offset: int, size: int, limit: int) -> NDArray[np.int64]:
    """Distance of each row (or column) to the window's ends that lie within the grid."""
    place = np.arange(size, dtype=np.int64)
    before = place if offset > 0 else np.full(size, FAR)
    after = place[::-1] if offset + size < limit else np.full(size, FAR)
    distance: NDArray[np.int64] = np.minimum(before, after)
    return distance


def _rim(tile: TileInstances, grid: Window, params: StitchParams) -> int:
    """Width of the rim, pixels: at most half of the narrowest margin within the grid."""
    window, core = tile.window, tile.core
    margins = [
        core.row_off - window.row_off if window.row_off > 0 else FAR,
        core.col_off - window.col_off if window.col_off > 0 else FAR,
        window.row_end - core.row_end if window.row_end < grid.height else FAR,
        window.col_end - core.col_end if window.col_end < grid.width else FAR,
    ]
    return min(params.rim_px, *(margin // 2 for margin in margins))


def _valid(tile: TileInstances, grid: Window) -> NDArray[np.bool_]:
    """(window height, window width), True where valid and within the grid."""
    shape = (tile.window.height, tile.window.width)
    valid = np.zeros(shape, np.bool_)
    inside = tile.window.intersection(grid)
    if inside is not None:
        rows, cols = inside.slices_in(tile.window)
        valid[rows, cols] = True if tile.valid is None else tile.valid[rows, cols]
    return valid


def _clip(item: Instance, valid: NDArray[np.bool_]) -> tuple[slice, slice, NDArray[np.bool_]]:
    """The instance's rows and columns in the tile, and its mask there."""
    height, width = item.mask.shape
    top, left = max(item.row_off, 0), max(item.col_off, 0)
    bottom = max(min(item.row_off + height, valid.shape[0]), top)
    right = max(min(item.col_off + width, valid.shape[1]), left)
    rows, cols = slice(top, bottom), slice(left, right)
    part = item.mask[
        top - item.row_off : bottom - item.row_off, left - item.col_off : right - item.col_off
    ]
    return rows, cols, part.astype(np.bool_, copy=False) & valid[rows, cols]


def _steps(score: float) -> int:
    return round(min(max(float(score), 0.0), 1.0) * SCORE_STEPS)


def _rank(item: Instance) -> tuple[int, int, int, int, int]:
    """Surest first; then an order that does not depend on the model's."""
    first = int(np.argmax(item.mask)) if item.mask.size else 0
    row, col = divmod(first, max(item.mask.shape[1], 1))
    place = (item.row_off + row, item.col_off + col)
    return (-_steps(item.score), *place, -int(np.count_nonzero(item.mask)), item.mask.shape[1])


def prepare(tile: TileInstances, grid: Window, params: StitchParams) -> tuple[Pieces, Dropped]:
    """Disjoint, connected pieces of one tile.

    Surer instances take their pixels first. A duplicate, or one that keeps less than half of its
    pixels, is dropped. Of an instance in several parts the largest stays, and those that the tile's
    border cuts, since they may join outside. Cut pieces within the rim are dropped.
    """
    valid = _valid(tile, grid)
    instances = sorted(tile.instances, key=_rank)
    if len(instances) > MAX_PIECES:
        raise ModelError(
            f"the model gave {len(instances)} instances for one tile, at most {MAX_PIECES} can be "
            "stitched; raise its score threshold or use smaller tiles"
        )
    labels = np.zeros(valid.shape, np.int32)
    area = np.zeros(len(instances) + 1, np.int64)
    dropped = 0
    for label, item in enumerate(instances, start=1):
        rows, cols, mask = _clip(item, valid)
        if mask.any():
            corner = rows.start, cols.start
            dropped += not _paint(labels, corner, mask, label, area, params.duplicate_iou)
    scores = np.array([0, *(_steps(item.score) for item in instances)], np.uint16)
    return _select(tile, grid, params, (labels, valid, scores, dropped))


def _select(
    tile: TileInstances,
    grid: Window,
    params: StitchParams,
    painted: tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.uint16], int],
) -> tuple[Pieces, Dropped]:
    """Split painted instances into connected pieces and keep those that count."""
    labels, valid, scores, dropped = painted
    numbered, count = components(labels)
    window, rim = tile.window, _rim(tile, grid, params)
    depths = (
        _border_distance(window.row_off, window.height, grid.height),
        _border_distance(window.col_off, window.width, grid.width),
    )
    parent, area, nearest, deepest = _measure(numbered, count, labels, *depths)
    cut = nearest <= params.tolerance_px
    sliver = cut & (deepest < rim)
    largest = np.zeros(len(scores), np.int64)
    np.maximum.at(largest, parent, area)
    fragment = ~cut & (area < largest[parent])
    keep = ~sliver & ~fragment
    keep[0] = True
    lookup = np.where(keep, np.cumsum(keep) - 1, 0).astype(np.uint16)
    if keep.sum() - 1 > MAX_PIECES:
        raise ModelError("the model's masks fall into too many pieces; use smaller tiles")
    pieces = Pieces(
        window=window,
        core=tile.core,
        labels=lookup[numbered],
        valid=valid,
        score=scores[parent][keep],
        area=area[keep],
        cut=(cut & keep)[keep],
        lost=np.zeros(int(keep.sum()), np.int64),
    )
    return pieces, Dropped(dropped, int(sliver[1:].sum()), int(fragment[1:].sum()))

"""Whose is a pixel that several tiles saw: rows of provisional ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import inner_jit, jit
from geoseg.stitch.neighbours import Neighbours
from geoseg.stitch.tile import Pieces
from geoseg.types import Window

BAND_ROWS = 256
"""At most so many rows at a time: rows of tiles without data may leave a large gap."""


@dataclass(frozen=True, slots=True)
class LabelRows:
    """Whole rows of the grid, every pixel with its piece."""

    row_off: int
    """First row on the grid."""
    labels: NDArray[np.int32]
    """(rows, grid width) provisional ids from 1 on, or the groups that they are in; 0 for none."""
    body: NDArray[np.uint8]
    """(rows, grid width) the piece's score * 255, 0 where there is none."""
    valid: NDArray[np.bool_]
    """(rows, grid width) True where valid."""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A rectangle that the same tiles saw."""

    window: Window
    """Where it lies."""
    tiles: tuple[Pieces, ...]
    """In lattice order."""


def own_rows(
    tiles: Sequence[Pieces], neighbours: Neighbours, rows: tuple[int, int], width: int
) -> Iterator[LabelRows]:
    """Label the grid's rows from ``rows[0]`` up to ``rows[1]``, in bands that the same tiles saw.

    ``tiles`` hold every tile that reaches into these rows, in lattice order.
    """
    ends = {end for tile in tiles for end in (tile.window.row_off, tile.window.row_end)}
    ends.update(range(*rows, BAND_ROWS))
    inner = sorted(end for end in ends if rows[0] < end < rows[1])
    for top, bottom in pairwise([rows[0], *inner, rows[1]]):
        shape = (bottom - top, width)
        band = LabelRows(
            top, np.zeros(shape, np.int32), np.zeros(shape, np.uint8), np.zeros(shape, np.bool_)
        )
        for cell in _cells(tiles, Window(top, 0, *shape)):
            _own_cell(cell, neighbours, band)
        yield band


def _cells(tiles: Sequence[Pieces], band: Window) -> Iterator[_Cell]:
    """The band cut where a tile begins or ends."""
    near = [tile for tile in tiles if tile.window.intersection(band) is not None]
    order = {id(tile): place for place, tile in enumerate(near)}
    ends = {end for tile in near for end in (tile.window.col_off, tile.window.col_end)}
    cuts = sorted(end for end in ends | {0, band.width} if 0 <= end <= band.width)
    coming = sorted(near, key=lambda tile: tile.window.col_off, reverse=True)
    active: list[Pieces] = []
    for left, right in pairwise(cuts):
        while coming and coming[-1].window.col_off <= left:
            active.append(coming.pop())
        active = [tile for tile in active if tile.window.col_end > left]
        if active:
            window = Window(band.row_off, left, band.height, right - left)
            yield _Cell(window, tuple(sorted(active, key=lambda tile: order[id(tile)])))


def _own_cell(cell: _Cell, neighbours: Neighbours, band: LabelRows) -> None:
    """Write the cell's part of the band."""
    window = cell.window
    place = (slice(None), slice(window.col_off, window.col_end))
    first, *others = (tile.valid[window.slices_in(tile.window)] for tile in cell.tiles)
    valid = band.valid[place]
    valid |= first
    for other in others:
        valid |= other
    labels = np.stack([tile.labels[window.slices_in(tile.window)] for tile in cell.tiles])
    if not labels.any():
        return
    sizes = [tile.count + 1 for tile in cell.tiles]
    base = np.cumsum([0, *sizes[:-1]])
    ids = np.concatenate([tile.ids() for tile in cell.tiles])
    level = np.concatenate([tile.level() for tile in cell.tiles])
    partner = np.concatenate([neighbours.partners(tile, cell.tiles) for tile in cell.tiles])
    distance = _core_distances(cell)
    _own(
        (labels, base),
        (ids, level, partner),
        distance,
        neighbours.beaten(),
        window.col_off,
        (band.labels, band.body),
    )


def _core_distances(cell: _Cell) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """(tiles, rows) and (tiles, columns) distance to each tile's core, 0 within."""
    window = cell.window
    rows = np.arange(window.row_off, window.row_end, dtype=np.int32)
    cols = np.arange(window.col_off, window.col_end, dtype=np.int32)
    by_row = [_outside(rows, tile.core.row_off, tile.core.row_end) for tile in cell.tiles]
    by_col = [_outside(cols, tile.core.col_off, tile.core.col_end) for tile in cell.tiles]
    return np.stack(by_row), np.stack(by_col)


def _outside(place: NDArray[np.int32], first: int, end: int) -> NDArray[np.int32]:
    return np.maximum(np.maximum(first - place, place - (end - 1)), 0).astype(np.int32)


@jit
def _own(
    seen: tuple[NDArray[np.uint16], NDArray[np.int64]],
    pieces: tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.bool_]],
    distance: tuple[NDArray[np.int32], NDArray[np.int32]],
    beaten: NDArray[np.int64],
    left: int,
    out: tuple[NDArray[np.int32], NDArray[np.uint8]],
) -> None:
    """Pick the owner of every pixel of a cell, which begins at column ``left`` of ``out``.

    ``seen`` holds (tiles, rows, columns) labels and where each tile's pieces begin in ``pieces``:
    ids (0: dropped), scores, and whether a piece has a partner in each tile. The tile whose core is
    nearest decides; a farther one is heard only about pieces that no nearer tile knows. A piece
    that lost a conflict yields to its winner anywhere.
    """
    labels, base = seen
    ids, level, partner = pieces
    away = np.zeros(labels.shape[0], np.int32)
    for row in range(labels.shape[1]):
        for col in range(labels.shape[2]):
            owner, owner_away = -1, 0
            if not _seen_by_any(labels, row, col):
                continue
            for tile in range(labels.shape[0]):
                away[tile] = max(distance[0][tile, row], distance[1][tile, col])
            for tile in range(labels.shape[0]):
                piece = base[tile] + labels[tile, row, col]
                if ids[piece] == 0 or _known_nearer(partner, piece, away, tile):
                    continue
                if (
                    owner < 0
                    or _loses(beaten, ids[owner], ids[piece])
                    or (away[tile] < owner_away and not _loses(beaten, ids[piece], ids[owner]))
                ):
                    owner, owner_away = piece, away[tile]
            if owner >= 0:
                out[0][row, left + col] = ids[owner]
                out[1][row, left + col] = level[owner]


@inner_jit
def _seen_by_any(labels: NDArray[np.uint16], row: int, col: int) -> bool:
    """Whether any tile has a piece there."""
    for tile in range(labels.shape[0]):  # noqa: SIM110  # compiled
        if labels[tile, row, col] != 0:
            return True
    return False


@inner_jit
def _known_nearer(
    partner: NDArray[np.bool_], piece: int, away: NDArray[np.int32], tile: int
) -> bool:
    """Whether a tile with a nearer core has a partner of the piece, hence a better view of it."""
    for other in range(len(away)):
        nearer = away[other] < away[tile] or (away[other] == away[tile] and other < tile)
        if nearer and partner[piece, other]:
            return True
    return False


@inner_jit
def _loses(beaten: NDArray[np.int64], piece: int, rival: int) -> bool:
    """Whether ``beaten``, sorted, holds the pair."""
    if beaten.size == 0:
        return False
    code = (np.int64(piece) << 32) | np.int64(rival)
    place = np.searchsorted(beaten, code)
    return bool(place < beaten.size and beaten[place] == code)

"""The stitcher's memory as plain arrays, to go on after an interruption."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import ResumeError
from geoseg.stitch.stitcher import StitchCounts, Stitcher, TileRow
from geoseg.stitch.tile import Pieces
from geoseg.types import Window

PER_PIECE = ("score", "area", "cut", "lost")
"""Arrays of ``Pieces`` with one entry per piece and one for the background."""


def saved_stitcher(stitcher: Stitcher) -> dict[str, NDArray[Any]]:
    """Everything the stitcher knows; only while no rows wait to be used up."""
    rows = stitcher.tile_rows
    tiles = [tile for row in rows for tile in row.tiles]
    state = {
        "progress": np.array(stitcher.progress, np.int64),
        "counts": np.array(astuple(stitcher.counts), np.int64),
        "rows": _table([[r.row_off, r.row_end, r.frontier, len(r.tiles)] for r in rows], 4),
        "tiles": _table([_numbers(tile) for tile in tiles], 11),
        "labels": _joined([tile.labels for tile in tiles], np.uint16),
        "valid": np.packbits(_joined([tile.valid for tile in tiles], np.bool_)),
        **stitcher.neighbours.saved(),
    }
    for name, kind in zip(PER_PIECE, (np.uint16, np.int64, np.bool_, np.int64), strict=True):
        state[name] = _joined([getattr(tile, name) for tile in tiles], kind)
    return state


def restore_stitcher(stitcher: Stitcher, state: Mapping[str, NDArray[Any]]) -> None:
    """Bring a new stitcher to the saved state."""
    if stitcher.progress[:2] != tuple(state["progress"][:2].tolist()):
        raise ResumeError(
            "the saved state is of a raster of another size; start again without resuming"
        )
    tiles = _tiles(state)
    rows = [
        TileRow([next(tiles) for _ in range(count)], row_off, row_end, frontier)
        for row_off, row_end, frontier, count in state["rows"].tolist()
    ]
    counts = StitchCounts(*state["counts"].tolist())
    stitcher.go_on(rows, counts, tuple(state["progress"].tolist()))
    stitcher.neighbours.restore(state)


def _numbers(tile: Pieces) -> list[int]:
    return [*astuple(tile.window), *astuple(tile.core), tile.serial, tile.first_id, tile.count]


def _table(rows: list[list[int]], columns: int) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, columns)


def _joined(arrays: list[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *(array.ravel() for array in arrays)])


def _tiles(state: Mapping[str, NDArray[Any]]) -> Iterator[Pieces]:
    numbers = state["tiles"]
    sizes = numbers[:, 2] * numbers[:, 3]
    pixels = np.concatenate([[0], np.cumsum(sizes)])
    pieces = np.concatenate([[0], np.cumsum(numbers[:, 10] + 1)])
    valid = np.unpackbits(state["valid"], count=int(pixels[-1])).astype(np.bool_)
    for at, row in enumerate(numbers.tolist()):
        window, core = Window(*row[:4]), Window(*row[4:8])
        of_tile, shape = slice(pixels[at], pixels[at + 1]), (window.height, window.width)
        of_pieces = slice(pieces[at], pieces[at + 1])
        score, area, cut, lost = (state[name][of_pieces].copy() for name in PER_PIECE)
        yield Pieces(
            window=window,
            core=core,
            labels=state["labels"][of_tile].reshape(shape).copy(),
            valid=valid[of_tile].reshape(shape),
            score=score,
            area=area,
            cut=cut,
            lost=lost,
            serial=row[8],
            first_id=row[9],
        )

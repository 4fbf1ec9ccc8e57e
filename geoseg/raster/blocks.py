"""Cutting windows into blocks, and keeping blocks for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from geoseg.types import Window

Pixels = tuple[NDArray[np.uint8], NDArray[np.bool_]]
"""(3, height, width) RGB, whatever it holds where invalid; (height, width) True where valid."""
BlockKey = tuple[str, Window]
"""Path of the raster, block on the grid."""

IN_USE = 8
"""Blocks used last that stay: those side by side in what is read at a time, which comes to them again."""


def split(
    window: Window, extent: Window, row_origin: int, col_origin: int, step: tuple[int, int]
) -> Iterator[Window]:
    """The part of ``window`` in ``extent``, cut at every ``step`` (rows, columns) from the origin.

    The pieces are disjoint, come row by row, and together are that part.
    """
    part = window.intersection(extent)
    if part is None:
        return
    for row, height in _cuts(part.row_off, part.row_end, row_origin, step[0]):
        for col, width in _cuts(part.col_off, part.col_end, col_origin, step[1]):
            yield Window(row, col, height, width)


def _cuts(start: int, end: int, origin: int, step: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = min(end, start + step - (start - origin) % step)
        yield start, stop - start
        start = stop


class BlockCache:
    """Warped blocks; beyond a number of bytes those nearest to the top of the grid go first.

    Windows go along the rows and down the grid: what lies lowest is wanted again by the next row of them, a whole
    raster's width later, where the least recently used would be gone. What was used last stays.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._bytes = 0
        self._blocks: OrderedDict[BlockKey, Pixels] = OrderedDict()

    def get(self, key: BlockKey) -> Pixels | None:
        """The block, or None."""
        if key in self._blocks:
            self._blocks.move_to_end(key)
        return self._blocks.get(key)

    def put(self, key: BlockKey, block: Pixels) -> None:
        """Keep a block; make room for it."""
        self._blocks[key] = block
        self._bytes += _nbytes(block)
        while self._bytes > self._limit_bytes and len(self._blocks) > 1:
            self._bytes -= _nbytes(self._blocks.pop(self._least_wanted()))

    def _least_wanted(self) -> BlockKey:
        """The highest on the grid, the one not used for longest among them."""
        older = islice(self._blocks, max(1, len(self._blocks) - IN_USE))
        return min(older, key=lambda key: key[1].row_off)


def _nbytes(block: Pixels) -> int:
    return block[0].nbytes + block[1].nbytes

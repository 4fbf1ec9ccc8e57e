"""Reading whole rows of the mosaic ahead of the model.

A *swath* holds the full-width rows that one row of tiles needs. Consecutive swaths overlap by the
tiles' context; the rows they share are copied, not read again, so that striped files are decoded
once. Readers run in threads while the model computes.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from geoseg.errors import UnreadableRasterError
from geoseg.types import Block, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from geoseg.raster import Mosaic
    from geoseg.summary import Tally

FILL_GREY = 128
"""Colour of invalid pixels in all bands: the middle, as in training."""
ISOLATION_PX = 64
"""Side of the lattice pieces in which rows are read again when some block cannot be read. Every
read covers whole rows of this lattice, so that what is lost does not depend on the swaths."""

PART_PX = 4 * ISOLATION_PX
"""Rows read at a time."""


@dataclass(frozen=True, slots=True)
class Swath:
    """Full-width rows with their pixels."""

    block: Block | None
    """Pixels and validity of the rows; None where nothing was asked for."""
    failed: frozenset[Window]
    """Pieces that could not be read and count as invalid."""


NOTHING_READ = Swath(None, frozenset())
"""The swath of a row without tiles."""


class SwathReader:
    """Reads the swaths one ahead, with ``workers`` threads that each own an open mosaic."""

    def __init__(
        self,
        mosaic: Mosaic,
        *,
        workers: int,
        skip_errors: bool,
        tally: Tally,
    ) -> None:
        self._stack = ExitStack()
        self._mosaics = [self._stack.enter_context(mosaic.reopened()) for _ in range(workers)]
        self._pool = self._stack.enter_context(ThreadPoolExecutor(workers))
        self._ahead = self._stack.enter_context(ThreadPoolExecutor(1))
        self._skip_errors = skip_errors
        self._tally = tally

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.shutdown(wait=True, cancel_futures=True)
        self._stack.close()

    def swaths(self, windows: Iterable[Window]) -> Iterator[Swath]:
        """The swath of every window, in order; the windows go down the grid.

        Raises:
            UnreadableRasterError: where a block cannot be read and errors are not skipped.
        """
        pending: deque[Future[Swath]] = deque()
        previous: Future[Swath] | None = None
        for window in windows:
            previous = self._ahead.submit(self._read, window, previous)
            pending.append(previous)
            if len(pending) > 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    def _read(self, window: Window, previous: Future[Swath] | None) -> Swath:
        image = np.empty((3, window.height, window.width), np.uint8)
        valid = np.empty((window.height, window.width), np.bool_)
        first_new, failed = window.row_off, frozenset[Window]()
        if previous is not None:
            before = previous.result()
            first_new = _copy_shared_rows(before.block, window, image, valid)
            failed = frozenset(piece for piece in before.failed if piece.row_end > window.row_off)
        parts = _row_parts(first_new, window)
        with self._tally.stage("read"):
            # A few parts at a time: what is read but not yet copied takes memory too.
            for group in _batched(parts, len(self._mosaics)):
                for block, failures in self._pool.map(self._read_part, self._mosaics, group):
                    common = _intersection(block.window, window)
                    into, out_of = common.slices_in(window), common.slices_in(block.window)
                    image[:, *into], valid[into] = block.image[:, *out_of], block.valid[out_of]
                    failed |= failures
        return Swath(Block(window, image, valid), failed)

    def _read_part(self, mosaic: Mosaic, window: Window) -> tuple[Block, frozenset[Window]]:
        try:
            return mosaic.read(window), frozenset()
        except UnreadableRasterError:
            if not self._skip_errors:
                raise
        return _read_around_failures(mosaic, window)


def _batched(items: Sequence[Window], size: int) -> Iterator[Sequence[Window]]:
    """Runs of at most ``size`` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _copy_shared_rows(
    before: Block | None, window: Window, image: NDArray[np.uint8], valid: NDArray[np.bool_]
) -> int:
    """Copy the rows that ``window`` shares with the swath before; returns the first row to read."""
    shared = 0 if before is None else before.window.row_end - window.row_off
    if before is None or shared <= 0:
        return window.row_off
    image[:, :shared] = before.image[:, -shared:]
    valid[:shared] = before.valid[-shared:]
    return window.row_off + shared


def _row_parts(first_row: int, window: Window) -> list[Window]:
    """Windows of whole lattice rows, full width, that cover the rows from ``first_row``."""
    if first_row >= window.row_end:
        return []
    first = first_row // ISOLATION_PX * ISOLATION_PX
    last = -(-window.row_end // ISOLATION_PX) * ISOLATION_PX
    return [
        Window(row, window.col_off, min(PART_PX, last - row), window.width)
        for row in range(first, last, PART_PX)
    ]


def _read_around_failures(mosaic: Mosaic, window: Window) -> tuple[Block, frozenset[Window]]:
    """Read piece by piece; pieces that cannot be read are invalid and returned too."""
    image = np.empty((3, window.height, window.width), np.uint8)
    valid = np.zeros((window.height, window.width), np.bool_)
    image[:] = FILL_GREY
    failed = set()
    for piece in _lattice_pieces(window):
        common = _intersection(piece, window)
        into, out_of = common.slices_in(window), common.slices_in(piece)
        try:
            block = mosaic.read(piece)
        except UnreadableRasterError:
            failed.add(piece)
        else:
            image[:, *into], valid[into] = block.image[:, *out_of], block.valid[out_of]
    return Block(window, image, valid), frozenset(failed)


def _lattice_pieces(window: Window) -> Iterator[Window]:
    """The squares of the lattice of ``ISOLATION_PX`` that touch ``window``."""
    first_row = window.row_off // ISOLATION_PX * ISOLATION_PX
    first_col = window.col_off // ISOLATION_PX * ISOLATION_PX
    for row in range(first_row, window.row_end, ISOLATION_PX):
        for col in range(first_col, window.col_end, ISOLATION_PX):
            yield Window(row, col, ISOLATION_PX, ISOLATION_PX)


def _intersection(one: Window, other: Window) -> Window:
    common = one.intersection(other)
    if common is None:
        raise ValueError(f"{one} and {other} share no pixel")
    return common

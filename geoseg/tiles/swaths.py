"""Reading the mosaic ahead of the model, some tiles at a time.

A *swath* holds the pixels that tiles side by side need together. Swaths that follow each other overlap
by the tiles' context: on the right, or below where they are as wide as the raster. What they share
is copied, not read again, so that striped files are decoded once. Readers run in threads while the
model computes.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Self

import numpy as np

from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.models.strides import round_down, round_up
from geoseg.types import FILL_GREY, Block, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from geoseg.raster import Mosaic
    from geoseg.tiles.tally import Tally

ISOLATION_PX = 64
"""Side of the lattice pieces in which rows are read again when some block cannot be read. Every
read covers whole rows of this lattice, so that what is lost does not depend on the swaths."""

PART_ROWS = 4 * ISOLATION_PX
"""Rows read at a time, at most."""
PART_PX = 1 << 22
"""Pixels read at a time, unless ISOLATION_PX rows have more."""


@dataclass(frozen=True, slots=True)
class Swath:
    """Pixels of tiles side by side."""

    block: Block
    """Pixels and validity."""
    failed: frozenset[Window]
    """Pieces that could not be read and count as invalid."""


class SwathReader:
    """Reads the swaths one ahead, with ``readers`` threads that each own an open mosaic."""

    def __init__(
        self,
        mosaic: Mosaic,
        *,
        readers: int,
        skip_errors: bool,
        tally: Tally,
    ) -> None:
        self._stack = ExitStack()
        self._mosaics = [self._stack.enter_context(mosaic.reopened()) for _ in range(readers)]
        self._pool = self._stack.enter_context(ThreadPoolExecutor(readers))
        self._ahead = self._stack.enter_context(ThreadPoolExecutor(1))
        self._skip_errors = skip_errors
        self._tally = tally
        self._lost: UnreachableRasterError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.shutdown(wait=True, cancel_futures=True)
        self._stack.close()

    def swaths(self, windows: Iterable[Window]) -> Iterator[Swath]:
        """The swath of every window, in order; the windows go along the rows and down the grid.

        The first is read from now on, those after it as they are asked for.

        Raises:
            UnreadableRasterError: from the iterator, where a block cannot be read and errors are not
                skipped.
        """
        coming = iter(windows)
        pending = deque(
            self._ahead.submit(self._read, window, None) for window in islice(coming, 1)
        )
        return self._following(coming, pending)

    def _following(
        self, windows: Iterator[Window], pending: deque[Future[Swath]]
    ) -> Iterator[Swath]:
        for window in windows:
            pending.append(self._ahead.submit(self._read, window, pending[-1]))
            yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    def _read(self, window: Window, previous: Future[Swath] | None) -> Swath:
        image = np.empty((3, window.height, window.width), np.uint8)
        valid = np.empty((window.height, window.width), np.bool_)
        new: Window | None = window
        failed: frozenset[Window] = frozenset()
        if previous is not None:
            before = previous.result()
            shared, new = divided(window, before.block.window)
            if shared is not None:
                _copy(before.block, shared, window, image, valid)
            failed = frozenset(piece for piece in before.failed if piece.intersection(window))
        with self._tally.stage("read"):
            # A few parts at a time: what is read but not yet copied takes memory too.
            for group in _batched(_parts(new), len(self._mosaics)):
                for block, failures in self._pool.map(self._read_part, self._mosaics, group):
                    _copy(block, block.window, window, image, valid)
                    failed |= {piece for piece in failures if piece.intersection(window)}
        return Swath(Block(window, image, valid), failed)

    def _read_part(self, mosaic: Mosaic, window: Window) -> tuple[Block, frozenset[Window]]:
        if self._lost is not None:  # waited for once is enough
            raise self._lost
        try:
            return mosaic.read(window), frozenset()
        except UnreachableRasterError as error:  # the same for every block: nothing to skip
            self._lost = error
            raise
        except UnreadableRasterError:
            if not self._skip_errors:
                raise
        return _read_around_failures(mosaic, window)


def _batched(items: Sequence[Window], size: int) -> Iterator[Sequence[Window]]:
    """Runs of at most ``size`` items."""
    return (items[start : start + size] for start in range(0, len(items), size))


def divided(window: Window, before: Window) -> tuple[Window | None, Window | None]:
    """The part of ``window`` that ``before`` holds, and the rest; both rectangles or None.

    Nothing is shared where the rest would be no rectangle.
    """
    shared = window.intersection(before)
    if shared is None or (shared.row_off, shared.col_off) != (window.row_off, window.col_off):
        return None, window
    below, right = window.row_end - shared.row_end, window.col_end - shared.col_end
    if below and right:
        return None, window
    if right:
        return shared, Window(window.row_off, shared.col_end, window.height, right)
    if below:
        return shared, Window(shared.row_end, window.col_off, below, window.width)
    return shared, None


def _copy(
    block: Block, part: Window, window: Window, image: NDArray[np.uint8], valid: NDArray[np.bool_]
) -> None:
    """Copy ``part`` of a block to where it lies in ``window``, as far as it lies there."""
    common = _intersection(part, window)
    into, out_of = common.slices_in(window), common.slices_in(block.window)
    image[:, *into], valid[into] = block.image[:, *out_of], block.valid[out_of]


def _parts(window: Window | None) -> list[Window]:
    """Windows of whole pieces of the lattice that cover ``window``, some rows each."""
    if window is None:
        return []
    outer = _on_lattice(window)
    rows = round_down(PART_PX // outer.width, ISOLATION_PX)
    rows = min(max(rows, ISOLATION_PX), PART_ROWS)
    return [
        Window(row, outer.col_off, min(rows, outer.row_end - row), outer.width)
        for row in range(outer.row_off, outer.row_end, rows)
    ]


def _on_lattice(window: Window) -> Window:
    """The pieces of the lattice that ``window`` touches, as one window."""
    row_off = round_down(window.row_off, ISOLATION_PX)
    col_off = round_down(window.col_off, ISOLATION_PX)
    height = round_up(window.row_end, ISOLATION_PX) - row_off
    return Window(row_off, col_off, height, round_up(window.col_end, ISOLATION_PX) - col_off)


def _read_around_failures(mosaic: Mosaic, window: Window) -> tuple[Block, frozenset[Window]]:
    """Read piece by piece; pieces that cannot be read are invalid and returned too."""
    image = np.empty((3, window.height, window.width), np.uint8)
    valid = np.zeros((window.height, window.width), np.bool_)
    image[:] = FILL_GREY
    failed = set()
    for piece in _lattice_pieces(window):
        try:
            _copy(mosaic.read(piece), piece, window, image, valid)
        except UnreachableRasterError:
            raise
        except UnreadableRasterError:
            failed.add(piece)
    return Block(window, image, valid), frozenset(failed)


def _lattice_pieces(window: Window) -> Iterator[Window]:
    """The squares of the lattice of ``ISOLATION_PX`` within ``window``, which is on it."""
    for row in range(window.row_off, window.row_end, ISOLATION_PX):
        for col in range(window.col_off, window.col_end, ISOLATION_PX):
            yield Window(row, col, ISOLATION_PX, ISOLATION_PX)


def _intersection(one: Window, other: Window) -> Window:
    common = one.intersection(other)
    if common is None:
        raise ValueError(f"{one} and {other} share no pixel")
    return common

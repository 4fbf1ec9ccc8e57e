"""Cells of 8 x 8 pixels, and which of them are blank (the rule stands in ``blank``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.types import Window

CELL_PX = 8
"""Side of a cell: a block of JPEG."""
BROAD_CELLS = 3
"""What hangs together with a large area is as broad as this."""
ALL_TRUE = np.uint64(0x0101010101010101)
"""Eight times True."""
OTHER, FREE, FULL = range(3)
"""What a cell holds: an image; no image; the fill alone."""


def blank_cells(
    flags: NDArray[np.uint8], side: int, raster: Window, *, reach: int
) -> NDArray[np.bool_]:
    """(rows, columns), True where blank; right in all that lies ``side + reach + BROAD_CELLS`` within the border.

    Args:
        flags: (rows, columns) of cells.
        side: Of the squares, odd.
        raster: All cells of the raster: its rows and columns may be shorter than ``side``.
        reach: Steps from a square to cells that hang together with it.
    """
    from scipy import ndimage

    full = flags == FULL
    rows, cols = min(side, raster.height), min(side, raster.width)
    in_line = _opened(full, rows, axis=0) | _opened(full, cols, axis=1)
    held = ndimage.minimum_filter(flags >= FREE, side, mode="constant", cval=0)
    core = full & in_line & ndimage.maximum_filter(held, side, mode="constant", cval=0)
    if not reach or not core.any() or np.array_equal(core, full):
        return np.asarray(core, dtype=np.bool_)
    # Not along alleys: between dark houses a frame does not go on.
    broad = ndimage.minimum_filter(flags >= FREE, BROAD_CELLS, mode="constant", cval=0)
    broad = ndimage.maximum_filter(broad, BROAD_CELLS, mode="constant", cval=0)
    return np.asarray(ndimage.binary_dilation(core, iterations=reach, mask=full & broad))


def _opened(mask: NDArray[np.bool_], length: int, *, axis: int) -> NDArray[np.bool_]:
    """True in runs of at least ``length`` along an axis."""
    from scipy import ndimage

    held = ndimage.minimum_filter1d(mask, length, axis=axis, mode="constant", cval=0)
    # For an even length the two filters look to opposite sides.
    origin = length % 2 - 1
    return np.asarray(
        ndimage.maximum_filter1d(held, length, axis=axis, mode="constant", cval=0, origin=origin)
    )


def cells_of(window: Window) -> Window:
    """The cells that a window of pixels touches, as a window of cells."""
    row, col = window.row_off // CELL_PX, window.col_off // CELL_PX
    height, width = -(-window.row_end // CELL_PX) - row, -(-window.col_end // CELL_PX) - col
    return Window(row, col, height, width)


def pixels_of(cells: Window, shape: tuple[int, int]) -> Window:
    """The pixels of a window of cells of a raster of ``shape``, without those beyond its end."""
    row, col = cells.row_off * CELL_PX, cells.col_off * CELL_PX
    height = min(cells.row_end * CELL_PX, shape[0]) - row
    return Window(row, col, height, min(cells.col_end * CELL_PX, shape[1]) - col)


def grown(window: Window, by: int) -> Window:
    """The window and ``by`` more on every side."""
    return Window(
        window.row_off - by, window.col_off - by, window.height + 2 * by, window.width + 2 * by
    )


def every(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows, columns) of cells, True where all pixels of (height, width) are."""
    padding = [(0, -size % CELL_PX) for size in mask.shape]
    padded = np.ascontiguousarray(np.pad(mask, padding, constant_values=True))
    # Eight pixels of a row at once: this runs over every pixel of a mosaic with blank areas.
    lines = padded.view(np.uint64) == ALL_TRUE
    return np.asarray(lines.reshape(-1, CELL_PX, lines.shape[1]).all(axis=1))

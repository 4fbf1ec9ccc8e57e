"""Fewer sizes of images and parts, where a graph takes longer to compile than to run.

Tiles at the rims of a raster have windows that end there: the first, the last with as much as is left, and both once
more in the image turned by half; each would have a graph of its own. So along an axis on which an image goes on beyond the wanted
part by the whole context on one side alone,

- maps are computed for the whole axis, which makes the first and the last tile alike, and
- images that are shorter than usual are completed with grey beyond the context, where no wanted pixel looks.

An exact network gives the same answer. What is done depends on sizes alone, never on what came before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geoseg.models.strides import round_up
from geoseg.types import FILL_GREY, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

CORE_PX = 768
"""Side of a tile's core by default: smaller ones take longer for their context, larger ones take
more memory and hardly save any time (``benchmarks/speed.py``). Images at the rim are completed to this and the
context, so that all become alike."""
_MOST_TIMES = 4
"""Images that would get longer than that many times are left as they are."""


@dataclass(frozen=True, slots=True)
class Completed:
    """An image to be computed, and where what was asked for lies in it."""

    image: NDArray[np.uint8]
    """(bands, height, width)."""
    computed: Window
    """The part of it whose maps are computed."""
    wanted: Window
    """The part that was asked for."""


def completed(
    image: NDArray[np.uint8], part: Window, *, context_px: int, stride_px: int
) -> Completed:
    """The image of usual size that gives the same maps of a part.

    Args:
        image: (bands, height, width).
        part: Of it, that is asked for.
        context_px: As far as the network sees, in whole strides.
        stride_px: Of the network.
    """
    height, width = image.shape[1:]
    rows = _along(height, part.row_off, part.row_end, context_px, stride_px)
    cols = _along(width, part.col_off, part.col_end, context_px, stride_px)
    if rows.before or rows.after or cols.before or cols.after:
        border = ((0, 0), (rows.before, rows.after), (cols.before, cols.after))
        image = np.pad(image, border, constant_values=FILL_GREY)
    return Completed(
        image,
        Window(rows.start, cols.start, rows.stop - rows.start, cols.stop - cols.start),
        Window(part.row_off + rows.before, part.col_off + cols.before, part.height, part.width),
    )


@dataclass(frozen=True, slots=True)
class _Along:
    """One axis of a completed image."""

    before: int
    """Grey pixels before the image."""
    after: int
    """Grey pixels after it."""
    start: int
    """First pixel that is computed."""
    stop: int
    """One past the last."""


def _along(size: int, start: int, stop: int, context: int, stride: int) -> _Along:
    goes_on_before, goes_on_after = start >= context, size - stop >= context
    lacking = max(0, round_up(CORE_PX, stride) + context - size)
    too_long = size + lacking > _MOST_TIMES * size
    if size % stride or goes_on_before == goes_on_after or too_long:
        return _Along(0, 0, start, stop)
    before, after = (lacking, 0) if goes_on_before else (0, lacking)
    return _Along(before, after, 0, size + lacking)

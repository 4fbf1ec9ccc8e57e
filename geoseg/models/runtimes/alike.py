"""Fewer kinds of parts, where a graph takes longer to compile than to run.

A tile at the rim of a raster has a window that ends there: the first and the last would have a graph each, and both once
more in the image turned by half. So along an axis on which an image goes on beyond the wanted part by the whole
context on one side alone, maps are computed for the whole axis, which makes the first and the last tile alike.

An exact network gives the same answer. What is done depends on sizes alone, never on what came before.
"""

from __future__ import annotations

from geoseg.types import Window


def made_alike(part: Window, height: int, width: int, *, context_px: int) -> Window:
    """The part to compute of an image so that all that is asked for is among it.

    Args:
        part: Of it, that is asked for.
        height: Of the image, pixels.
        width: Of the image, pixels.
        context_px: As far as the network sees, in whole strides.
    """
    rows = _along(height, part.row_off, part.row_end, context_px)
    cols = _along(width, part.col_off, part.col_end, context_px)
    return Window(rows.start, cols.start, len(rows), len(cols))


def _along(size: int, start: int, stop: int, context: int) -> range:
    goes_on_before, goes_on_after = start >= context, size - stop >= context
    return range(start, stop) if goes_on_before == goes_on_after else range(size)

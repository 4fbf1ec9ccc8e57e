"""How large the cores of tiles are.

A tile is seen with its context and computed one by one, and where a graph is compiled for every size of window, that
takes as long as some tiles. So there the cores are as large as makes a raster cheapest: cores that leave a sliver at
its far end cost a tile for the sliver.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoseg.models.strides import round_up

if TYPE_CHECKING:
    from geoseg.types import Grid, Window

CORE_PX = 768
"""Side of a tile's core by default: smaller ones take longer for their context, larger ones take
more memory and hardly save any time (``benchmarks/speed.py``)."""
WHOLE_PX = 2_400_000
"""Pixels of a raster, in whole strides, that may be one tile where graphs take longer to compile than tiles to compute:
as much as is computed at a time."""
_LEAST_PX, _MOST_PX = 512, 960
"""Sides of cores that are chosen from, in whole strides."""
_SEEN_S_PER_MP, _COMPUTED_S_PER_MP, _GRAPH_S = 0.04, 0.13, 0.35
"""Seconds of one core for a megapixel that an int8 network sees, for one whose maps it computes, and for a graph."""


@dataclass(frozen=True, slots=True)
class _Along:
    """The needed tiles along one axis, as long as the model of what they cost sees them."""

    seen_px: int
    """Their windows together."""
    computed_px: int
    """What is computed in them: to the ends of the axis in the first and the last."""
    kinds: int
    """Sizes of window and part."""


def cheapest_core_px(
    grid: Grid, needed: Window, *, views: int, context_px: int, stride_px: int
) -> int:
    """The side of cores that costs least where a graph takes longer to compile than a tile to compute.

    Args:
        grid: What cores are to tessellate.
        needed: The part of it whose tiles will be computed.
        views: In which the network sees a tile.
        context_px: Of a tile to each side, in whole strides.
        stride_px: Of the network.
    """
    sides = list(range(round_up(_LEAST_PX, stride_px), _MOST_PX + 1, stride_px))
    if round_up(grid.height, stride_px) * round_up(grid.width, stride_px) <= WHOLE_PX:
        sides.insert(0, round_up(max(CORE_PX, grid.height, grid.width), stride_px))
    costs = {}  # of equal ones the first is taken
    for core in sides:
        rows = _along(grid.height, needed.row_off, needed.row_end, core, context_px)
        cols = _along(grid.width, needed.col_off, needed.col_end, core, context_px)
        if rows is not None and cols is not None:
            costs[core] = _cost_s(rows, cols, views)
    return min(costs, key=costs.__getitem__, default=round_up(CORE_PX, stride_px))


def _along(size: int, start: int, stop: int, core: int, context: int) -> _Along | None:
    """The tiles that ``range(start, stop)`` needs of an axis; None where the last would be a sliver."""
    count, first, last = -(-size // core), start // core, (stop - 1) // core
    if count == 1:
        return _Along(size, size, 1)
    if size - (count - 1) * core < context:
        return None
    tiles, ends = last + 1 - first, (first == 0) + (last == count - 1)
    return _Along(
        tiles * core + (2 * tiles - ends) * context,
        tiles * core + ends * context,
        (ends > 0) + (tiles > ends),
    )


def _cost_s(rows: _Along, cols: _Along, views: int) -> float:
    """Seconds of one core for the tiles."""
    seen_mp = rows.seen_px * cols.seen_px / 1e6
    computed_mp = rows.computed_px * cols.computed_px / 1e6
    tiles_s = views * (_SEEN_S_PER_MP * seen_mp + _COMPUTED_S_PER_MP * computed_mp)
    return tiles_s + _GRAPH_S * rows.kinds * cols.kinds

"""A small made-up town, drawn for no one: after it all loops of straight walls are compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.shaping.apart import beyond, outlines_apart
from geoseg.shaping.arcs import build_arcs
from geoseg.shaping.corners import CORNER_PX, are_tiny, draw_arcs, place_nodes
from geoseg.shaping.coverage import regularize_groups
from geoseg.shaping.cut import Walls
from geoseg.shaping.fitting import meeting
from geoseg.shaping.limits import mark_far
from geoseg.shaping.plain import count_flaws
from geoseg.shaping.settings import RegularizeSettings
from geoseg.shaping.sketch import Given, Sketch

if TYPE_CHECKING:
    from shapely.geometry import Polygon

    from geoseg.shaping.arcs import Arcs
    from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons

HALF_PX = 32
"""Half a side of the square that each group stands on."""


def rehearse() -> None:
    """Draw the town."""
    houses, group = town()
    regularize_groups(houses, group, settings=RegularizeSettings())
    compare()


def compare() -> None:
    """What comes after walls are cut: draw made-up ones, and judge the town as it is.

    That is a third of the loops. Another process that rehearses comes to them last.
    """
    houses, group = town()
    arcs = build_arcs(houses, group)
    _draw(arcs, len(houses))
    _judge(houses, group, arcs)


def _draw(arcs: Arcs, houses: int) -> None:
    """A wall per arc, each in a direction of its own."""
    count = len(arcs.near)
    angle, nothing = np.arange(count, dtype=np.float64), np.zeros((len(arcs.xy), 6))
    lines = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(count)])
    first, end, kind = np.arange(count + 1), arcs.first[1:] - 1, np.zeros(count, np.int64)
    theta, noise = np.zeros(houses), np.ones(houses)
    walls = Walls(nothing, first, end, kind, arcs.near, arcs.near, theta, noise)
    fixed, crooked = np.zeros(len(arcs.node_xy), np.bool_), np.arange(count) % 2 == 0
    nodes = place_nodes(arcs, walls, lines, fixed, crooked)
    draw_arcs(arcs, walls, lines, nodes, np.full(count, CORNER_PX), are_tiny(arcs))


def _judge(houses: Polygons, group: Ints, arcs: Arcs) -> None:
    given = Given.of(houses, group, arcs, np.ones(len(houses)), RegularizeSettings())
    sketch = Sketch.begin(given)
    sketch.draw(arcs.xy, arcs.first)
    sketch.clashing(np.ones(len(houses), np.bool_))
    count_flaws(houses)
    # What few towns ask for.
    outlines_apart(houses, houses)
    xy = shapely.get_coordinates(houses)
    beyond(xy, houses[0], 1.0)
    whole, none = np.array([0, len(xy)]), np.zeros(len(xy), dtype=np.int64)
    mark_far((xy, whole), xy, none, 1.0, np.zeros(len(xy), dtype=np.bool_))
    meeting(shapely.bounds(houses), shapely.bounds(houses))


def town() -> tuple[Polygons, Ints]:
    """(n,) polygons along the edges of pixels, and their groups.

    A terrace, a disc, half a court, and two houses that interlock so wildly that straight walls are
    given up.
    """
    row, col = np.mgrid[-HALF_PX:HALF_PX, -HALF_PX:HALF_PX] + 0.5
    along, across = 0.96 * col + 0.28 * row, 0.96 * row - 0.28 * col
    terrace = [_within(along - 14 * i, across, 7, 9 + i) for i in (-1, 0, 1)]
    disc = _within(np.hypot(row, col), 0, 14, 1)
    court = _within(along, across, 22, 22) & ~_within(across + col / 3, 0, 6, 1)
    teeth, square = row * 7 // 3 + np.sin(col * 2) * 5 > 0, _within(col, row, 20, 20)
    plans = [terrace, [disc], [court], [square & teeth, square & ~teeth]]
    group = np.repeat(np.arange(len(plans)), [len(plan) for plan in plans])
    return np.array([_outline(mask) for plan in plans for mask in plan], dtype=object), group


def _within(x: Floats, y: Floats | float, half_width: float, half_height: float) -> Bools:
    """A rectangle around the origin."""
    return np.asarray((np.abs(x) < half_width) & (np.abs(y) < half_height))


def _outline(mask: Bools) -> Polygon:
    """The largest part of a mask."""
    row, col = np.nonzero(mask)
    parts = shapely.get_parts(shapely.coverage_union_all(shapely.box(col, row, col + 1, row + 1)))
    largest: Polygon = parts[np.argmax(shapely.area(parts))]
    return largest

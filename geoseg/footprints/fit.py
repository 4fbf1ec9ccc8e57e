"""Walls moved to the middle of the pixels they were drawn from.

Thinning keeps some vertices of an outline, and those lie farther out than the wall on either side.
Here each wall becomes the least-squares line through its piece of the smoothed outline, and corners
go to where neighbouring lines meet; the short edge that pixels cut off a slanting corner goes away.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from geoseg.footprints.arcs import Bools, Floats, Ints
from geoseg.kernels.jit import inner_jit

REACH_PX = 0.9
"""No corner and no wall moves farther; with half a pixel for the staircase that stays below the
3.5 px at which buildings of two clusters could meet."""
STEP_PX = 2.0**-10
"""Corners lie on this lattice, so that moving a raster by whole pixels moves them exactly so."""
SHORT_PX = 2.5
"""Edges shorter than this have no direction of their own."""
TRIM_PX = 1.0
"""How much of a wall next to a corner is rounded off by pixels, and left out of its line."""


class Room(NamedTuple):
    """Arrays to work on one path at a time; how much of them is in use goes beside them."""

    path: Floats
    """(n, 2) vertices of one arc, seen from the first."""
    keep: Bools
    """(n,) True for vertices that thinning keeps."""
    kept: Ints
    """(n,) their numbers."""
    stack: Ints
    """(n, 2) pieces of the path, by their ends, that are still to be thinned."""
    line: Floats
    """(n, 4) a point on, and the unit direction of, the line fitted to each wall."""
    short: Bools
    """(n,) walls without a direction of their own."""
    corner: Floats
    """(2 * n + 2, 2) new vertices."""
    stands_for: Ints
    """(2 * n + 2,) the number of the thinned vertex that each stands for."""


def new_room(size: int) -> Room:
    """Room for paths of ``size`` vertices."""
    return Room(
        path=np.empty((size, 2)),
        keep=np.empty(size, np.bool_),
        kept=np.empty(size, np.int64),
        stack=np.empty((size, 2), np.int64),
        line=np.empty((size, 4)),
        short=np.empty(size, np.bool_),
        corner=np.empty((2 * size + 2, 2)),
        stands_for=np.empty(2 * size + 2, np.int64),
    )


@inner_jit
def fit(room: Room, size: int, kept: int, closed: bool) -> tuple[int, int]:
    """Fit the walls between the vertices of a path of ``size`` that thinning has kept.

    The ends of an open arc stay. Where anything would move too far, the thinned vertices stay.

    Returns:
        The first vertex of the result in ``room.corner``, and how many there are.
    """
    walls, first, count = kept - 1, 0, 0
    if _fit_lines(room, walls):
        first, count = _corners(room, walls, closed)
    if count > 0 and _near(room, size, first, count):
        return first, count
    take_kept(room, kept)
    return 0, kept


@inner_jit
def take_kept(room: Room, kept: int) -> None:
    """Let the thinned vertices be the result."""
    for i in range(kept):
        vertex = room.kept[i]
        room.corner[i, 0], room.corner[i, 1] = room.path[vertex, 0], room.path[vertex, 1]


@inner_jit
def _fit_lines(room: Room, walls: int) -> bool:
    """Fit a line to every wall; returns whether any has a direction."""
    path, kept, any_long = room.path, room.kept, False
    for wall in range(walls):
        a, b = kept[wall], kept[wall + 1]
        dx, dy = path[b, 0] - path[a, 0], path[b, 1] - path[a, 1]
        room.short[wall] = dx * dx + dy * dy < SHORT_PX**2
        any_long = any_long or not room.short[wall]
        _fit_line(room, a, b, wall)
    return any_long


@inner_jit
def _length(path: Floats, i: int) -> float:
    dx, dy = path[i + 1, 0] - path[i, 0], path[i + 1, 1] - path[i, 1]
    return math.sqrt(dx * dx + dy * dy)


@inner_jit
def _fit_line(room: Room, first: int, last: int, wall: int) -> None:
    """The least-squares line through the path from one vertex to another."""
    path, total = room.path, 0.0
    for i in range(first, last):
        total += _length(path, i)
    trim = TRIM_PX if total > 4 * TRIM_PX else 0.0
    weight = mean_x = mean_y = xx = xy = yy = begin = 0.0
    for i in range(first, last):
        edge = _length(path, i)
        low, high = max(begin, trim), min(begin + edge, total - trim)
        if high > low:
            dx, dy = path[i + 1, 0] - path[i, 0], path[i + 1, 1] - path[i, 1]
            from_share, to_share = (low - begin) / edge, (high - begin) / edge
            px, py = path[i, 0] + dx * from_share, path[i, 1] + dy * from_share
            qx, qy = path[i, 0] + dx * to_share, path[i, 1] + dy * to_share
            mx, my, share = (px + qx) / 2, (py + qy) / 2, (high - low) / 6
            weight += high - low
            mean_x += (high - low) * mx
            mean_y += (high - low) * my
            xx += share * (px * px + 4 * mx * mx + qx * qx)
            xy += share * (px * py + 4 * mx * my + qx * qy)
            yy += share * (py * py + 4 * my * my + qy * qy)
        begin += edge
    mean_x, mean_y = mean_x / weight, mean_y / weight
    cross = xy / weight - mean_x * mean_y
    spread = xx / weight - mean_x * mean_x - (yy / weight - mean_y * mean_y)
    angle = 0.5 * math.atan2(2 * cross, spread)
    room.line[wall, 0], room.line[wall, 1] = mean_x, mean_y
    room.line[wall, 2], room.line[wall, 3] = math.cos(angle), math.sin(angle)


@inner_jit
def _on_lattice(x: float, y: float) -> tuple[float, float]:
    return np.rint(x / STEP_PX) * STEP_PX, np.rint(y / STEP_PX) * STEP_PX


@inner_jit
def _meet(line: Floats, a: int, b: int) -> tuple[float, float]:
    """Where two lines meet, on the lattice of corners; far away where they are parallel."""
    sine = line[a, 2] * line[b, 3] - line[a, 3] * line[b, 2]
    if abs(sine) < 0.1:  # noqa: PLR2004
        return math.inf, math.inf
    x, y = line[b, 0] - line[a, 0], line[b, 1] - line[a, 1]
    along = (x * line[b, 3] - y * line[b, 2]) / sine
    return _on_lattice(line[a, 0] + along * line[a, 2], line[a, 1] + along * line[a, 3])


@inner_jit
def _foot(line: Floats, wall: int, x: float, y: float) -> tuple[float, float]:
    """The nearest point on a line, on the lattice of corners."""
    along = (x - line[wall, 0]) * line[wall, 2] + (y - line[wall, 1]) * line[wall, 3]
    return _on_lattice(line[wall, 0] + along * line[wall, 2], line[wall, 1] + along * line[wall, 3])


@inner_jit
def _distance(x: float, y: float, ends: Floats, a: int, b: int) -> float:
    """Distance from a point to the segment between two rows of ``ends``."""
    dx, dy = ends[b, 0] - ends[a, 0], ends[b, 1] - ends[a, 1]
    squared = dx * dx + dy * dy
    along = ((x - ends[a, 0]) * dx + (y - ends[a, 1]) * dy) / squared if squared > 0 else 0.0
    along = min(max(along, 0.0), 1.0)
    off_x, off_y = x - ends[a, 0] - along * dx, y - ends[a, 1] - along * dy
    return math.sqrt(off_x * off_x + off_y * off_y)


@inner_jit
def _corners(room: Room, walls: int, closed: bool) -> tuple[int, int]:
    """Write new corners in order; gives the first and how many, 0 if they are too few for a loop.

    They begin where the path begins; the last one is a fixed end or the first one again.
    """
    kept, line, short = room.kept, room.line, room.short
    n = begin = 1
    if closed:  # Begin after a wall with a direction: no short edge lies across the beginning.
        begin = 0
        while short[begin]:
            begin += 1
        begin = (begin + 1) % walls
    skip = False
    for i in range(walls if closed else walls - 1):
        here = (begin + i) % walls
        before, beyond = (here - 1) % walls, (here + 1) % walls
        if skip:
            skip = False
            continue
        x, y = room.path[kept[here], 0], room.path[kept[here], 1]
        straight = not short[before] and not short[here]
        across = not short[before] and not short[beyond] and (closed or here < walls - 1)
        met_x, met_y, near = math.inf, math.inf, False
        if straight or across:
            met_x, met_y = _meet(line, before, here if straight else beyond)
            ends = kept[here], kept[here if straight else here + 1]
            near = met_x < math.inf and _distance(met_x, met_y, room.path, *ends) <= REACH_PX
        if near:
            x, y = met_x, met_y
            skip = not straight
        elif not straight and not (short[before] and short[here]):
            x, y = _foot(line, here if short[before] else before, x, y)
        room.corner[n, 0], room.corner[n, 1], room.stands_for[n] = x, y, here
        n += 1
    return _close_up(room, walls, n, closed)


@inner_jit
def _close_up(room: Room, walls: int, end: int, closed: bool) -> tuple[int, int]:
    """Add the fixed ends of an open arc before and behind the corners, or turn a loop."""
    corner, stands_for = room.corner, room.stands_for
    if not closed:
        last = room.kept[walls]
        corner[0, 0], corner[0, 1], stands_for[0] = room.path[0, 0], room.path[0, 1], 0
        corner[end, 0], corner[end, 1] = room.path[last, 0], room.path[last, 1]
        stands_for[end] = walls
        return 0, end + 1
    if end <= 3:  # noqa: PLR2004
        return 0, 0
    first = 1
    for i in range(1, end):
        first = i if stands_for[i] < stands_for[first] else first
    for i in range(1, first + 1):  # what comes before the first goes behind the last, and it too
        to = end + i - 1
        corner[to, 0], corner[to, 1], stands_for[to] = corner[i, 0], corner[i, 1], stands_for[i]
    stands_for[first + end - 1] = walls
    return first, end


@inner_jit
def _near(room: Room, size: int, first: int, count: int) -> bool:
    """Whether every vertex of the path lies within reach of the new wall at its place."""
    wall, last = first, first + count - 2
    for i in range(size):
        while wall < last and i > room.kept[room.stands_for[wall + 1]]:
            wall += 1
        x, y, nearest = room.path[i, 0], room.path[i, 1], math.inf
        for near in range(max(wall - 1, first), min(wall + 1, last) + 1):
            nearest = min(nearest, _distance(x, y, room.corner, near, near + 1))
        if nearest > REACH_PX:
            return False
    return True

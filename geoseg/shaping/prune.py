"""Drop walls that have no length once their neighbours' lines are known."""

from __future__ import annotations

import numpy as np

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.corners import foot, place_nodes, put_corner
from geoseg.shaping.lines import fit_lines
from geoseg.shaping.segment import FREE
from geoseg.shaping.walls import Walls

MIN_WALL_PX = 0.75
"""Walls shorter than this, or drawn backwards, are dropped."""
ROUNDS = 12
"""Each round drops at most one wall of an arc."""


def prune_walls(arcs: Arcs, walls: Walls) -> tuple[Walls, Floats]:
    """Walls that all have some length, as far as this can be had, and their lines."""
    loose = np.zeros(len(arcs.node_xy), dtype=np.bool_)
    for _ in range(ROUNDS):
        lines = fit_lines(arcs, walls)
        nodes = place_nodes(arcs, walls, lines, loose)
        dropped = _shortest(arcs, walls, lines, nodes)
        if not dropped.any():
            break
        first, end, kind = _drop(walls.first, walls.end, walls.kind, dropped)
        walls = walls._replace(first=first, end=end, kind=kind)
    return walls, fit_lines(arcs, walls)


@jit
def _shortest(arcs: Arcs, walls: Walls, lines: Floats, nodes: Floats) -> Bools:
    """(w,) True for the shortest wall of each arc, where it is too short and not needed."""
    out = np.zeros(len(walls.end), np.bool_)
    for arc in range(len(arcs.near)):
        lo, hi = walls.first[arc], walls.first[arc + 1]
        closed = arcs.node_from[arc] < 0
        if hi - lo < (4 if closed else 2):
            continue
        least, shortest = MIN_WALL_PX, -1
        for wall in range(lo, hi):
            length = _length(arcs, walls, lines, nodes, arc, wall)
            if length < least:
                least, shortest = length, wall
        if shortest >= 0:
            out[shortest] = True
    return out


@inner_jit
def _length(arcs: Arcs, walls: Walls, lines: Floats, nodes: Floats, arc: int, wall: int) -> float:
    """How far a wall leads along its own direction; negative where it is drawn backwards."""
    lo, hi = walls.first[arc], walls.first[arc + 1]
    closed = arcs.node_from[arc] < 0
    spot = np.empty((4, 2))
    if wall > lo or closed:
        before = wall - 1 if wall > lo else hi - 1
        place = arcs.xy[walls.end[before]]
        begin = put_corner(spot, 0, lines, before, wall, place) - 1
        bx, by = spot[begin, 0], spot[begin, 1]
    else:
        node = nodes[arcs.node_from[arc]]
        bx, by = foot(lines, wall, node[0], node[1])
    if wall + 1 < hi or closed:
        after = wall + 1 if wall + 1 < hi else lo
        put_corner(spot, 2, lines, wall, after, arcs.xy[walls.end[wall]])
        ex, ey = spot[2, 0], spot[2, 1]
    else:
        node = nodes[arcs.node_to[arc]]
        ex, ey = foot(lines, wall, node[0], node[1])
    return float((ex - bx) * lines[wall, 0] + (ey - by) * lines[wall, 1])


@jit
def _drop(first: Ints, end: Ints, kind: Ints, dropped: Bools) -> tuple[Ints, Ints, Ints]:
    """Walls without those dropped, whose pixels go to the walls on either side.

    Where both sides have the same fixed class, all three become one wall.
    """
    new_first = np.zeros(len(first), np.int64)
    new_end, new_kind = end.copy(), kind.copy()
    at = 0
    for arc in range(len(first) - 1):
        lo, hi = first[arc], first[arc + 1]
        wall = lo
        while wall < hi:
            if not dropped[wall]:
                new_end[at], new_kind[at] = end[wall], kind[wall]
                at += 1
            elif wall > lo and wall + 1 < hi and kind[wall - 1] == kind[wall + 1] != FREE:
                new_end[at - 1] = end[wall + 1]
                wall += 1
            elif wall + 1 == hi:
                new_end[at - 1] = end[wall]
            elif wall > lo:
                new_end[at - 1] = (end[wall - 1] + end[wall]) // 2
            wall += 1
        new_first[arc + 1] = at
    return new_first, new_end[:at].copy(), new_kind[:at].copy()

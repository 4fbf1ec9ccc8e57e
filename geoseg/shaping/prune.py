"""Drop walls that have no length once their neighbours' lines are known."""

from __future__ import annotations

import numpy as np

from geoseg.kernels.jit import FIRST, inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.corners import CLOSE_CORNER_PX, foot, place_nodes, put_corner
from geoseg.shaping.cut import Walls
from geoseg.shaping.lines import fit_lines
from geoseg.shaping.segment import FREE

MIN_WALL_PX = 0.75
"""Walls shorter than this, or drawn backwards, are dropped."""
ROUNDS = 12
"""Each round drops at most one wall of an arc."""


def prune_walls(arcs: Arcs, walls: Walls, reach: float) -> tuple[Walls, Floats]:
    """Walls that all have some length, as far as this can be had, and their lines; ``reach`` as in ``fit_lines``."""
    loose, lines = np.zeros(len(arcs.node_xy), dtype=np.bool_), fit_lines(arcs, walls, reach)
    for _ in range(ROUNDS):
        nodes = place_nodes(arcs, walls, lines, loose)
        dropped = np.zeros(len(walls.end), dtype=np.bool_)
        topology = arcs.xy, arcs.node_from, arcs.node_to
        _mark_shortest(topology, (walls.first, walls.end), lines, nodes, dropped)
        if not dropped.any():
            break
        walls = _without(walls, dropped)
        lines = fit_lines(arcs, walls, reach)
    return walls, lines


def _without(walls: Walls, dropped: Bools) -> Walls:
    """The other walls, with the pixels of the dropped ones."""
    first, end, kind = np.zeros_like(walls.first), walls.end.copy(), walls.kind.copy()
    _drop((walls.first, walls.end, walls.kind), dropped, (first, end, kind))
    return walls._replace(first=first, end=end[: first[-1]], kind=kind[: first[-1]])


@jit
def _mark_shortest(
    arcs: tuple[Floats, Ints, Ints],
    walls: tuple[Ints, Ints],
    lines: Floats,
    nodes: Floats,
    dropped: Bools,
) -> None:
    """Mark the shortest wall of each arc, where it is too short and not needed."""
    (xy, node_from, node_to), (first, end), spot = arcs, walls, np.empty((4, 2))
    for arc in range(len(node_from)):
        lo, hi = first[arc], first[arc + 1]
        # The nodes at its ends; a closed arc has none.
        ends = node_from[arc], node_to[arc]
        if hi - lo < (4 if ends[0] < 0 else 2):
            continue
        least, shortest = MIN_WALL_PX, -1
        for wall in range(lo, hi):
            length = _length((xy, end, nodes), lines, (lo, hi), ends, wall, spot)
            if length < least:
                least, shortest = length, wall
        if shortest >= 0:
            dropped[shortest] = True


@inner_jit
def _length(
    places: tuple[Floats, Ints, Floats],
    lines: Floats,
    walls: tuple[int, int],
    ends: tuple[int, int],
    wall: int,
    spot: Floats,
) -> float:
    """How far a wall leads along its own direction; negative where it is drawn backwards."""
    (xy, wall_end, nodes), (lo, hi) = places, walls
    closed = ends[0] < 0
    length = 0.0
    for end in range(2):
        # The corner that ends this wall, or the one before it.
        a = wall if end else wall - 1
        b = a + 1
        if closed:
            a, b = (a if a >= lo else hi - 1), (b if b < hi else lo)
        if a < lo or b >= hi:
            node = nodes[ends[1] if end else ends[0]]
            x, y = foot(lines, wall, node[0], node[1])
        else:
            place = xy[wall_end[a]]
            last = put_corner(spot, FIRST, lines, (a, b), place, CLOSE_CORNER_PX) - 1
            at = 0 if end else last
            x, y = spot[at, 0], spot[at, 1]
        along = x * lines[wall, 0] + y * lines[wall, 1]
        length += along if end else -along
    return length


@jit
def _drop(walls: tuple[Ints, Ints, Ints], dropped: Bools, out: tuple[Ints, Ints, Ints]) -> None:
    """Leave out the dropped walls; their pixels go to the walls on either side.

    Where both sides have the same fixed class, all three become one wall. ``walls`` are the first wall of
    each arc, ends and classes, and so is what is written; ends and classes are as in ``walls`` at first.
    """
    (old_first, old_end, old_kind), (first, end, kind) = walls, out
    at = 0
    for arc in range(len(first) - 1):
        lo, hi = old_first[arc], old_first[arc + 1]
        wall = lo
        while wall < hi:
            if not dropped[wall]:
                end[at], kind[at] = old_end[wall], old_kind[wall]
                at += 1
            elif wall + 1 == hi:
                end[at - 1] = old_end[wall]
            elif wall > lo:
                alike = old_kind[wall - 1] == old_kind[wall + 1] != FREE
                if alike:
                    end[at - 1] = old_end[wall + 1]
                    wall += 1
                else:
                    end[at - 1] = (old_end[wall - 1] + old_end[wall]) // 2
            wall += 1
        first[arc + 1] = at

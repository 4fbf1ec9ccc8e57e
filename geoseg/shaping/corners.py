"""From lines to vertices: corners where neighbouring walls meet, nodes where arcs meet."""

from __future__ import annotations

import math

import numpy as np

from geoseg.kernels.jit import FIRST, inner_jit, jit, whole
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.cut import Walls
from geoseg.shaping.lines import walls_at_nodes
from geoseg.shaping.points import NO_NODE

CORNER_PX = 6.0
"""A corner farther than this from where the walls part (more for obtuse ones) is none: a short
wall joins the two instead."""
CLOSE_CORNER_PX = 4.0
"""The same where corners so far out would break a limit, and while walls are judged."""
SHALLOW = 0.2
"""Sine of the angle below which two lines do not meet reliably."""
NODE_PX = 8.0
"""No node moves farther."""
PULL_PX = 4.0
"""A node of simplified walls that lies nearer to a straight one moves onto it."""
OBTUSE = 0.8
"""Sine of the angle below which corners may lie farther from where their walls part."""
STEEP = 0.42
"""Sine of the angle below which a node is not put where two lines cross."""
JOINT_PX = 0.01
"""A wall that misses its node by no more than this (nodes are rounded) needs no joint."""
LEAVING, ARRIVING = whole(1), whole(0)
"""Of an arc at a node."""
ON_LINE_PX = 1e-6
"""A node nearer to a line than this lies on it."""
BEND_PX = 1.0
"""Walls of one line that misses their node by no more bend to it, without joints."""
TINY_PX = 2
"""Walls between nodes that are no longer than so many pixels have no direction of their own."""


def place_nodes(
    arcs: Arcs, walls: Walls, lines: Floats, fixed: Bools, crooked: Bools | None = None
) -> Floats:
    """(k, 2) new places of the nodes; those marked in ``fixed`` (k,) stay.

    Arcs marked in ``crooked`` (a,) have no straight walls: the others place their nodes.
    """
    out, ends = arcs.node_xy.copy(), walls_at_nodes(arcs, walls.first)
    if crooked is None or not crooked.any():
        _place(arcs.node_first, ends, lines, fixed, out)
        return out
    straight = ~crooked[np.abs(arcs.node_arcs) - 1]
    first = np.append(0, np.cumsum(straight))[arcs.node_first]
    ends = ends[straight]
    _place(first, ends, lines, fixed, out)
    _pull(first, ends, lines, fixed | (np.diff(first) == np.diff(arcs.node_first)), out)
    return out


@jit
def _place(first: Ints, ends: Ints, lines: Floats, fixed: Bools, nodes: Floats) -> None:
    for node in range(len(nodes)):
        if not fixed[node]:
            _place_node(nodes[node], ends[first[node] : first[node + 1]], lines)


@jit
def _pull(first: Ints, ends: Ints, lines: Floats, fixed: Bools, nodes: Floats) -> None:
    """Put nodes near a line onto it: a joint to the line could run into a crooked wall."""
    for node in range(len(nodes)):
        if fixed[node]:
            continue
        least, x, y = PULL_PX, nodes[node, 0], nodes[node, 1]
        for end in range(first[node], first[node + 1]):
            px, py = foot(lines, ends[end, 0], x, y)
            gap = math.sqrt(_square(px - x, py - y))
            if gap < least - ON_LINE_PX:
                least, nodes[node, 0], nodes[node, 1] = gap, px, py


@inner_jit
def _place_node(node: Floats, ends: Ints, lines: Floats) -> None:
    """Put the node where two of its walls cross, so that the other walls reach it too.

    Where a party wall meets two house fronts that are out of line, it must end at the nearer front:
    else the joint to the other front would run along the party wall.
    """
    x, y = node[0], node[1]
    best = np.inf
    for a in range(len(ends)):
        for b in range(a + 1, len(ends)):
            crossing = cross(lines, ends[a, 0], ends[b, 0])
            if abs(crossing) < STEEP:
                continue
            px, py = meet(lines, ends[a, 0], ends[b, 0], crossing)
            gap = math.sqrt(_square(px - x, py - y))
            if gap > NODE_PX:
                continue
            badness = gap + 100.0 * _doubled(ends, lines, px, py)
            if badness < best - ON_LINE_PX:
                best = badness
                node[0], node[1] = px, py
    if best == np.inf:
        _put_onto_wall(node, ends, lines)


@inner_jit
def _put_onto_wall(node: Floats, ends: Ints, lines: Floats) -> None:
    """Put a node whose walls do not cross, but follow each other, onto the one that spares most.

    Beside a line the way to the node and back would be a spike in the houses on either side.
    """
    x, y, best = node[0], node[1], np.inf
    for a in range(len(ends)):
        px, py = foot(lines, ends[a, 0], x, y)
        joints = math.sqrt(_square(px - x, py - y))
        if joints > PULL_PX:
            continue
        for b in range(len(ends)):
            fx, fy = foot(lines, ends[b, 0], px, py)
            joints += math.sqrt(_square(fx - px, fy - py))
        if joints < best - ON_LINE_PX:
            best = joints
            node[0], node[1] = px, py


@inner_jit
def _doubled(ends: Ints, lines: Floats, px: float, py: float) -> int:
    """Number of walls that miss p and whose joint to p would run along another wall."""
    count = 0
    for c in range(len(ends)):
        fx, fy = foot(lines, ends[c, 0], px, py)
        length = math.sqrt(_square(fx - px, fy - py))
        if length <= ON_LINE_PX:
            continue
        for other in range(len(ends)):
            v = ends[other, 0]
            along = ends[other, 1] * (lines[v, 0] * (fx - px) + lines[v, 1] * (fy - py))
            off = abs(lines[v, 0] * py - lines[v, 1] * px - lines[v, 2])
            if other != c and along > 0.9 * length and off <= ON_LINE_PX:
                count += 1
    return count


@inner_jit
def cross(lines: Floats, a: int, b: int) -> float:
    """Sine of the angle from line a to line b."""
    return float(lines[a, 0] * lines[b, 1] - lines[a, 1] * lines[b, 0])


@inner_jit
def meet(lines: Floats, a: int, b: int, crossing: float) -> tuple[float, float]:
    """Where two lines cross: -uy x + ux y = c for both."""
    px = (lines[a, 2] * lines[b, 0] - lines[b, 2] * lines[a, 0]) / crossing
    py = (lines[a, 2] * lines[b, 1] - lines[b, 2] * lines[a, 1]) / crossing
    return px, py


@inner_jit
def foot(lines: Floats, w: int, x: float, y: float) -> tuple[float, float]:
    """Nearest point of a line."""
    miss = lines[w, 0] * y - lines[w, 1] * x - lines[w, 2]
    return x + lines[w, 1] * miss, y - lines[w, 0] * miss


def are_tiny(arcs: Arcs) -> Bools:
    """(a,) True for arcs so short that they lead straight from node to node."""
    return np.asarray((arcs.node_from != NO_NODE) & (np.diff(arcs.first) <= TINY_PX + 1))


def draw_arcs(
    arcs: Arcs, walls: Walls, lines: Floats, nodes: Floats, corner_px: Floats, tiny: Bools
) -> tuple[Floats, Ints]:
    """Vertices of all arcs, nodes included, and (a + 1,) where each arc's vertices begin.

    ``corner_px`` (a,) is how far from where its walls part each arc may have a corner; ``tiny`` (a,) marks
    those that lead straight from node to node.
    """
    out = np.empty((2 * len(walls.end) + 4 * len(arcs.first), 2))
    first, bare = np.zeros(len(arcs.first), np.int64), np.zeros((len(arcs.near), 2), np.bool_)
    ends = walls_at_nodes(arcs, walls.first)
    _mark_bent(arcs.node_first, arcs.node_arcs, ends, lines, nodes, bare)
    bare[tiny] = True
    topology = arcs.xy, arcs.node_from, arcs.node_to
    _draw(topology, (walls.first, walls.end), lines, (nodes, corner_px, bare), (out, first))
    return out[: first[-1]].copy(), first


@jit
def _mark_bent(
    first: Ints, node_arcs: Ints, ends: Ints, lines: Floats, nodes: Floats, out: Bools
) -> None:
    """Mark the ends (a, 2), ARRIVING and LEAVING, of arcs that bend to a node beside their line.

    Where two walls of one line do, joints to the node and back would be a spike.
    """
    for node in range(len(nodes)):
        x, y = nodes[node, 0], nodes[node, 1]
        for a in range(first[node], first[node + 1]):
            px, py = foot(lines, ends[a, 0], x, y)
            if not JOINT_PX * JOINT_PX < _square(px - x, py - y) <= BEND_PX * BEND_PX:
                continue
            for b in range(first[node], first[node + 1]):
                fx, fy = foot(lines, ends[b, 0], x, y)
                if a != b and _square(fx - px, fy - py) <= JOINT_PX * JOINT_PX:
                    out[abs(node_arcs[a]) - 1, LEAVING if node_arcs[a] > 0 else ARRIVING] = True


@jit
def _draw(
    arcs: tuple[Floats, Ints, Ints],
    walls: tuple[Ints, Ints],
    lines: Floats,
    places: tuple[Floats, Floats, Bools],
    drawn: tuple[Floats, Ints],
) -> None:
    (xy, node_from, node_to), (wall_first, wall_end) = arcs, walls
    (nodes, corner_px, bare), (out, first) = places, drawn
    at = FIRST
    for arc in range(len(node_from)):
        lo, hi = wall_first[arc], wall_first[arc + 1]
        closed = node_from[arc] < 0
        begin = at
        if not closed:
            at = _put_node(out, at, lines, lo, nodes[node_from[arc]], bare[arc], LEAVING)
        for wall in range(lo, hi):
            after = wall + 1
            if after == hi:
                if not closed:
                    break
                after = lo
            place = xy[wall_end[wall]]
            at = put_corner(out, at, lines, (wall, after), place, corner_px[arc])
        if closed:
            out[at, 0], out[at, 1] = out[begin, 0], out[begin, 1]
            at += 1
        else:
            at = _put_node(out, at, lines, hi - 1, nodes[node_to[arc]], bare[arc], ARRIVING)
        first[arc + 1] = at


@inner_jit
def _put_node(
    out: Floats, at: int, lines: Floats, wall: int, node: Floats, bare: Bools, leaving: int
) -> int:
    """Write a node, and before it (after it where ``leaving``) the joint to a wall that misses it.

    ``bare`` (2,) marks the ends of the arc that go without.
    """
    fx, fy = foot(lines, wall, node[0], node[1])
    misses = _square(fx - node[0], fy - node[1]) > JOINT_PX * JOINT_PX
    joint = int(misses and not bare[leaving])
    if joint:
        out[at + leaving, 0], out[at + leaving, 1] = fx, fy
    here = at + joint - joint * leaving
    out[here, 0], out[here, 1] = node[0], node[1]
    return at + 1 + joint


@inner_jit
def put_corner(
    out: Floats, at: int, lines: Floats, walls: tuple[int, int], place: Floats, limit: float
) -> int:
    """Write the corner of two walls that part at a place: one vertex, or two and a joint.

    A corner too far out is cut straight through the place, both walls by the same length: so the
    cut stays the same wherever on it the walls part.
    """
    a, b = walls
    crossing = cross(lines, a, b)
    steep = abs(crossing)
    if steep <= SHALLOW:
        _put_step(out, at, lines, walls, place)
        return at + 2
    x, y = meet(lines, a, b, crossing)
    reach = limit if steep > OBTUSE else limit / (steep + 1.0 - OBTUSE)
    if _square(x - place[0], y - place[1]) <= reach * reach:
        out[at, 0], out[at, 1] = x, y
        return at + 1
    tx, ty = lines[a, 0] - lines[b, 0], lines[a, 1] - lines[b, 1]
    back = 2.0 * ((x - place[0]) * tx + (y - place[1]) * ty) / (tx * tx + ty * ty)
    for side in range(2):
        wall, way = (b, back) if side else (a, -back)
        px, py = x + way * lines[wall, 0], y + way * lines[wall, 1]
        if back <= 0.0:
            px, py = foot(lines, wall, place[0], place[1])
        out[at + side, 0], out[at + side, 1] = px, py
    return at + 2


@inner_jit
def _put_step(out: Floats, at: int, lines: Floats, walls: tuple[int, int], place: Floats) -> None:
    """Write the ends of the joint that leads through a place, square to the mean of two walls.

    So the joint stays the same wherever between its ends the walls part.
    """
    a, b = walls
    same = 1.0 if lines[a, 0] * lines[b, 0] + lines[a, 1] * lines[b, 1] > 0.0 else -1.0
    mx, my = lines[a, 0] + same * lines[b, 0], lines[a, 1] + same * lines[b, 1]
    for side in range(2):
        wall = b if side else a
        ux, uy = lines[wall, 0], lines[wall, 1]
        far = (lines[wall, 2] - ux * place[1] + uy * place[0]) / (ux * mx + uy * my)
        out[at + side, 0], out[at + side, 1] = place[0] - far * my, place[1] + far * mx


@inner_jit
def _square(dx: float, dy: float) -> float:
    return dx * dx + dy * dy

"""One straight line per wall; walls that continue each other through a node share theirs."""

from __future__ import annotations

import numpy as np

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.direction import CORRELATION_PX, find
from geoseg.shaping.segment import FREE, moments
from geoseg.shaping.walls import Walls

TRIM_PX = 2
"""Samples left out at either end of a wall, where masks round the corner off."""
TRIM_SHARE = 6
"""But never more than one in so many samples at either end."""
PARALLEL = 0.9998
"""Cosine of one degree: walls that differ by less have one direction."""
CHAIN_MIN_PX, CHAIN_MAX_PX = 0.6, 2.5
"""Walls farther out of line than the upper bound never share a line, nearer than the lower always."""


@jit
def fit_lines(arcs: Arcs, walls: Walls) -> Floats:
    """(w, 3) unit direction (ux, uy) along the arc, and offset c: points p with -uy x + ux y = c."""
    lines, weight = _single_lines(arcs, walls)
    begin, ends = ends_at_nodes(arcs, walls.first)
    parent = np.arange(len(lines))
    noise = _noise_of_walls(arcs, walls)
    for node in range(len(arcs.node_xy)):
        for a in range(begin[node], begin[node + 1]):
            for b in range(a + 1, begin[node + 1]):
                u, v = ends[a, 0], ends[b, 0]
                if u == v or walls.kind[u] == FREE or walls.kind[v] == FREE:
                    continue
                sign = ends[a, 1] * ends[b, 1]
                sigma = noise[u] * np.sqrt(
                    CORRELATION_PX / max(weight[u], 1.0) + CORRELATION_PX / max(weight[v], 1.0)
                )
                if _continue(lines, u, v, sign, arcs.node_xy[node], sigma):
                    u, v = find(parent, u), find(parent, v)
                    parent[max(u, v)] = min(u, v)
    return _share_lines(lines, weight, parent)


@inner_jit
def _noise_of_walls(arcs: Arcs, walls: Walls) -> Floats:
    out = np.empty(len(walls.end))
    for arc in range(len(arcs.near)):
        out[walls.first[arc] : walls.first[arc + 1]] = walls.noise[arcs.near[arc]]
    return out


@inner_jit
def _single_lines(arcs: Arcs, walls: Walls) -> tuple[Floats, Floats]:
    """The line of each wall, fitted to its samples but for those near its ends; its weight."""
    xy = arcs.xy
    lines, weight = np.zeros((len(walls.end), 3)), np.zeros(len(walls.end))
    for arc in range(len(arcs.near)):
        i, origin = arcs.first[arc], xy[arcs.first[arc]]
        for wall in range(walls.first[arc], walls.first[arc + 1]):
            j, kind = walls.end[wall], walls.kind[wall]
            trim = min(TRIM_PX, (j - i) // TRIM_SHARE)
            w, x, y, _, d, c = moments(walls.sums, i + trim, j - trim)
            phi = 0.5 * np.arctan2(c, d)
            if kind != FREE:
                phi = angle_of(walls.theta[walls.owner[arc]], kind)
            ux, uy = np.cos(phi), np.sin(phi)
            if ux * (xy[j, 0] - xy[i, 0]) + uy * (xy[j, 1] - xy[i, 1]) < 0.0:
                ux, uy = -ux, -uy
            lines[wall, 0], lines[wall, 1] = ux, uy
            lines[wall, 2] = ux * (y + origin[1]) - uy * (x + origin[0])
            weight[wall] = w
            i = j
    return lines, weight


@inner_jit
def angle_of(theta: float, kind: int) -> float:
    """Angle of a wall of a fixed class."""
    return theta + (0.0, 0.5 * np.pi, 0.25 * np.pi, 0.75 * np.pi)[kind]


@inner_jit
def ends_at_nodes(arcs: Arcs, wall_first: Ints) -> tuple[Ints, Ints]:
    """Ends of arcs at each node: (nodes + 1,) beginnings; (e, 2) wall, +1 if it leaves or -1."""
    begin = np.zeros(len(arcs.node_xy) + 1, np.int64)
    for arc in range(len(arcs.near)):
        if arcs.node_from[arc] >= 0:
            begin[arcs.node_from[arc] + 1] += 1
            begin[arcs.node_to[arc] + 1] += 1
    begin = np.cumsum(begin)
    at, out = begin[:-1].copy(), np.empty((begin[-1], 2), np.int64)
    for arc in range(len(arcs.near)):
        if arcs.node_from[arc] < 0:
            continue
        k = arcs.node_from[arc]
        out[at[k], 0], out[at[k], 1] = wall_first[arc], 1
        at[k] += 1
        k = arcs.node_to[arc]
        out[at[k], 0], out[at[k], 1] = wall_first[arc + 1] - 1, -1
        at[k] += 1
    return begin, out


@inner_jit
def _continue(lines: Floats, a: int, b: int, sign: int, place: Floats, sigma: float) -> bool:
    """Whether two walls that end at a place are one wall, as far as the noise lets one tell.

    ``sign`` is -1 where one arrives and the other leaves; ``sigma`` what their offsets differ by.
    """
    if sign * (lines[a, 0] * lines[b, 0] + lines[a, 1] * lines[b, 1]) > -PARALLEL:
        return False
    miss_a = lines[a, 0] * place[1] - lines[a, 1] * place[0] - lines[a, 2]
    miss_b = lines[b, 0] * place[1] - lines[b, 1] * place[0] - lines[b, 2]
    return bool(abs(miss_a + sign * miss_b) <= min(CHAIN_MAX_PX, max(CHAIN_MIN_PX, 2.5 * sigma)))


@inner_jit
def _share_lines(lines: Floats, weight: Floats, parent: Ints) -> Floats:
    """Give all walls of a set the weighted mean line, directed as each wall runs."""
    total, offset = np.zeros(len(lines)), np.zeros(len(lines))
    sign = np.ones(len(lines))
    for wall in range(len(lines)):
        root = find(parent, wall)
        if lines[wall, 0] * lines[root, 0] + lines[wall, 1] * lines[root, 1] < 0.0:
            sign[wall] = -1.0
        total[root] += weight[wall]
        offset[root] += weight[wall] * sign[wall] * lines[wall, 2]
    out = lines.copy()
    for wall in range(len(lines)):
        root = find(parent, wall)
        if root != wall or total[root] != weight[root]:
            out[wall, 0], out[wall, 1] = sign[wall] * lines[root, 0], sign[wall] * lines[root, 1]
            out[wall, 2] = sign[wall] * offset[root] / max(total[root], 1e-12)
    return out

"""One straight line per wall; walls that continue each other through a node share theirs."""

from __future__ import annotations

import math

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.cut import Walls
from geoseg.shaping.direction import find, turn_between
from geoseg.shaping.segment import (
    ACROSS,
    ALONG,
    FREE,
    NO_ENDS,
    likely_moments,
    moments,
)
from geoseg.shaping.turning import CORRELATION_PX

SHORT = 30
"""Oblique walls of fewer samples (legs of bays, cut corners) meet others at blunt angles, where masks
hardly tell which samples are whose: as long as walls may end anywhere, those near their ends do not count."""
TRIM_PX = 2
"""Samples left out at either end of those."""
TRIM_SHARE = 4
"""But never more than one in so many samples at either end."""
PARALLEL = 0.9998
"""Cosine of one degree: walls that differ by less have one direction."""
ANGLES = (0.0, 0.5 * np.pi, 0.25 * np.pi, 0.75 * np.pi)
"""Angle of a wall of each fixed class to its building's direction."""
CHAIN_MIN_PX, CHAIN_MAX_PX = 0.6, 2.5
"""Walls farther out of line than the upper bound never share a line, nearer than the lower always."""


def fit_lines(arcs: Arcs, walls: Walls, reach: float) -> Floats:
    """(w, 3) unit direction (ux, uy) along the arc, and offset c: points p with -uy x + ux y = c.

    ``reach`` is over how many pixels the correlation of the noise falls off, 0 where that is not known, or not yet where
    walls end.
    """
    count = len(walls.end)
    lines, weight, parent = np.zeros((count, 3)), np.zeros(count), np.arange(count)
    noise = np.repeat(walls.noise[arcs.near], np.diff(walls.first))
    nodes = arcs.node_first, walls_at_nodes(arcs, walls.first), arcs.node_xy
    _fit((arcs.xy, arcs.first), walls, nodes, (noise, reach), (lines, weight, parent))
    return _shared(lines, weight, parent)


def walls_at_nodes(arcs: Arcs, wall_first: Ints) -> Ints:
    """(e, 2) the wall in which each of ``node_arcs`` begins or ends, and 1 if it leaves or -1."""
    arc = np.abs(arcs.node_arcs) - 1
    wall = np.where(arcs.node_arcs > 0, wall_first[arc], wall_first[arc + 1] - 1)
    return np.column_stack([wall, np.sign(arcs.node_arcs)])


@jit
def _fit(
    arcs: tuple[Floats, Ints],
    walls: Walls,
    nodes: tuple[Ints, Ints, Floats],
    known: tuple[Floats, float],
    out: tuple[Floats, Floats, Ints],
) -> None:
    """Write each wall's own line and weight, and the first wall of those that share a line."""
    (lines, weight, parent), (noise, reach) = out, known
    _single_lines(arcs, walls, reach, lines, weight)
    first, ends, place = nodes
    for node in range(len(place)):
        for a in range(first[node], first[node + 1]):
            for b in range(a + 1, first[node + 1]):
                u, v = ends[a, 0], ends[b, 0]
                if u == v or walls.kind[u] == FREE or walls.kind[v] == FREE:
                    continue
                sigma = noise[u] * math.sqrt(
                    CORRELATION_PX / (1.0 + weight[u]) + CORRELATION_PX / (1.0 + weight[v])
                )
                if _continue(lines, u, v, ends[a, 1] * ends[b, 1], place[node], sigma):
                    u, v = find(parent, u), find(parent, v)
                    if u < v:
                        parent[v] = u
                    else:
                        parent[u] = v
    for wall in range(len(parent)):
        parent[wall] = find(parent, wall)


@inner_jit
def _single_lines(
    arcs: tuple[Floats, Ints], walls: Walls, reach: float, lines: Floats, weight: Floats
) -> None:
    """The line of each wall, fitted to its samples, and its weight."""
    xy, first = arcs
    for arc in range(len(first) - 1):
        i = first[arc]
        x0, y0 = xy[i, 0], xy[i, 1]
        theta = walls.theta[walls.owner[arc]]
        theta += 0.5 * turn_between(walls.theta[walls.other[arc]], theta)
        for wall in range(walls.first[arc], walls.first[arc + 1]):
            j, kind = walls.end[wall], walls.kind[wall]
            if reach <= 0.0 and j - i < SHORT and kind not in (ALONG, ACROSS):
                trim = min(TRIM_PX, (j - i) // TRIM_SHARE)
                _, x, y, _, d, c = moments(walls.sums, i + trim, j - trim, NO_ENDS)
            else:
                _, x, y, _, d, c = likely_moments(walls.sums, i, j, reach)
            phi = 0.5 * math.atan2(c, d)
            if kind != FREE:
                phi = theta + ANGLES[kind]
            ux, uy = math.cos(phi), math.sin(phi)
            if ux * (xy[j, 0] - xy[i, 0]) + uy * (xy[j, 1] - xy[i, 1]) < 0.0:
                ux, uy = -ux, -uy
            lines[wall, 0], lines[wall, 1] = ux, uy
            lines[wall, 2] = ux * (y + y0) - uy * (x + x0)
            weight[wall] = walls.sums[j, 0] - walls.sums[i, 0]
            i = j


@inner_jit
def _continue(lines: Floats, a: int, b: int, sign: int, place: Floats, sigma: float) -> bool:
    """Whether two walls that end at a place are one wall, as far as the noise lets one tell.

    ``sign`` is -1 where one arrives and the other leaves; ``sigma`` what their offsets differ by.
    """
    if sign * (lines[a, 0] * lines[b, 0] + lines[a, 1] * lines[b, 1]) > -PARALLEL:
        return False
    miss_a = lines[a, 0] * place[1] - lines[a, 1] * place[0] - lines[a, 2]
    miss_b = lines[b, 0] * place[1] - lines[b, 1] * place[0] - lines[b, 2]
    miss = abs(miss_a + sign * miss_b)
    return bool(miss <= CHAIN_MIN_PX or (miss <= CHAIN_MAX_PX and miss <= 2.5 * sigma))


def _shared(lines: Floats, weight: Floats, root: Ints) -> Floats:
    """Give all walls of a set the weighted mean line, directed as each wall runs."""
    heads = lines[root]
    along = lines[:, 0] * heads[:, 0] + lines[:, 1] * heads[:, 1]
    sign = np.where(along < 0.0, -1.0, 1.0)
    total = np.bincount(root, weight, minlength=len(root))
    offset = np.bincount(root, weight * sign * lines[:, 2], minlength=len(root))
    mean = offset[root] / np.maximum(total[root], 1e-12)
    several = np.bincount(root, minlength=len(root))[root] > 1
    together = np.column_stack([heads[:, 0], heads[:, 1], mean]) * sign[:, None]
    return np.where(several[:, None], together, lines)

"""The rings of coverages as points a pixel apart, with the vertices and edges that rings share."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.pairs import number_pairs
from geoseg.shaping.rings import rings_of

THROUGH = 2
"""Number of edges at a vertex that is no node."""
SLACK = 1e-9
"""What an edge may be longer than a pixel, pixels."""
NO_NODE = -1
"""A point that lies at no node."""


class Points(NamedTuple):
    """Rings cut into edges of at most a pixel."""

    xy: Floats
    """(n, 2) vertices of all rings, without the closing ones."""
    corner: Bools
    """(n,) True for those that the rings had before their edges were cut."""
    first: Ints
    """(r + 1,) where each ring begins."""
    polygon: Ints
    """(r,) polygon of each ring; the first ring of a polygon is its shell."""
    edge: Ints
    """(n,) number of the edge from each point to the next; the same in both rings that share it."""
    node: Ints
    """(n,) number of the node at each point, or NO_NODE."""
    node_xy: Floats
    """(k, 2) place of the nodes."""


def cut_rings(polygons: Polygons, group: Ints) -> Points:
    """Points of the rings of coverages; (n,) ``group``, ascending, tells the coverages apart.

    Each coverage may have its own origin: equal places in different groups are different vertices.
    """
    corners, begin, polygon = rings_of(polygons)
    first = np.zeros(len(begin), np.int64)
    _count_points(corners, begin, first)
    xy, is_corner = np.empty((first[-1], 2)), np.zeros(first[-1], np.bool_)
    _cut_edges(corners, begin, xy, is_corner)
    home = group[polygon]
    begins = np.append(first[:-1][np.append(True, home[1:] != home[:-1])], first[-1])
    x, y = np.ascontiguousarray(xy.T).view(np.int64)
    vertex, place = number_pairs(x, y, begins)
    low, high = np.empty(len(xy), np.int64), np.empty(len(xy), np.int64)
    _ends(vertex, first, low, high)
    edge, shown = number_pairs(low, high, begins)
    degree = np.bincount(low[shown], minlength=len(place))
    degree += np.bincount(high[shown], minlength=len(place))
    is_node: Bools = degree != THROUGH
    node = np.where(is_node, np.cumsum(is_node) - 1, NO_NODE)[vertex]
    return Points(xy, is_corner, first, polygon, edge, node, xy[place[is_node]])


def bounds(sorted_numbers: Ints, count: int) -> Ints:
    """(count + 1,) where each number begins in an ascending list."""
    return np.searchsorted(sorted_numbers, np.arange(count + 1)).astype(np.int64)


@jit
def _count_points(corners: Floats, begin: Ints, first: Ints) -> None:
    """Write where the points of each ring begin."""
    for ring in range(len(begin) - 1):
        count = first[ring]
        for i in range(begin[ring], begin[ring + 1] - 1):
            count += pieces(corners, i)
        first[ring + 1] = count


@inner_jit
def pieces(corners: Floats, i: int) -> int:
    """Number of equal pieces of at most a pixel that edge i is cut into."""
    dx, dy = corners[i + 1, 0] - corners[i, 0], corners[i + 1, 1] - corners[i, 1]
    return max(1, math.ceil(math.sqrt(dx * dx + dy * dy) - SLACK))


@jit
def _cut_edges(corners: Floats, begin: Ints, out: Floats, is_corner: Bools) -> None:
    """Write the points of all rings, and mark those that are corners.

    Edges are cut from their lower left end, so that both polygons of a shared edge get the very
    same numbers.
    """
    at = 0
    for ring in range(len(begin) - 1):
        for i in range(begin[ring], begin[ring + 1] - 1):
            count = pieces(corners, i)
            x, y, x1, y1 = corners[i, 0], corners[i, 1], corners[i + 1, 0], corners[i + 1, 1]
            back = x1 < x or (x1 == x and y1 < y)
            dx, dy = abs(x1 - x), (y - y1 if back else y1 - y)
            out[at, 0], out[at, 1] = x + 0.0, y + 0.0  # no negative zeros
            is_corner[at] = True
            if back:
                x, y = x1, y1
            for k in range(1, count):
                part = count - k if back else k
                out[at + k, 0] = x + dx * part / count + 0.0
                out[at + k, 1] = y + dy * part / count + 0.0
            at += count


@jit
def _ends(vertex: Ints, first: Ints, low: Ints, high: Ints) -> None:
    """Write the two vertices of the edge from each point to the next, the smaller one first."""
    for ring in range(len(first) - 1):
        for i in range(first[ring], first[ring + 1]):
            after = vertex[i + 1] if i + 1 < first[ring + 1] else vertex[first[ring]]
            low[i], high[i] = min(vertex[i], after), max(vertex[i], after)

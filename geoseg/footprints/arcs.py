"""Cracks between pixels, chained into arcs: the walls that neighbouring buildings share.

An arc runs from node to node, or is a loop that meets no node. Every arc is traced once, carries
the key on either side, and starts and runs in a way that follows from its own cracks alone: at its
smaller end node (row, then column), a loop on one node with its smaller first direction, a loop
without a node at its smallest vertex and to the right. Two pieces that share an arc therefore get
the same vertices in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geoseg.types import Cluster

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Headings = NDArray[np.int8]
Lattice = tuple[Floats, Ints, Ints, Bools]
"""Points (n, 2), the crack and the next point in each direction (n, 4), and which are nodes."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Arcs of one cluster, one after the other."""

    xy: Floats
    """(n, 2) vertices of all arcs: column and row on the lattice of pixel corners; both end points
    of an arc are held, so a loop repeats its first vertex."""
    offset: Ints
    """(arcs + 1,) arc i owns ``xy[offset[i]:offset[i + 1]]``."""
    left: Ints
    """(arcs,) key to the left of the direction of travel, with rows pointing down."""
    right: Ints
    """(arcs,) key to the right."""
    end: Ints
    """(arcs, 2) number of the first and of the last vertex; arcs meet where numbers are equal."""
    heading: Headings
    """(arcs, 2) direction of the first and of the last step: 0 right, 1 down, 2 left, 3 up."""
    closed: Bools
    """(arcs,) True for a loop that meets no node, so that none of its vertices must stay."""


def trace(cluster: Cluster) -> Arcs:
    """Chain the cracks of a cluster; vertices on straight runs are left out."""
    return Arcs(
        *_trace(
            cluster.crack_row.astype(np.int64),
            cluster.crack_col.astype(np.int64),
            cluster.crack_vertical,
            cluster.crack_before,
            cluster.crack_after,
            cluster.nodes.astype(np.int64),
        )
    )


@njit(cache=True, nogil=True)
def _index_vertices(row: Ints, col: Ints, vertical: Bools, nodes: Ints) -> Lattice:
    """Number the lattice points in raster order; crack_at[v, d] leaves v in direction d."""
    n = row.size
    col_min = col.min()
    span = col.max() - col_min + 2
    code = np.empty(2 * n, np.int64)
    for i in range(n):
        code[i] = row[i] * span + col[i] - col_min
        code[n + i] = code[i] + (span if vertical[i] else 1)
    points = np.unique(code)
    crack_at = np.full((points.size, 4), -1, np.int64)
    for i in range(n):
        a = np.searchsorted(points, code[i])
        b = np.searchsorted(points, code[n + i])
        crack_at[a, 1 if vertical[i] else 0] = i
        crack_at[b, 3 if vertical[i] else 2] = i
    is_node = (crack_at >= 0).sum(axis=1) != 2  # noqa: PLR2004
    for i in range(len(nodes)):
        wanted = nodes[i, 0] * span + nodes[i, 1] - col_min
        v = np.searchsorted(points, wanted)
        if v < points.size and points[v] == wanted:
            is_node[v] = True
    neighbour = np.full((points.size, 4), -1, np.int64)
    step = np.array([1, span, -1, -span])
    for v in range(points.size):
        for d in range(4):
            if crack_at[v, d] >= 0:
                neighbour[v, d] = np.searchsorted(points, points[v] + step[d])
    xy = np.empty((points.size, 2), np.float64)
    xy[:, 0] = points % span + col_min
    xy[:, 1] = points // span
    return xy, crack_at, neighbour, is_node


@njit(cache=True, nogil=True)
def _follow(
    start: int, heading: int, lattice: Lattice, used: Bools, xy: Floats, size: int
) -> tuple[int, int, int]:
    """Write one arc's vertices from ``xy[size]`` on; give its last point, heading and new size."""
    point, crack_at, neighbour, is_node = lattice
    xy[size] = point[start]
    size += 1
    here = start
    while True:
        used[crack_at[here, heading]] = True
        here = neighbour[here, heading]
        if here == start or is_node[here]:
            break
        turned = heading
        for d in range(4):
            if d != (heading + 2) % 4 and crack_at[here, d] >= 0:
                turned = d
        if turned != heading:
            xy[size] = point[here]
            size += 1
        heading = turned
    xy[size] = point[here]
    return here, heading, size + 1


@njit(cache=True, nogil=True)
def _trace(
    row: Ints, col: Ints, vertical: Bools, before: Ints, after: Ints, nodes: Ints
) -> tuple[Floats, Ints, Ints, Ints, Ints, Headings, Bools]:
    lattice = _index_vertices(row, col, vertical, nodes)
    _, crack_at, _, is_node = lattice
    n = row.size
    used = np.zeros(n, np.bool_)
    xy = np.empty((2 * n, 2), np.float64)
    offset = np.zeros(n + 1, np.int64)
    left, right = np.empty(n, np.int64), np.empty(n, np.int64)
    end, heading = np.empty((n, 2), np.int64), np.empty((n, 2), np.int8)
    arcs = 0
    # First every arc that leaves a node; the cracks that remain are loops without a node.
    for only_nodes in (True, False):
        for start in range(len(is_node)):
            if only_nodes and not is_node[start]:
                continue
            for first in range(4):
                crack = crack_at[start, first]
                if crack < 0 or used[crack]:
                    continue
                before_is_left = first in (0, 3)
                left[arcs] = before[crack] if before_is_left else after[crack]
                right[arcs] = after[crack] if before_is_left else before[crack]
                here, last, size = _follow(start, first, lattice, used, xy, offset[arcs])
                end[arcs, 0], end[arcs, 1] = start, here
                heading[arcs, 0], heading[arcs, 1] = first, last
                arcs += 1
                offset[arcs] = size
    held = xy[: offset[arcs]].copy(), offset[: arcs + 1].copy()
    end, closed = end[:arcs], ~is_node[end[:arcs, 0]]
    return held + (left[:arcs], right[:arcs], end, heading[:arcs], closed)  # noqa: RUF005

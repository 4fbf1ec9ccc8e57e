"""Cracks between pixels, chained into arcs: the walls that neighbouring buildings share.

An arc runs from node to node, or is a loop that meets no node. Every arc is traced once, carries
the key on either side, and starts and runs in a way that follows from its own cracks alone: at its
smaller end node (row, then column), a loop on one node with its smaller first direction, a loop
without a node at its smallest vertex and to the right. Two pieces that share an arc therefore get
the same vertices in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import inner_jit, jit
from geoseg.types import Cluster

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Headings = NDArray[np.int8]
MOST_ROOM = 32
"""Places of a table per code that is looked up in it: in larger ones looking up takes longer than sorting."""
CrackGraph = tuple[Floats, Ints, Ints, Bools]
"""Points (n, 2), the crack and the next point in each direction (n, 4), and which are nodes."""


@dataclass(frozen=True, slots=True)
class CrackArcs:
    """Arcs of clusters, one after the other."""

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
    cluster: Ints
    """(arcs,) position of the cluster among those that were traced."""


def trace(clusters: Sequence[Cluster]) -> CrackArcs:
    """Chain the cracks of clusters, none of which sees another; vertices on straight runs are left out."""
    graph, home = _graph(clusters)
    is_node, n = graph[3], sum(len(one.crack_row) for one in clusters)
    xy, offset = np.empty((2 * n, 2)), np.zeros(n + 1, np.int64)
    left, right = np.empty(n, np.int64), np.empty(n, np.int64)
    end, heading = np.empty((n, 2), np.int64), np.empty((n, 2), np.int8)
    before = _joined(one.crack_before for one in clusters)
    after = _joined(one.crack_after for one in clusters)
    arcs = _trace(
        graph, (before, after), np.zeros(n, np.bool_), (xy, offset, left, right, end, heading)
    )
    return CrackArcs(
        xy=xy[: offset[arcs]].copy(),
        offset=offset[: arcs + 1].copy(),
        left=left[:arcs],
        right=right[:arcs],
        end=end[:arcs],
        heading=heading[:arcs],
        closed=~is_node[end[:arcs, 0]],
        cluster=home[end[:arcs, 0]],
    )


def _joined(arrays: Iterable[NDArray[np.generic]]) -> Ints:
    """One array of whole numbers."""
    return np.concatenate(list(arrays)).astype(np.int64)


def _graph(clusters: Sequence[Cluster]) -> tuple[CrackGraph, Ints]:
    """Number the lattice points cluster by cluster in raster order, and tell the cluster of each.

    crack_at[v, d] leaves v in direction d.
    """
    row = _joined(one.crack_row for one in clusters)
    col = _joined(one.crack_col for one in clusters)
    sizes = [len(one.crack_row) for one in clusters]
    first = np.cumsum([0, *sizes[:-1]])
    top, left = np.minimum.reduceat(row, first), np.minimum.reduceat(col, first)
    span = np.maximum.reduceat(col, first) - left + 2
    # Every cluster has its own codes, those of its box, behind those of the clusters before.
    room = span * (np.maximum.reduceat(row, first) - top + 2)
    shift = np.cumsum(room) - room - top * span - left
    owner = np.repeat(np.arange(len(sizes)), sizes)
    code = row * span[owner] + col + shift[owner]
    direction = _joined(one.crack_vertical for one in clusters)
    points, number = _numbered(np.append(code, code + np.where(direction, span[owner], 1)))
    begin, finish = number.reshape(2, -1)
    crack_at, neighbour = np.full((2, len(points), 4), -1, np.int64)
    crack_at[begin, direction] = crack_at[finish, direction + 2] = np.arange(len(row))
    neighbour[begin, direction], neighbour[finish, direction + 2] = finish, begin
    is_node = (crack_at >= 0).sum(axis=1) != 2  # noqa: PLR2004
    nodes = _joined(one.nodes for one in clusters)
    if len(nodes):
        owner = np.repeat(np.arange(len(sizes)), [len(one.nodes) for one in clusters])
        wanted = nodes[:, 0] * span[owner] + nodes[:, 1] + shift[owner]
        place = np.minimum(np.searchsorted(points, wanted), len(points) - 1)
        is_node[place[points[place] == wanted]] = True
    home = np.searchsorted(np.cumsum(room), points, side="right")
    within = points - shift[home] - left[home]
    point = np.empty((len(points), 2))
    point[:, 0], point[:, 1] = within % span[home] + left[home], within // span[home]
    return (point, crack_at, neighbour, is_node), home


def _numbered(codes: Ints) -> tuple[Ints, Ints]:
    """The codes that occur, ascending, and the number of each among them."""
    if codes.max() > MOST_ROOM * len(codes):
        points = np.unique(codes)
        return points, np.searchsorted(points, codes)
    occurs = np.zeros(int(codes.max()) + 1, np.bool_)
    occurs[codes] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[codes]


@inner_jit
def _follow(
    start: int, heading: int, graph: CrackGraph, used: Bools, xy: Floats, size: int
) -> tuple[int, int, int]:
    """Write one arc's vertices from ``xy[size]`` on; give its last point, heading and new size."""
    point, crack_at, neighbour, is_node = graph
    xy[size, 0], xy[size, 1] = point[start, 0], point[start, 1]
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
            xy[size, 0], xy[size, 1] = point[here, 0], point[here, 1]
            size += 1
        heading = turned
    xy[size, 0], xy[size, 1] = point[here, 0], point[here, 1]
    return here, heading, size + 1


@jit
def _trace(
    graph: CrackGraph,
    sides: tuple[Ints, Ints],
    used: Bools,
    out: tuple[Floats, Ints, Ints, Ints, Ints, Headings],
) -> int:
    """Write all arcs into the fields of CrackArcs, which have room; returns how many there are."""
    _, crack_at, _, is_node = graph
    before, after = sides
    xy, offset, left, right, end, heading = out
    arcs = 0
    # First every arc that leaves a node; the cracks that remain are loops without a node.
    for loops in range(2):
        for start in range(len(is_node)):
            if loops == 0 and not is_node[start]:
                continue
            for first in range(4):
                crack = crack_at[start, first]
                if crack < 0 or used[crack]:
                    continue
                before_is_left = first in (0, 3)
                left[arcs] = before[crack] if before_is_left else after[crack]
                right[arcs] = after[crack] if before_is_left else before[crack]
                here, last, size = _follow(start, first, graph, used, xy, offset[arcs])
                end[arcs, 0], end[arcs, 1] = start, here
                heading[arcs, 0], heading[arcs, 1] = first, last
                arcs += 1
                offset[arcs] = size
    return arcs

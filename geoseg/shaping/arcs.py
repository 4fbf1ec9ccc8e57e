"""From polygons that share walls to arcs: every wall once, with the polygon on either side.

A *node* is a vertex where other than two edges meet. An *arc* runs from node to node, or closes on
itself; it is cut into edges of at most one pixel, so that its samples lie evenly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons, runs
from geoseg.shaping.pairs import number_pairs

OUTSIDE = -1
"""The polygon on the far side of an arc that borders on nothing."""
THROUGH = 2
"""Number of edges at a vertex that is no node."""
NO_NODE = -1
"""End of an arc that closes on itself."""


class Arcs(NamedTuple):
    """The topology of coverages."""

    xy: Floats
    """(v, 2) vertices of all arcs, end points included."""
    first: Ints
    """(a + 1,) where each arc's vertices begin in ``xy``."""
    near: Ints
    """(a,) polygon that the arc was first met in."""
    far: Ints
    """(a,) polygon on the other side, or OUTSIDE."""
    node_from: Ints
    """(a,) node of its first vertex, or NO_NODE."""
    node_to: Ints
    """(a,) node of its last vertex, or NO_NODE."""
    node_xy: Floats
    """(k, 2) place of the nodes."""
    node_first: Ints
    """(k + 1,) where each node's arcs begin in ``node_arcs``."""
    node_arcs: Ints
    """Arcs at the nodes in order: arc + 1 where it leaves the node, -(arc + 1) where it arrives."""
    ring_polygon: Ints
    """(r,) polygon of each ring; the first ring of a polygon is its shell."""
    ring_first: Ints
    """(r + 1,) where each ring begins in ``ring_arcs``."""
    ring_arcs: Ints
    """Arcs of the rings in order: arc + 1, or -(arc + 1) where walked backwards."""


class _Rings(NamedTuple):
    points: Floats
    """(n, 2) vertices of all rings, without the closing ones."""
    first: Ints
    """(r + 1,) where each ring begins."""
    ring: Ints
    """(n,) the ring of each point."""
    edge: Ints
    """(n,) number of the edge from each point to the next; the same in both rings that share it."""
    node: Ints
    """(n,) number of the node at each point, or NO_NODE."""
    node_xy: Floats
    """(k, 2) place of the nodes."""


class _Pieces(NamedTuple):
    ring: Ints
    """(p,) ring of each piece between nodes; a ring without nodes is one piece."""
    begin: Ints
    """(p,) its first point."""
    end: Ints
    """(p,) its last point: the first one where it closes on itself."""
    steps: Ints
    """(p,) number of its edges."""


def build_arcs(polygons: Polygons, group: Ints) -> Arcs:
    """Cut the rings of valid coverages into arcs, (n,) ``group`` telling the coverages apart.

    Each coverage may have its own origin: equal places in different groups are different vertices.
    """
    shells, ring_polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring_index = shapely.get_coordinates(shells, return_index=True)
    points, ring = _split_edges(xy, ring_index)
    rings = _find_nodes(points, ring, group[ring_polygon[ring]], len(shells))
    pieces = _cut_rings(rings)
    arc, shown, number = _match_pieces(rings, pieces)
    arc_xy, arc_first = _gather(rings, pieces, shown)
    far = np.full(len(shown), OUTSIDE, np.int64)
    far[number[arc < 0]] = ring_polygon[pieces.ring[arc < 0]]
    near = ring_polygon[pieces.ring[shown]].astype(np.int64)
    ends = rings.node[pieces.begin[shown]], rings.node[pieces.end[shown]]
    return Arcs(
        arc_xy, arc_first, near, far, *ends, rings.node_xy, *_arcs_at_nodes(*ends, len(rings.node_xy)),
        ring_polygon.astype(np.int64), _starts(pieces.ring, len(shells)), arc,
    )  # fmt: skip


def _arcs_at_nodes(node_from: Ints, node_to: Ints, nodes: int) -> tuple[Ints, Ints]:
    """(nodes + 1,) where each node's arcs begin, and these, signed by whether they leave it."""
    open_arcs = np.flatnonzero(node_from != NO_NODE) + 1
    node = np.column_stack([node_from[open_arcs - 1], node_to[open_arcs - 1]]).ravel()
    signed = np.column_stack([open_arcs, -open_arcs]).ravel()
    order = np.argsort(node, kind="stable")
    return _starts(node[order], nodes), signed[order]


def _starts(sorted_numbers: Ints, count: int) -> Ints:
    """(count + 1,) where each number begins in an ascending list."""
    return np.searchsorted(sorted_numbers, np.arange(count + 1)).astype(np.int64)


def _split_edges(xy: Floats, ring_index: Ints) -> tuple[Floats, Ints]:
    """Rings without their closing vertex, edges cut into equal pieces of at most a pixel.

    Edges are cut from their lower left end, so that both polygons of a shared edge get the very
    same numbers.
    """
    inner = np.flatnonzero(ring_index[1:] == ring_index[:-1])
    (x0, y0), (x1, y1) = xy[inner].T, xy[inner + 1].T
    dx, dy = x1 - x0, y1 - y0
    count = np.maximum(1, np.ceil(np.sqrt(dx * dx + dy * dy) - 1e-9)).astype(np.int64)
    back = (dx < 0) | ((dx == 0) & (dy < 0))
    k, edge = runs(count)
    share = np.where(back[edge], count[edge] - k, k), count[edge]
    points = np.empty((len(k), 2))
    points[:, 0] = _between(np.where(back, x1, x0), np.abs(dx), edge, share)
    points[:, 1] = _between(np.where(back, y1, y0), np.where(back, -dy, dy), edge, share)
    points[k == 0, 0], points[k == 0, 1] = x0, y0
    points += 0.0  # no negative zeros
    return points, ring_index[inner][edge]


def _between(start: Floats, step: Floats, edge: Ints, share: tuple[Ints, Ints]) -> Floats:
    part, whole = share
    return np.asarray(start[edge] + step[edge] * part / whole)


def _find_nodes(points: Floats, ring: Ints, group: Ints, rings: int) -> _Rings:
    """Number vertices and edges, and find the vertices where other than two edges meet."""
    first = _starts(ring, rings)
    x, y = np.ascontiguousarray(points.T).view(np.int64)
    vertex, place = number_pairs(number_pairs(x, y)[0], group)
    after = np.arange(1, len(points) + 1)
    after[first[1:] - 1] = first[:-1]
    other = vertex[after]
    low, high = np.minimum(vertex, other), np.maximum(vertex, other)
    edge, shown = number_pairs(low, high)
    degree = np.bincount(low[shown], minlength=len(place))
    degree += np.bincount(high[shown], minlength=len(place))
    chosen = np.flatnonzero(degree != THROUGH)
    node_of = np.full(len(place), NO_NODE, np.int64)
    node_of[chosen] = np.arange(len(chosen))
    return _Rings(points, first, ring, edge, node_of[vertex], points[place[chosen]])


def _cut_rings(rings: _Rings) -> _Pieces:
    """Pieces of rings between nodes, in order; each ring's begin at its first node."""
    size = np.diff(rings.first)
    at_node = rings.node != NO_NODE
    bare = np.bincount(rings.ring[at_node], minlength=len(size)) == 0
    at_node[rings.first[:-1][bare]] = True
    begin = np.flatnonzero(at_node)
    ring = rings.ring[begin]
    last = np.append(ring[1:] != ring[:-1], True)
    end = np.append(begin[1:], 0)
    end[last] = begin[_starts(ring, len(size))[:-1]]
    steps = (end - begin) % size[ring]
    return _Pieces(ring, begin, end, np.where(steps == 0, size[ring], steps))


def _match_pieces(rings: _Rings, pieces: _Pieces) -> tuple[Ints, Ints, Ints]:
    """Find the pieces that two rings share.

    Returns:
        (p,) signed arc of each piece; (a,) the piece that shows each arc; (p,) the arc of each.
    """
    piece_of = np.empty(len(rings.points), np.int64)
    piece_of[_points(rings, pieces)] = np.repeat(np.arange(len(pieces.ring)), pieces.steps)
    earliest = np.empty(int(rings.edge.max()) + 1, np.int64)
    earliest[rings.edge[::-1]] = piece_of[::-1]  # of several, the last to be written stays
    mate = earliest[rings.edge[pieces.begin]]
    own = mate == np.arange(len(mate))
    number = np.cumsum(own) - 1
    arc = number[mate]
    return np.where(own, arc + 1, -(arc + 1)), np.flatnonzero(own), arc


def _points(rings: _Rings, pieces: _Pieces) -> Ints:
    """Points of all pieces in order, the last one of each left out."""
    k, piece = runs(pieces.steps)
    first, ring = rings.first, pieces.ring[piece]
    begin = pieces.begin[piece] - first[ring]
    return np.asarray(first[ring] + (begin + k) % (first[ring + 1] - first[ring]))


def _gather(rings: _Rings, pieces: _Pieces, shown: Ints) -> tuple[Floats, Ints]:
    """Vertices of the arcs, both ends included, and where each arc begins."""
    chosen = _Pieces(*(column[shown] for column in pieces))
    first = np.zeros(len(shown) + 1, np.int64)
    np.cumsum(chosen.steps + 1, out=first[1:])
    inner: Bools = np.ones(first[-1], dtype=bool)
    inner[first[1:] - 1] = False
    xy = np.empty((len(inner), 2))
    xy[inner] = rings.points[_points(rings, chosen)]
    xy[~inner] = rings.points[chosen.end]
    return xy, first

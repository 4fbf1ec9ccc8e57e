"""From polygons that share walls to arcs: every wall once, with the polygon on either side.

A *node* is a vertex where other than two edges meet. An *arc* runs from node to node, or closes on
itself; it is cut into edges of at most one pixel, so that its samples lie evenly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arrays import Floats, Ints, Polygons

OUTSIDE = -1
"""The polygon on the far side of an arc that borders on nothing."""
THROUGH = 2
"""Number of edges at a vertex that is no node."""
NO_NODE = -1
"""End of an arc that closes on itself."""


class Arcs(NamedTuple):
    """The topology of coverages; a named tuple, so that kernels can take it whole."""

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
    vertex: Ints
    """(n,) number of each point; the same for equal points of one group."""
    node_of: Ints
    """(vertices,) number of the node at each vertex, or NO_NODE."""


def build_arcs(polygons: Polygons, group: Ints) -> Arcs:
    """Cut the rings of valid coverages into arcs, (n,) ``group`` telling the coverages apart.

    Each coverage may have its own origin: equal places in different groups are different vertices.
    """
    shells, ring_polygon = shapely.get_rings(polygons, return_index=True)
    xy, ring_index = shapely.get_coordinates(shells, return_index=True)
    starts = np.searchsorted(ring_index, np.arange(len(shells) + 1))
    points, first = _split_edges(xy, starts)
    vertex = _number_vertices(points, first, group[ring_polygon])
    node_of, node_xy = _find_nodes(points, vertex, first)
    rings = _Rings(points, first, vertex, node_of)
    pieces = _cut_rings(rings)
    arc, same, near, far = _match_pieces(rings, pieces, ring_polygon)
    arc_xy, arc_first = _gather(rings, pieces, same)
    ends = node_of[vertex[pieces[same][:, 1:3]]]
    ring_first = np.searchsorted(pieces[:, 0], np.arange(len(shells) + 1))
    return Arcs(
        arc_xy, arc_first, near, far, ends[:, 0].copy(), ends[:, 1].copy(),
        node_xy, ring_polygon.astype(np.int64), ring_first, arc,
    )  # fmt: skip


@jit
def _split_edges(xy: Floats, starts: Ints) -> tuple[Floats, Ints]:
    """Rings without their closing vertex, edges cut into equal pieces of at most a pixel."""
    total = 0
    for ring in range(len(starts) - 1):
        for i in range(starts[ring], starts[ring + 1] - 1):
            total += _pieces(xy, i)
    points = np.empty((total, 2))
    ring_first = np.empty(len(starts), np.int64)
    at = 0
    for ring in range(len(starts) - 1):
        ring_first[ring] = at
        for i in range(starts[ring], starts[ring + 1] - 1):
            at = _put_edge(points, at, xy, i)
    ring_first[-1] = at
    return points, ring_first


@inner_jit
def _pieces(xy: Floats, i: int) -> int:
    length = np.hypot(xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1])
    return max(1, int(np.ceil(length - 1e-9)))


@inner_jit
def _put_edge(points: Floats, at: int, xy: Floats, i: int) -> int:
    """Write the pieces of edge i; both polygons of a shared edge get the very same numbers."""
    pieces = _pieces(xy, i)
    x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
    forward = x0 < x1 or (x0 == x1 and y0 < y1)
    points[at, 0], points[at, 1] = x0, y0
    for k in range(1, pieces):
        if forward:
            points[at + k, 0] = x0 + (x1 - x0) * k / pieces
            points[at + k, 1] = y0 + (y1 - y0) * k / pieces
        else:
            points[at + k, 0] = x1 + (x0 - x1) * (pieces - k) / pieces
            points[at + k, 1] = y1 + (y0 - y1) * (pieces - k) / pieces
    return at + pieces


@inner_jit
def _mix(a: int, b: int) -> int:
    """Scatter two whole numbers over 64 bits (the finaliser of splitmix64)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int((h ^ (h >> np.uint64(31))) >> np.uint64(1))


@inner_jit
def _slot(table: Ints, keys_a: Ints, keys_b: Ints, a: int, b: int) -> int:
    """Slot of the pair (a, b) in an open hash table: its own or a free one."""
    mask = len(table) - 1
    slot = _mix(a, b) & mask
    while table[slot] >= 0 and (keys_a[slot] != a or keys_b[slot] != b):
        slot = (slot + 1) & mask
    return slot


@inner_jit
def _table_size(count: int) -> int:
    size = 16
    while size < 2 * count:
        size *= 2
    return size


@jit
def _number_vertices(points: Floats, ring_first: Ints, ring_group: Ints) -> Ints:
    """(n,) the same number for equal points of a group, in the order of their first occurrence."""
    mask = _table_size(len(points)) - 1
    table = np.full(mask + 1, -1, np.int64)
    sample, group = np.empty(mask + 1, np.int64), np.empty(mask + 1, np.int64)
    vertex = np.empty(len(points), np.int64)
    count = 0
    for ring in range(len(ring_first) - 1):
        home = ring_group[ring]
        for i in range(ring_first[ring], ring_first[ring + 1]):
            x, y = points[i, 0] + 0.0, points[i, 1] + 0.0
            slot = _mix(int(x * 4096.0) * 1048583 + int(y * 4096.0), home) & mask
            while table[slot] >= 0 and not (
                group[slot] == home
                and points[sample[slot], 0] == x
                and points[sample[slot], 1] == y
            ):
                slot = (slot + 1) & mask
            if table[slot] < 0:
                table[slot], sample[slot], group[slot] = count, i, home
                count += 1
            vertex[i] = table[slot]
    return vertex


@inner_jit
def _next(i: int, ring: int, ring_first: Ints) -> int:
    return i + 1 if i + 1 < ring_first[ring + 1] else ring_first[ring]


@jit
def _find_nodes(points: Floats, vertex: Ints, ring_first: Ints) -> tuple[Ints, Floats]:
    """(vertices,) number of the node at each vertex or -1, and the nodes' places."""
    size = _table_size(len(points))
    table = np.full(size, -1, np.int64)
    keys_u, keys_v = np.empty(size, np.int64), np.empty(size, np.int64)
    degree = np.zeros(vertex.max() + 1, np.int64)
    for ring in range(len(ring_first) - 1):
        for i in range(ring_first[ring], ring_first[ring + 1]):
            a, b = vertex[i], vertex[_next(i, ring, ring_first)]
            u, v = min(a, b), max(a, b)
            slot = _slot(table, keys_u, keys_v, u, v)
            if table[slot] < 0:
                table[slot], keys_u[slot], keys_v[slot] = 0, u, v
                degree[u] += 1
                degree[v] += 1
    node_of = np.full(len(degree), -1, np.int64)
    node_xy = np.empty((len(degree), 2))
    count = 0
    for i in range(len(points)):
        if degree[vertex[i]] != THROUGH and node_of[vertex[i]] < 0:
            node_of[vertex[i]] = count
            node_xy[count] = points[i]
            count += 1
    return node_of, node_xy[:count].copy()


@jit
def _cut_rings(rings: _Rings) -> Ints:
    """(p, 4) pieces of rings between nodes: ring, first and last point, number of edges.

    A ring without nodes is one piece that ends where it begins.
    """
    out = np.empty((len(rings.points), 4), np.int64)
    count = 0
    for ring in range(len(rings.first) - 1):
        start, stop = rings.first[ring], rings.first[ring + 1]
        begin = start
        while begin < stop and rings.node_of[rings.vertex[begin]] < 0:
            begin += 1
        closed = begin == stop
        at = start if closed else begin
        left = stop - start
        while left > 0:
            begin, steps = at, 0
            while steps == 0 or (steps < left and (closed or rings.node_of[rings.vertex[at]] < 0)):
                at = _next(at, ring, rings.first)
                steps += 1
            out[count, 0], out[count, 1], out[count, 2], out[count, 3] = ring, begin, at, steps
            count += 1
            left -= steps
    return out[:count].copy()


@jit
def _match_pieces(rings: _Rings, pieces: Ints, ring_polygon: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Find the pieces that two rings share.

    Returns:
        (p,) signed arc of each piece; (a,) the piece that shows each arc; (a,) the polygons near
        and far of it.
    """
    mask_size = _table_size(len(rings.points))
    table = np.full(mask_size, -1, np.int64)
    keys_u, keys_v = np.empty(mask_size, np.int64), np.empty(mask_size, np.int64)
    arc, shown = np.empty(len(pieces), np.int64), np.empty(len(pieces), np.int64)
    near, far = np.empty(len(pieces), np.int64), np.full(len(pieces), OUTSIDE, np.int64)
    count = 0
    for piece in range(len(pieces)):
        ring, at = pieces[piece, 0], pieces[piece, 1]
        a, b = rings.vertex[at], rings.vertex[_next(at, ring, rings.first)]
        slot = _slot(table, keys_u, keys_v, min(a, b), max(a, b))
        if table[slot] >= 0:
            arc[piece] = -(table[slot] + 1)
            far[table[slot]] = ring_polygon[ring]
            continue
        arc[piece], shown[count], near[count] = count + 1, piece, ring_polygon[ring]
        for _ in range(pieces[piece, 3]):
            after = _next(at, ring, rings.first)
            a, b = rings.vertex[at], rings.vertex[after]
            slot = _slot(table, keys_u, keys_v, min(a, b), max(a, b))
            table[slot], keys_u[slot], keys_v[slot] = count, min(a, b), max(a, b)
            at = after
        count += 1
    return arc, shown[:count].copy(), near[:count].copy(), far[:count].copy()


@jit
def _gather(rings: _Rings, pieces: Ints, shown: Ints) -> tuple[Floats, Ints]:
    """Vertices of the arcs, both ends included, and where each arc begins."""
    first = np.zeros(len(shown) + 1, np.int64)
    for arc in range(len(shown)):
        first[arc + 1] = first[arc] + pieces[shown[arc], 3] + 1
    xy = np.empty((first[-1], 2))
    for arc in range(len(shown)):
        ring, at = pieces[shown[arc], 0], pieces[shown[arc], 1]
        for k in range(first[arc], first[arc + 1]):
            xy[k] = rings.points[at]
            at = _next(at, ring, rings.first)
    return xy, first

"""From polygons that share walls to arcs: every wall once, with the polygon on either side.

A *node* is a vertex where other than two edges meet. An *arc* runs from node to node, or closes on
itself; it is cut into edges of at most one pixel, so that its samples lie evenly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.kernels.jit import FIRST, inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.points import NO_NODE, Points, bounds, cut_rings

OUTSIDE = -1
"""The polygon on the far side of an arc that borders on nothing."""
NO_ARC = -1
"""An edge that no arc has been found to hold yet."""
FAR = 3
"""Place of the polygons on the far side among what is written."""


class Arcs(NamedTuple):
    """The topology of coverages."""

    xy: Floats
    """(v, 2) vertices of all arcs, end points included."""
    corner: Bools
    """(v,) True for vertices that the polygons have, the others cut edges; of a closed arc they begin at the
    polygon's first one, wherever the arc was rotated to."""
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

    def whole_shells(self) -> tuple[Ints, Ints]:
        """Polygons whose shell is a single arc, and these arcs."""
        shells = np.flatnonzero(np.diff(self.ring_polygon, prepend=-1))
        shells = shells[np.diff(self.ring_first)[shells] == 1]
        return self.ring_polygon[shells], np.abs(self.ring_arcs[self.ring_first[shells]]) - 1

    def only(self, wanted: Bools) -> Arcs:
        """Those of whole coverages: as if they had been built of the wanted polygons (n,) alone."""
        arcs, rings = wanted[self.near], wanted[self.ring_polygon]
        vertices = np.repeat(arcs, np.diff(self.first))
        nodes = np.zeros(len(self.node_xy), dtype=bool)
        nodes[self.node_from[arcs & (self.node_from != NO_NODE)]] = True
        nodes[self.node_to[arcs & (self.node_to != NO_NODE)]] = True
        # What was -1 stays so.
        polygon, node = (np.append(np.cumsum(kept) - 1, -1) for kept in (wanted, nodes))
        return Arcs(
            self.xy[vertices], self.corner[vertices], _firsts(self.first, arcs),
            polygon[self.near[arcs]], polygon[self.far[arcs]],
            node[self.node_from[arcs]], node[self.node_to[arcs]], self.node_xy[nodes],
            *_some(self.node_first, self.node_arcs, nodes, arcs),
            polygon[self.ring_polygon[rings]],
            *_some(self.ring_first, self.ring_arcs, rings, arcs),
        )  # fmt: skip


def _some(first: Ints, signed: Ints, chosen: Bools, arcs: Bools) -> tuple[Ints, Ints]:
    """Chosen runs of signed arcs: where each begins, and the arcs by their numbers among ``arcs``."""
    mine = signed[np.repeat(chosen, np.diff(first))]
    return _firsts(first, chosen), np.cumsum(arcs)[np.abs(mine) - 1] * np.sign(mine)


def _firsts(first: Ints, chosen: Bools) -> Ints:
    """Where chosen runs begin once the others are gone."""
    return np.append(0, np.cumsum(np.diff(first)[chosen]))


def build_arcs(polygons: Polygons, group: Ints) -> Arcs:
    """Cut the rings of valid coverages into arcs, (n,) ``group`` telling the coverages apart.

    Each coverage may have its own origin: equal places in different groups are different vertices.
    """
    points = cut_rings(polygons, group)
    rings, most = len(points.polygon), len(points.polygon) + int((points.node != NO_NODE).sum())
    xy, first = np.empty((len(points.xy) + most, 2)), np.zeros(most + 1, np.int64)
    corner = np.empty(len(xy), np.bool_)
    sides, ends = np.full((2, most), OUTSIDE, np.int64), np.full((2, most), NO_NODE, np.int64)
    ring_first, ring_arcs = np.zeros(rings + 1, np.int64), np.empty(most, np.int64)
    arc_of = np.full(len(points.edge), NO_ARC)
    count = _cut(points, arc_of, (xy, first, *sides, *ends, corner), ring_first, ring_arcs)
    (near, far), (node_from, node_to) = sides[:, :count], ends[:, :count]
    return Arcs(
        xy[: first[count]], corner[: first[count]], first[: count + 1], near, far, node_from, node_to, points.node_xy,
        *_arcs_at_nodes(node_from, node_to, len(points.node_xy)),
        points.polygon, ring_first, ring_arcs[: ring_first[-1]],
    )  # fmt: skip


def _arcs_at_nodes(node_from: Ints, node_to: Ints, nodes: int) -> tuple[Ints, Ints]:
    """(nodes + 1,) where each node's arcs begin, and these, signed by whether they leave it."""
    open_arcs = np.flatnonzero(node_from != NO_NODE) + 1
    node = np.column_stack([node_from[open_arcs - 1], node_to[open_arcs - 1]]).ravel()
    signed = np.column_stack([open_arcs, -open_arcs]).ravel()
    order = np.argsort(node, kind="stable")
    return bounds(node[order], nodes), signed[order]


@jit
def _cut(
    points: Points,
    arc_of: Ints,
    out: tuple[Floats, Ints, Ints, Ints, Ints, Ints, Bools],
    ring_first: Ints,
    ring_arcs: Ints,
) -> int:
    """Cut rings at their nodes and write the arcs, each once; their number.

    Each ring's pieces begin at its first node; a ring without nodes is one piece. ``arc_of`` are the arcs that
    edges have been found to lie on.
    """
    arcs, pieces = FIRST, 0
    for ring in range(len(points.polygon)):
        start, stop = points.first[ring], points.first[ring + 1]
        begin = _next_node(points, ring, start - 1)
        at, left = begin, stop - start
        while left > 0:
            end = _next_node(points, ring, at)
            steps = end - at if end > at else end - at + stop - start
            known = arc_of[points.edge[at]]
            if known == NO_ARC:
                _write(points, (ring, at, steps), arcs, out, arc_of)
                arcs += 1
                ring_arcs[pieces] = arcs
            else:
                out[FAR][known] = points.polygon[ring]
                ring_arcs[pieces] = -(known + 1)
            pieces += 1
            at, left = end, left - steps
        ring_first[ring + 1] = pieces
    return arcs


@inner_jit
def _next_node(points: Points, ring: int, after: int) -> int:
    """The next point of a ring at a node, around its end too; its first one where there is none."""
    start, stop = points.first[ring], points.first[ring + 1]
    for i in range(after + 1, stop):
        if points.node[i] != NO_NODE:
            return i
    for i in range(start, after):
        if points.node[i] != NO_NODE:
            return i
    return after if after >= start and points.node[after] != NO_NODE else start


@inner_jit
def _write(
    points: Points,
    piece: tuple[int, int, int],
    arc: int,
    out: tuple[Floats, Ints, Ints, Ints, Ints, Ints, Bools],
    arc_of: Ints,
) -> None:
    """Write the arc that a piece of a ring shows: so many steps from a point."""
    xy, first, near, _, node_from, node_to, corner = out
    ring, at, steps = piece
    start, stop = points.first[ring], points.first[ring + 1]
    near[arc], node_from[arc], to = points.polygon[ring], points.node[at], first[arc]
    for k in range(steps):
        arc_of[points.edge[at]] = arc
        xy[to + k, 0], xy[to + k, 1] = points.xy[at, 0], points.xy[at, 1]
        corner[to + k] = points.corner[at]
        at = at + 1 if at + 1 < stop else start
    xy[to + steps, 0], xy[to + steps, 1] = points.xy[at, 0], points.xy[at, 1]
    corner[to + steps] = points.corner[at]
    node_to[arc], first[arc + 1] = points.node[at], to + steps + 1

"""Arcs put together to one polygon per building: a shell and its courtyards.

Pixels of a building hang together by their sides. Where a building meets itself at a corner only,
the outline could be read in two ways; here the building is first taken apart into its parts that
hang together by sides (turning into the building at such corners), its largest part is kept, and
then the outline of that part turns away from it, so that each ring encloses one piece of the
outside and no ring touches itself: shell and holes may touch in points, as OGC allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.footprints.arcs import Bools, CrackArcs, Floats, Headings, Ints
from geoseg.kernels.jit import jit
from geoseg.types import NO_BUILDING, Cluster

LEAST_COORDINATES = 4
"""Of a ring, the closing one included."""
LARGEST_CERTAIN_HOLE_PX = 4
"""A hole of so few pixels cannot hold a building that does not share a side with its rim."""


@dataclass(frozen=True, slots=True)
class Rings:
    """Closed walks along arcs, the building to their right (rows point down)."""

    arc: Ints
    """(n,) 2 * arc, plus 1 where the arc is walked backwards; rings one after the other."""
    offset: Ints
    """(rings + 1,) ring i owns ``arc[offset[i]:offset[i + 1]]``."""
    owner: Ints
    """(rings,) position of the building among the instances of the clusters, ascending."""
    area_px: Floats
    """(rings,) enclosed area, negative for holes; a shell precedes the holes of its building."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """Outlines of clusters and what was left out of them."""

    rings: Rings
    """One shell per building, and its holes."""
    detached_parts: Ints
    """(instances,) parts of each building dropped because they do not hang together with its largest."""


def assemble(clusters: Sequence[Cluster], arcs: CrackArcs, *, min_hole_px: int) -> Assembly:
    """Find the rings of every instance; holes smaller than ``min_hole_px`` are filled.

    A hole that holds another building of its cluster is kept, however small. Loose clusters come one
    by one.
    """
    owner = _owners(clusters, arcs)
    rings, forked = _rings(owner, arcs, into=True)
    kept, detached = _largest_parts(rings, owner, arcs)
    if forked or detached.any():
        rings, _ = _rings(np.where(kept, owner, -1), arcs, into=False)
    if len(rings.owner) == len(detached):
        return Assembly(rings, detached)  # shells alone
    limit = min(min_hole_px, LARGEST_CERTAIN_HOLE_PX + 1) if clusters[0].loose else min_hole_px
    filled = _fillable(rings, arcs, limit)
    return Assembly(_select(rings, np.flatnonzero(~filled)), detached)


def polygons(arcs: CrackArcs, rings: Rings) -> NDArray[np.object_]:
    """One polygon per instance, from whatever geometry the arcs have."""
    xy, ring = _coordinates(arcs.xy, arcs.offset, rings.arc, rings.offset)
    drawn = np.asarray(shapely.linearrings(xy, indices=ring))
    return np.asarray(shapely.polygons(drawn, indices=rings.owner))


def _owners(clusters: Sequence[Cluster], arcs: CrackArcs) -> Ints:
    """Position of the instance to the right of each directed arc; -1 where there is none."""
    keys = np.array([one.key for cluster in clusters for one in cluster.instances], np.int64)
    home = np.repeat(np.arange(len(clusters)), [len(cluster.instances) for cluster in clusters])
    sides = np.stack([arcs.right, arcs.left], axis=1).ravel()  # forward, backward, forward, ...
    # Keys are ascending in every cluster: so are these numbers in all of them.
    known, rank = np.unique(keys, return_inverse=True)
    instance = home * len(known) + rank
    place = np.minimum(np.searchsorted(known, sides), len(known) - 1)
    wanted = np.where(known[place] == sides, np.repeat(arcs.cluster, 2) * len(known) + place, -1)
    position = np.minimum(np.searchsorted(instance, wanted), len(keys) - 1)
    return np.where(instance[position] == wanted, position, -1)


def _rings(owner: Ints, arcs: CrackArcs, *, into: bool) -> tuple[Rings, bool]:
    """Close the directed arcs that have an owner to rings, sorted by owner, shells first.

    Also tells whether an owner met itself at a corner, so that there was a turn to choose.
    """
    arc, offset, forked = _walk(owner, arcs.end, arcs.heading, into=into)
    term = _area_terms(arcs.xy, arcs.offset, np.zeros(len(arcs.closed)))
    signed = np.where(arc % 2 == 0, term[arc // 2], -term[arc // 2])
    area = np.add.reduceat(signed, offset[:-1])
    rings = Rings(arc, offset, owner[arc[offset[:-1]]], area)
    if len(area) > 1:
        rings = _select(rings, np.lexsort((area < 0, rings.owner)))
    return rings, forked


def _select(rings: Rings, chosen: Ints) -> Rings:
    """The chosen rings, in that order."""
    size = np.diff(rings.offset)[chosen]
    offset = np.concatenate([[0], np.cumsum(size)])
    taken = np.repeat(rings.offset[chosen] - offset[:-1], size) + np.arange(offset[-1])
    return Rings(rings.arc[taken], offset, rings.owner[chosen], rings.area_px[chosen])


def _largest_parts(parts: Rings, owner: Ints, arcs: CrackArcs) -> tuple[Bools, Ints]:
    """Directed arcs around the largest part of every instance, and how many parts of each they leave."""
    kept = np.ones(len(owner), np.bool_)
    shells = np.bincount(parts.owner[parts.area_px > 0])
    for instance in np.flatnonzero(shells > 1):
        mine = np.flatnonzero(parts.owner == instance)
        part = _part_of_ring(parts, mine, arcs)
        area = np.bincount(part, weights=parts.area_px[mine])
        for ring in mine[part != np.argmax(area)]:
            kept[parts.arc[parts.offset[ring] : parts.offset[ring + 1]]] = False
    return kept, np.maximum(shells - 1, 0)


def _part_of_ring(parts: Rings, mine: Ints, arcs: CrackArcs) -> Ints:
    """Number of the part that each ring of one instance bounds; its shells come first."""
    shells = int((parts.area_px[mine] > 0).sum())
    inside = _inner_pixels(parts, mine[shells:], arcs)
    around = np.stack([_encloses(parts, ring, inside, arcs) for ring in mine[:shells]])
    # Parts may lie in the courtyards of others: the smallest shell around a hole is its own.
    area = np.where(around, parts.area_px[mine[:shells], None], np.inf)
    return np.concatenate([np.arange(shells), area.argmin(axis=0)])


def _fillable(rings: Rings, arcs: CrackArcs, min_hole_px: int) -> Bools:
    """Rings that are small holes of background without a building in them."""
    outside = np.where(rings.arc % 2 == 0, arcs.left[rings.arc // 2], arcs.right[rings.arc // 2])
    background = np.logical_and.reduceat(outside == NO_BUILDING, rings.offset[:-1])
    fillable = (rings.area_px < 0) & (rings.area_px > -min_hole_px) & background
    shells = np.flatnonzero(rings.area_px > 0)
    if len(shells) > 1:
        inner = _inner_pixels(rings, shells, arcs)
        cluster = arcs.cluster[rings.arc[rings.offset[:-1]] // 2]
        for ring in np.flatnonzero(fillable):
            near = inner[cluster[shells] == cluster[ring]]
            fillable[ring] = not _encloses(rings, ring, near, arcs).any()
    return fillable


def _inner_pixels(rings: Rings, chosen: Ints, arcs: CrackArcs) -> Floats:
    """Centre of the pixel to the right of each chosen ring's first step, (n, 2)."""
    first = rings.arc[rings.offset[chosen]]
    arc, backward = first // 2, first % 2
    start = np.where(backward, arcs.offset[arc + 1] - 1, arcs.offset[arc])
    heading = (arcs.heading[arc, backward] + 2 * backward) % 4
    to_centre = np.array([[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]])
    return np.asarray(arcs.xy[start] + to_centre[heading])


def _encloses(rings: Rings, ring: np.int64, points: Floats, arcs: CrackArcs) -> Bools:
    """Whether a ring on the lattice goes around each of the pixel centres (crossings, even-odd)."""
    offset = np.array([0, rings.offset[ring + 1] - rings.offset[ring]])
    arc = rings.arc[rings.offset[ring] : rings.offset[ring + 1]]
    xy, _ = _coordinates(arcs.xy, arcs.offset, arc, offset)
    x, top, bottom = (
        xy[:-1, 0],
        np.minimum(xy[:-1, 1], xy[1:, 1]),
        np.maximum(xy[:-1, 1], xy[1:, 1]),
    )
    crossed = (x > points[:, :1]) & (top < points[:, 1:]) & (points[:, 1:] < bottom)
    return np.asarray(crossed.sum(axis=1) % 2 == 1)


@jit
def _area_terms(xy: Floats, offset: Ints, term: Floats) -> Floats:
    """Add each arc's share of the enclosed area, exact on the lattice: the sum of x dy."""
    for arc in range(len(term)):
        for i in range(offset[arc], offset[arc + 1] - 1):
            term[arc] += (xy[i, 0] - xy[0, 0]) * (xy[i + 1, 1] - xy[i, 1])
    return term


def _walk(owner: Ints, end: Ints, heading: Headings, *, into: bool) -> tuple[Ints, Ints, bool]:
    """Follow directed arcs of one owner until they close.

    Gives the rings as arcs and offsets, and whether an owner had a turn to choose.
    """
    starts = np.full((end.max() + 1, 4), -1, np.int64)  # directed arc by first vertex and heading
    backward = 2 * np.arange(len(end)) + 1
    starts[end[:, 0], heading[:, 0]] = backward - 1
    starts[end[:, 1], (heading[:, 1] + 2) % 4] = backward
    walked, ring_arc = owner < 0, np.empty(len(owner), np.int64)
    ring_offset = np.zeros(len(owner) + 1, np.int64)
    turn = 1 if into else 3  # right is into the building
    rings, forked = _walk_rings(
        owner, (end, heading, starts), walked, (ring_arc, ring_offset), turn
    )
    return ring_arc[: ring_offset[rings]].copy(), ring_offset[: rings + 1].copy(), forked


@jit
def _walk_rings(
    owner: Ints,
    ways: tuple[Ints, Headings, Ints],
    walked: Bools,
    out: tuple[Ints, Ints],
    first_turn: int,
) -> tuple[int, bool]:
    """Write all rings; returns how many there are, and whether there was a turn to choose."""
    end, heading, starts = ways
    ring_arc, ring_offset = out
    forked = False
    rings = size = 0
    for first in range(len(owner)):
        here = first
        while not walked[here]:
            walked[here] = True
            ring_arc[size] = here
            size += 1
            arc, backward = here // 2, here % 2
            vertex = end[arc, 1 - backward]
            arrives = heading[arc, 1 - backward] + 2 * backward
            choices = 0
            for i in range(3):  # first_turn, straight on, the other turn
                turn = arrives + (first_turn if i == 0 else 0 if i == 1 else 4 - first_turn)
                after = starts[vertex, turn % 4]
                if after >= 0 and owner[after] == owner[first]:
                    here = after if choices == 0 else here
                    choices += 1
            forked = forked or choices > 1
        if size > ring_offset[rings]:
            rings += 1
            ring_offset[rings] = size
    return rings, forked


def _coordinates(
    xy: Floats, offset: Ints, ring_arc: Ints, ring_offset: Ints
) -> tuple[Floats, Ints]:
    """Vertices of closed rings and the number of the ring of each.

    A ring that has collapsed to a chord is padded to the least that a ring may have.
    """
    arc = ring_arc // 2
    room = (offset[arc + 1] - offset[arc] - 1).sum() + 3 * (len(ring_offset) - 1)
    out, ring_of = np.empty((room, 2)), np.empty(room, np.int64)
    n = _write_rings((xy, offset), (ring_arc, ring_offset), out, ring_of)
    return out[:n], ring_of[:n]


@jit
def _write_rings(
    arcs: tuple[Floats, Ints], rings: tuple[Ints, Ints], out: Floats, ring_of: Ints
) -> int:
    xy, offset = arcs
    ring_arc, ring_offset = rings
    n = 0
    for ring in range(len(ring_offset) - 1):
        first = n
        for place in range(ring_offset[ring], ring_offset[ring + 1]):
            arc, backward = ring_arc[place] >> 1, ring_arc[place] & 1
            begin, last = offset[arc], offset[arc + 1] - 1
            for i in range(last - begin):
                vertex = last - i if backward else begin + i
                out[n, 0], out[n, 1] = xy[vertex, 0], xy[vertex, 1]
                n += 1
        for _ in range(max(1, first + LEAST_COORDINATES - n)):
            out[n, 0], out[n, 1] = out[first, 0], out[first, 1]
            n += 1
        for i in range(first, n):
            ring_of[i] = ring
    return n

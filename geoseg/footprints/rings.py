"""Arcs put together to one polygon per building: a shell and its courtyards.

Pixels of a building hang together by their sides. Where a building meets itself at a corner only,
the outline could be read in two ways; here the building is first taken apart into its parts that
hang together by sides (turning into the building at such corners), its largest part is kept, and
then the outline of that part turns away from it, so that each ring encloses one piece of the
outside and no ring touches itself: shell and holes may touch in points, as OGC allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from geoseg.footprints.arcs import Arcs, Bools, Floats, Headings, Ints
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
    """(rings,) position of the building among the cluster's instances, ascending."""
    area_px: Floats
    """(rings,) enclosed area, negative for holes; a shell precedes the holes of its building."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """Outlines of a cluster and what was left out of them."""

    rings: Rings
    """One shell per building, and its holes."""
    detached_parts: int
    """Parts of buildings dropped because they do not hang together with the largest part."""


def assemble(cluster: Cluster, arcs: Arcs, *, min_hole_px: int) -> Assembly:
    """Find the rings of every instance; holes smaller than ``min_hole_px`` are filled.

    A hole that holds another building is kept, however small.
    """
    owner = _owners(cluster, arcs)
    rings, forked = _rings(owner, arcs, into=True)
    kept, detached = _largest_parts(rings, owner, arcs)
    if forked or detached:
        rings, _ = _rings(np.where(kept, owner, -1), arcs, into=False)
    if len(rings.owner) == len(cluster.instances):
        return Assembly(rings, detached)  # shells alone
    limit = min(min_hole_px, LARGEST_CERTAIN_HOLE_PX + 1) if cluster.loose else min_hole_px
    filled = _fillable(rings, arcs, limit)
    return Assembly(_select(rings, np.flatnonzero(~filled)), detached)


def polygons(arcs: Arcs, rings: Rings) -> NDArray[np.object_]:
    """One polygon per instance, from whatever geometry the arcs have."""
    xy, ring = _coordinates(arcs.xy, arcs.offset, rings.arc, rings.offset)
    drawn = np.asarray(shapely.linearrings(xy, indices=ring))
    return np.asarray(shapely.polygons(drawn, indices=rings.owner))


def _owners(cluster: Cluster, arcs: Arcs) -> Ints:
    """Position of the instance to the right of each directed arc; -1 where there is none."""
    keys = np.array([instance.key for instance in cluster.instances], np.int64)
    sides = np.stack([arcs.right, arcs.left], axis=1).ravel()  # forward, backward, forward, ...
    position = np.minimum(np.searchsorted(keys, sides), len(keys) - 1)
    return np.where(keys[position] == sides, position, -1)


def _rings(owner: Ints, arcs: Arcs, *, into: bool) -> tuple[Rings, bool]:
    """Close the directed arcs that have an owner to rings, sorted by owner, shells first.

    Also tells whether an owner met itself at a corner, so that there was a turn to choose.
    """
    arc, offset, forked = _walk(owner, arcs.end, arcs.heading, into)
    term = _area_terms(arcs.xy, arcs.offset)
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


def _largest_parts(parts: Rings, owner: Ints, arcs: Arcs) -> tuple[Bools, int]:
    """Directed arcs around the largest part of every instance, and how many parts they leave."""
    kept = np.ones(len(owner), np.bool_)
    shells = np.bincount(parts.owner[parts.area_px > 0])
    if shells.max() == 1:
        return kept, 0
    for instance in np.flatnonzero(shells > 1):
        mine = np.flatnonzero(parts.owner == instance)
        part = _part_of_ring(parts, mine, arcs)
        area = np.bincount(part, weights=parts.area_px[mine])
        for ring in mine[part != np.argmax(area)]:
            kept[parts.arc[parts.offset[ring] : parts.offset[ring + 1]]] = False
    return kept, int((shells[shells > 0] - 1).sum())


def _part_of_ring(parts: Rings, mine: Ints, arcs: Arcs) -> Ints:
    """Number of the part that each ring of one instance bounds; its shells come first."""
    shells = int((parts.area_px[mine] > 0).sum())
    inside = _inner_pixels(parts, mine[shells:], arcs)
    around = np.stack([_encloses(parts, ring, inside, arcs) for ring in mine[:shells]])
    # Parts may lie in the courtyards of others: the smallest shell around a hole is its own.
    area = np.where(around, parts.area_px[mine[:shells], None], np.inf)
    return np.concatenate([np.arange(shells), area.argmin(axis=0)])


def _fillable(rings: Rings, arcs: Arcs, min_hole_px: int) -> Bools:
    """Rings that are small holes of background without a building in them."""
    outside = np.where(rings.arc % 2 == 0, arcs.left[rings.arc // 2], arcs.right[rings.arc // 2])
    background = np.logical_and.reduceat(outside == NO_BUILDING, rings.offset[:-1])
    fillable = (rings.area_px < 0) & (rings.area_px > -min_hole_px) & background
    shells = np.flatnonzero(rings.area_px > 0)
    if len(shells) > 1:
        inner = _inner_pixels(rings, shells, arcs)
        for ring in np.flatnonzero(fillable):
            fillable[ring] = not _encloses(rings, ring, inner, arcs).any()
    return fillable


def _inner_pixels(rings: Rings, chosen: Ints, arcs: Arcs) -> Floats:
    """Centre of the pixel to the right of each chosen ring's first step, (n, 2)."""
    first = rings.arc[rings.offset[chosen]]
    arc, backward = first // 2, first % 2
    start = np.where(backward, arcs.offset[arc + 1] - 1, arcs.offset[arc])
    heading = (arcs.heading[arc, backward] + 2 * backward) % 4
    to_centre = np.array([[0.5, 0.5], [-0.5, 0.5], [-0.5, -0.5], [0.5, -0.5]])
    return np.asarray(arcs.xy[start] + to_centre[heading])


def _encloses(rings: Rings, ring: np.int64, points: Floats, arcs: Arcs) -> Bools:
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


@njit(cache=True, nogil=True)
def _area_terms(xy: Floats, offset: Ints) -> Floats:
    """Each arc's share of the enclosed area, exact on the lattice: the sum of x dy."""
    term = np.zeros(len(offset) - 1)
    for arc in range(len(term)):
        for i in range(offset[arc], offset[arc + 1] - 1):
            term[arc] += (xy[i, 0] - xy[0, 0]) * (xy[i + 1, 1] - xy[i, 1])
    return term


@njit(cache=True, nogil=True)
def _walk(owner: Ints, end: Ints, heading: Headings, into: bool) -> tuple[Ints, Ints, bool]:
    """Follow directed arcs of one owner until they close.

    Gives the rings as arcs and offsets, and whether an owner had a turn to choose.
    """
    forked = False
    starts = np.full((end.max() + 1, 4), -1, np.int64)  # directed arc by first vertex and heading
    for arc in range(len(end)):
        starts[end[arc, 0], heading[arc, 0]] = 2 * arc
        starts[end[arc, 1], (heading[arc, 1] + 2) % 4] = 2 * arc + 1
    turns = (1, 0, 3) if into else (3, 0, 1)  # right is into the building
    walked = owner < 0
    ring_arc = np.empty(len(owner), np.int64)
    ring_offset = np.zeros(len(owner) + 1, np.int64)
    rings = size = 0
    for first in range(len(owner)):
        here = first
        while not walked[here]:
            walked[here] = True
            ring_arc[size] = here
            size += 1
            arc, backward = here // 2, here % 2
            vertex = end[arc, 1 - backward]
            arrives = (heading[arc, 1 - backward] + 2 * backward) % 4
            ways = 0
            for turn in turns:
                after = starts[vertex, (arrives + turn) % 4]
                if after >= 0 and owner[after] == owner[first]:
                    here = after if ways == 0 else here
                    ways += 1
            forked = forked or ways > 1
        if size > ring_offset[rings]:
            rings += 1
            ring_offset[rings] = size
    return ring_arc[:size].copy(), ring_offset[: rings + 1].copy(), forked


@njit(cache=True, nogil=True)
def _coordinates(
    xy: Floats, offset: Ints, ring_arc: Ints, ring_offset: Ints
) -> tuple[Floats, Ints]:
    """Vertices of closed rings and the number of the ring of each.

    A ring that has collapsed to a chord is padded to the least that a ring may have.
    """
    rings = len(ring_offset) - 1
    size = 3 * rings
    for code in ring_arc:
        size += offset[code // 2 + 1] - offset[code // 2] - 1
    out, ring_of = np.empty((size, 2)), np.empty(size, np.int64)
    n = 0
    for ring in range(rings):
        first = n
        for code in ring_arc[ring_offset[ring] : ring_offset[ring + 1]]:
            begin, last = offset[code // 2], offset[code // 2 + 1] - 1
            for i in range(last - begin):
                out[n] = xy[last - i] if code % 2 else xy[begin + i]
                n += 1
        closing = max(1, first + LEAST_COORDINATES - n)
        out[n : n + closing] = out[first]
        n += closing
        ring_of[first:n] = ring
    return out[:n], ring_of[:n]

"""From drawn arcs back to polygons."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.kernels.jit import FIRST, inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Floats, Ints, Polygons, runs

TRIANGLE = 3
"""Vertices that a ring has at least."""


def assemble(arcs: Arcs, xy: Floats, first: Ints, chosen: Ints) -> Polygons:
    """Chosen polygons of a coverage whose arcs have new vertices.

    Rings that have collapsed to fewer than three vertices become empty shells or vanish as holes.

    Args:
        arcs: The topology.
        xy: (v, 2) vertices of all arcs.
        first: (a + 1,) where each arc begins in ``xy``.
        chosen: (c,) numbers of the polygons.
    """
    shell, end = np.searchsorted(arcs.ring_polygon, [chosen, chosen + 1])
    k, owner = runs(end - shell)
    ring = shell[owner] + k
    room = np.append(0, np.cumsum(np.diff(first)[np.abs(arcs.ring_arcs) - 1]))
    most = int((room[arcs.ring_first[ring + 1]] - room[arcs.ring_first[ring]]).sum()) + len(ring)
    coords, size = np.empty((most, 2)), np.empty(len(ring), np.int64)
    count = _write((arcs.ring_first, arcs.ring_arcs), (xy, first), ring, coords, size)
    coords, kept = coords[:count], size > 0
    if not kept.all():
        kept &= kept[k == 0][owner]
        coords, size, owner = coords[np.repeat(kept, size)], size[kept], owner[kept]
    rings = np.append(0, np.cumsum(size))
    polygons = np.append(0, np.cumsum(np.bincount(owner, minlength=len(chosen))))
    kind = shapely.GeometryType.POLYGON
    return np.asarray(shapely.from_ragged_array(kind, coords, (rings, polygons)))


@jit
def _write(
    rings: tuple[Ints, Ints], drawn: tuple[Floats, Ints], chosen: Ints, out: Floats, size: Ints
) -> int:
    """Write chosen rings without repeated vertices, closed, and their sizes; those of all.

    Of collapsed ones nothing is written.
    """
    (begin, pieces), (xy, first) = rings, drawn
    at = FIRST
    for k in range(len(chosen)):
        start = at
        for place in range(begin[chosen[k]], begin[chosen[k] + 1]):
            arc = abs(pieces[place]) - 1
            lo, hi = first[arc], first[arc + 1] - 1
            for i in range(hi - lo):
                at = _put(out, start, at, xy[lo + i if pieces[place] > 0 else hi - i])
        if at > start + 1 and out[at - 1, 0] == out[start, 0] and out[at - 1, 1] == out[start, 1]:
            at -= 1
        if at - start < TRIANGLE:
            at = start
        else:
            out[at, 0], out[at, 1] = out[start, 0], out[start, 1]
            at += 1
        size[k] = at - start
    return at


@inner_jit
def _put(out: Floats, start: int, at: int, vertex: Floats) -> int:
    """Write a vertex behind those since ``start`` unless it equals the last; the place behind it."""
    if at > start and out[at - 1, 0] == vertex[0] and out[at - 1, 1] == vertex[1]:
        return at
    out[at, 0], out[at, 1] = vertex[0], vertex[1]
    return at + 1

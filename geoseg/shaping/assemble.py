"""From drawn arcs back to polygons."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons, runs

TRIANGLE = 3
"""Vertices that a ring has at least."""


def assemble(arcs: Arcs, xy: Floats, first: Ints, polygons: int) -> Polygons:
    """Polygons of a coverage whose arcs have new vertices.

    Rings that have collapsed to fewer than three vertices become empty shells or vanish as holes.
    """
    coords, size = _without_repeats(*_rings(arcs, xy, first))
    kept = size >= TRIANGLE
    shell = np.append(True, arcs.ring_polygon[1:] != arcs.ring_polygon[:-1])
    lost = np.zeros(polygons, dtype=bool)
    lost[arcs.ring_polygon[shell & ~kept]] = True
    kept &= ~lost[arcs.ring_polygon]
    coords, size = coords[np.repeat(kept, size)], size[kept]
    closed, ring_first = _closed(coords, size)
    offsets = np.searchsorted(arcs.ring_polygon[kept], np.arange(polygons + 1))
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, closed, (ring_first, offsets.astype(np.int64))
        )
    )


def _rings(arcs: Arcs, xy: Floats, first: Ints) -> tuple[Floats, Ints]:
    """Vertices of all rings, the last of every arc left out, and the ring of each."""
    arc = np.abs(arcs.ring_arcs) - 1
    k, place = runs(first[arc + 1] - first[arc] - 1)
    forward = arcs.ring_arcs[place] > 0
    source = np.where(forward, first[arc[place]] + k, first[arc[place] + 1] - 1 - k)
    ring = np.repeat(np.arange(len(arcs.ring_polygon)), np.diff(arcs.ring_first))
    return xy[source], ring[place]


def _without_repeats(xy: Floats, ring: Ints) -> tuple[Floats, Ints]:
    """Rings without vertices equal to the one before, around the end too; (r,) sizes."""
    rings = int(ring[-1]) + 1
    same = np.zeros(len(xy), dtype=bool)
    same[1:] = (xy[1:] == xy[:-1]).all(axis=1) & (ring[1:] == ring[:-1])
    xy, ring = xy[~same], ring[~same]
    begins: Bools = np.append(True, ring[1:] != ring[:-1])
    ends: Bools = np.append(begins[1:], True)
    back = np.flatnonzero(ends & ~begins)
    again = (xy[back] == xy[begins][ring[back]]).all(axis=1)
    keep = np.ones(len(xy), dtype=bool)
    keep[back[again]] = False
    return xy[keep], np.bincount(ring[keep], minlength=rings)


def _closed(xy: Floats, size: Ints) -> tuple[Floats, Ints]:
    """Rings with their first vertex once more at the end, and where each begins."""
    first = np.append(0, np.cumsum(size + 1))
    k, ring = runs(size + 1)
    begin = np.cumsum(size) - size
    return xy[begin[ring] + k % size[ring]], first

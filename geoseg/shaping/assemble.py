"""From drawn arcs back to polygons."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.decode.jit import jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Floats, Ints, Polygons

TRIANGLE = 3
"""Vertices that a ring has at least."""


def assemble(arcs: Arcs, xy: Floats, first: Ints, polygons: int) -> Polygons:
    """Polygons of a coverage whose arcs have new vertices.

    Rings that have collapsed to fewer than three vertices become empty shells or vanish as holes.
    """
    coords, ring_first, ring_polygon = _rings(
        xy, first, arcs.ring_first, arcs.ring_arcs, arcs.ring_polygon
    )
    offsets = np.searchsorted(ring_polygon, np.arange(polygons + 1))
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, coords, (ring_first, offsets.astype(np.int64))
        )
    )


@jit
def _rings(
    xy: Floats, first: Ints, ring_first: Ints, ring_arcs: Ints, ring_polygon: Ints
) -> tuple[Floats, Ints, Ints]:
    total = 0
    for ref in ring_arcs:
        arc = abs(ref) - 1
        total += first[arc + 1] - first[arc]
    coords = np.empty((total + len(ring_polygon), 2))
    begins, owner = np.zeros(len(ring_polygon) + 1, np.int64), np.empty(len(ring_polygon), np.int64)
    at = rings = 0
    lost = -1
    for ring in range(len(ring_polygon)):
        if ring_polygon[ring] == lost:
            continue
        start = at
        for k in range(ring_first[ring], ring_first[ring + 1]):
            arc = abs(ring_arcs[k]) - 1
            n = first[arc + 1] - first[arc]
            for step in range(n - 1):
                source = first[arc] + step if ring_arcs[k] > 0 else first[arc + 1] - 1 - step
                if (
                    at == start
                    or xy[source, 0] != coords[at - 1, 0]
                    or xy[source, 1] != coords[at - 1, 1]
                ):
                    coords[at] = xy[source]
                    at += 1
        while (
            at - start > 1
            and coords[at - 1, 0] == coords[start, 0]
            and coords[at - 1, 1] == coords[start, 1]
        ):
            at -= 1
        if at - start < TRIANGLE:
            if ring == 0 or ring_polygon[ring - 1] != ring_polygon[ring]:
                lost = ring_polygon[ring]
            at = start
            continue
        coords[at] = coords[start]
        at += 1
        owner[rings] = ring_polygon[ring]
        rings += 1
        begins[rings] = at
    return coords[:at].copy(), begins[: rings + 1].copy(), owner[:rings].copy()

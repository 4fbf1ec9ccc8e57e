"""Vertices where rings of one polygon touch: every wall that leads through such a place has one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import Polygon

from geoseg.shaping.arrays import Floats, Polygons


def with_common_nodes(polygons: Polygons) -> Polygons:
    """Polygons whose rings touch each other, and their neighbours' walls, at vertices of both.

    A hole may touch its shell amid an edge; the polygon is valid so. Where the hole is filled by
    another polygon and a third one stands behind the shell, that edge is a common wall with a vertex
    of the layer on it that neither side has, and ``coverage_invalid_edges`` is silent about it.

    Args:
        polygons: (n,) polygons of a clean layer.

    Returns:
        (n,) the same polygons; those with such a place on an edge have one vertex more there.
    """
    places = _touches(polygons)
    if len(places) == 0:
        return polygons
    points = shapely.points(places)
    point, owner = shapely.STRtree(polygons).query(points, predicate="intersects")
    out = polygons.copy()
    for number in np.unique(owner):
        out[number] = _noded(polygons[number], places[point[owner == number]])
    return out


def _touches(polygons: Polygons) -> Floats:
    """(t, 2) vertices that lie on an edge of another ring of their polygon."""
    holed = polygons[shapely.get_num_interior_rings(polygons) > 0]
    if len(holed) == 0:
        return np.empty((0, 2))
    rings, home = shapely.get_rings(holed, return_index=True)
    one, other = shapely.STRtree(rings).query(rings, predicate="intersects")
    pairs = (home[one] == home[other]) & (one != other)
    found = [_on_edges(rings[i], rings[j]) for i, j in zip(one[pairs], other[pairs], strict=True)]
    return np.unique(np.vstack([np.empty((0, 2)), *found]), axis=0)


def _on_edges(ring: shapely.LinearRing, other: shapely.LinearRing) -> Floats:
    """(k, 2) vertices of a ring that lie on another, but on no vertex of it."""
    xy = shapely.get_coordinates(ring)
    xy = xy[shapely.intersects(shapely.points(xy), other)]
    there = {tuple(vertex) for vertex in shapely.get_coordinates(other).tolist()}
    return xy[[tuple(vertex) not in there for vertex in xy.tolist()]]


def _noded(polygon: Polygon, places: Floats) -> Polygon:
    """A polygon with a vertex at each of the places (k, 2) that lies on an edge of it."""
    shell, *holes = (_ring_noded(ring, places) for ring in shapely.get_rings(polygon))
    return Polygon(shell, holes)


def _ring_noded(ring: shapely.LinearRing, places: Floats) -> Floats:
    xy = shapely.get_coordinates(ring)
    out = [xy[:1]]
    for begin, end in pairwise(xy):
        inside = (places != begin).any(axis=1) & (places != end).any(axis=1)
        inside &= shapely.intersects(shapely.points(places), shapely.linestrings([begin, end]))
        new = places[inside]
        out += [new[np.argsort(np.linalg.norm(new - begin, axis=1))], end[None]]
    return np.vstack(out)

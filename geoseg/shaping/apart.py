"""How far apart outlines of a few vertices are; shapely takes many times as long."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons


def outlines_apart(one: Polygons, other: Polygons) -> Floats:
    """(n,) Hausdorff distance of the outlines, measured at their vertices."""
    there, back = np.zeros(len(one)), np.zeros(len(one))
    if len(one):
        _measure(_edges(one), _edges(other), there)
        _measure(_edges(other), _edges(one), back)
    return np.maximum(there, back)


def _edges(polygons: Polygons) -> tuple[Floats, Bools, Ints]:
    """Vertices of all rings, where an edge leads on from, and where each polygon begins."""
    rings, home = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    on = np.append(ring[1:] == ring[:-1], False)
    return xy, on, np.searchsorted(home[ring], np.arange(len(polygons) + 1))


@jit
def _measure(
    one: tuple[Floats, Bools, Ints], other: tuple[Floats, Bools, Ints], out: Floats
) -> None:
    """Write how far a vertex of the one outline lies from the other, at most."""
    (points, _, begin), (xy, on, first) = one, other
    for polygon in range(len(out)):
        top = 0.0
        for point in range(begin[polygon], begin[polygon + 1]):
            least = np.inf
            for i in range(first[polygon], first[polygon + 1]):
                if on[i]:
                    least = min(least, square_gap(xy, i, points[point, 0], points[point, 1]))
            top = max(top, least)
        out[polygon] = np.sqrt(top)


@inner_jit
def square_gap(xy: Floats, i: int, x: float, y: float) -> float:
    """Squared distance from (x, y) to edge i."""
    dx, dy = xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]
    px, py = x - xy[i, 0], y - xy[i, 1]
    square, share = dx * dx + dy * dy, px * dx + py * dy
    if share > 0.0 and square > 0.0:
        share = share / square if share < square else 1.0
        px, py = px - share * dx, py - share * dy
    return float(px * px + py * py)

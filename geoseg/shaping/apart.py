"""How far apart outlines are, where one of them has few vertices: quicker than shapely's ways."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geoseg.kernels.jit import FIRST, inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.points import bounds, pieces
from geoseg.shaping.rings import rings_of

if TYPE_CHECKING:
    from shapely.geometry import Polygon


def outlines_apart(one: Polygons, other: Polygons) -> tuple[Floats, Floats]:
    """(n,) Hausdorff distance of outlines, measured at their vertices, and (n,) area between them.

    The area is estimated along ``one``.
    """
    there, back, between = np.zeros((3, len(one)))
    if len(one):
        mine, others = _edges(one), _edges(other)
        _measure(mine, others, there)
        _measure(others, mine, back)
        _measure_band(mine, others, between)
    return np.maximum(there, back), between


def beyond(points: Floats, polygon: Polygon, distance: float) -> Bools:
    """(n,) True for the points (n, 2) farther than a distance from a polygon's outline."""
    xy, on, _ = _edges(np.array([polygon]))
    out = np.zeros(len(points), dtype=np.bool_)
    _mark_beyond(points, (xy, on), distance, out)
    return out


def _edges(polygons: Polygons) -> tuple[Floats, Bools, Ints]:
    """Vertices of all rings, where an edge leads on from, and where each polygon begins."""
    xy, first, home = rings_of(polygons)
    on = np.ones(len(xy), dtype=np.bool_)
    on[first[1:] - 1] = False
    return xy, on, first[bounds(home, len(polygons))]


@jit
def _measure(
    one: tuple[Floats, Bools, Ints], other: tuple[Floats, Bools, Ints], out: Floats
) -> None:
    """Write how far a vertex of the one outline lies from the other, at most."""
    (points, _, begin), (xy, on, first) = one, other
    for polygon in range(len(out)):
        top = 0.0
        for point in range(begin[polygon], begin[polygon + 1]):
            edges = first[polygon], first[polygon + 1]
            x, y = points[point, 0], points[point, 1]
            top = max(top, _least_square_gap(xy, on, edges, x, y))
        out[polygon] = math.sqrt(top)


@jit
def _measure_band(
    one: tuple[Floats, Bools, Ints], other: tuple[Floats, Bools, Ints], out: Floats
) -> None:
    """Write the area between the edges of the one outline and the other, pixel by pixel."""
    (points, leads, begin), (xy, on, first) = one, other
    for polygon in range(len(out)):
        edges, inner = (first[polygon], first[polygon + 1]), False
        x0 = y0 = 0.0
        for i in range(begin[polygon], begin[polygon + 1] - 1):
            dx, dy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
            count = pieces(points, i) if leads[i] else 0
            for k in range(count):
                share = (k + 0.5) / count
                x, y = points[i, 0] + dx * share, points[i, 1] + dy * share
                # A staircase is longer than the band is: count the step between middles.
                sx, sy = (x - x0, y - y0) if inner else (dx / count, dy / count)
                gap = math.sqrt(_least_square_gap(xy, on, edges, x, y))
                out[polygon] += gap * math.sqrt(sx * sx + sy * sy)
                x0, y0, inner = x, y, True
            inner = inner and leads[i]


@jit
def _mark_beyond(points: Floats, edges: tuple[Floats, Bools], distance: float, out: Bools) -> None:
    xy, on = edges
    for point in range(len(points)):
        x, y = points[point, 0], points[point, 1]
        gap = _least_square_gap(xy, on, (FIRST, len(on)), x, y)
        out[point] = gap > distance * distance


@inner_jit
def _least_square_gap(xy: Floats, on: Bools, edges: tuple[int, int], x: float, y: float) -> float:
    """Squared distance from (x, y) to the nearest of a range of edges."""
    least = np.inf
    for i in range(edges[0], edges[1]):
        if on[i]:
            least = min(least, square_gap(xy, i, x, y))
    return float(least)


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

"""Rings that are rather circles than polygons: tanks, silos."""

from __future__ import annotations

import numpy as np

from geoseg.shaping.arcs import OUTSIDE, Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, runs
from geoseg.shaping.cut import Walls
from geoseg.shaping.noise import residuals
from geoseg.shaping.points import NO_NODE
from geoseg.shaping.segment import ALONG, PRICES

FEWEST_WALLS = 3
"""A ring of fewer walls encloses nothing."""
PRICE = 4 * PRICES[ALONG]
"""Price of a circle, in squared standard deviations of the noise: what a rectangle's walls cost."""
LEAST_RADIUS_PX = 10.0
"""Networks round the corners of smaller houses until they look like circles."""
SAGITTA_PX = 0.1
"""How far a drawn edge may lie from the circle."""


def fit_circles(arcs: Arcs, walls: Walls, unit: Floats) -> tuple[Bools, Floats]:
    """Rings that a circle explains more cheaply than their walls do.

    The circle is the algebraic least-squares fit (Kasa 1976).

    Args:
        arcs: All arcs; rings are those that bound one polygon alone.
        walls: Their walls.
        unit: (n,) what prices are counted in, for each polygon, square pixels: longer noise, which
            dents tanks as if they had corners, is dearer.

    Returns:
        (a,) True where a ring is a circle, and (a, 3) centre x, y and radius of these.
    """
    found, out = np.zeros(len(arcs.near), dtype=bool), np.zeros((len(arcs.near), 3))
    ring = (arcs.node_from == NO_NODE) & (arcs.far == OUTSIDE)
    chosen = np.flatnonzero(ring & (np.diff(walls.first) >= FEWEST_WALLS))
    if len(chosen) == 0:
        return found, out
    circles, squares = _fit(arcs, walls.sums, chosen)
    out[chosen] = circles
    price = unit[arcs.near[chosen]]
    cheap = squares + PRICE * price <= _cost_of_walls(arcs, walls, chosen, price)
    found[chosen] = cheap & (circles[:, 2] >= LEAST_RADIUS_PX)
    return found, out


def _fit(arcs: Arcs, sums: Floats, chosen: Ints) -> tuple[Floats, Floats]:
    """(c, 3) circles through the midpoints of the rings' edges, and (c,) the squares that they leave."""
    begin = arcs.first[chosen]
    k, ring = runs(arcs.first[chosen + 1] - begin - 1)
    at, first = begin[ring] + k, np.flatnonzero(k == 0)
    w = sums[at + 1, 0] - sums[at, 0]

    def mean(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(w * values, first) / total)

    total = np.add.reduceat(w, first)
    x, y = ((arcs.xy[at, axis] + arcs.xy[at + 1, axis]) / 2 for axis in (0, 1))
    middle_x, middle_y = mean(x), mean(y)
    x, y = x - middle_x[ring], y - middle_y[ring]
    square = x * x + y * y
    xx, xy, yy, sx, sy = mean(x * x), mean(x * y), mean(y * y), mean(x * square), mean(y * square)
    twice = 2 * (xx * yy - xy * xy)
    a, b = (sx * yy - sy * xy) / twice, (sy * xx - sx * xy) / twice
    radius = np.sqrt(a * a + b * b + mean(square))
    dx, dy = x - a[ring], y - b[ring]
    miss = np.sqrt(dx * dx + dy * dy) - radius[ring]
    return np.column_stack([a + middle_x, b + middle_y, radius]), total * mean(miss * miss)


def _cost_of_walls(arcs: Arcs, walls: Walls, chosen: Ints, unit: Floats) -> Floats:
    """(c,) squares that the rings' walls leave, and what these cost at (c,) units."""
    first = walls.first[chosen]
    k, ring = runs(walls.first[chosen + 1] - first)
    at = first[ring] + k
    begin = np.where(k == 0, arcs.first[chosen][ring], walls.end[at - 1])
    weight, square = residuals(walls.sums, begin, walls.end[at])
    cost = weight * square + np.array(PRICES)[walls.kind[at]] * unit[ring]
    return np.asarray(np.add.reduceat(cost, np.flatnonzero(k == 0)))


def draw_circle(circle: Floats, ring: Floats) -> Floats:
    """A closed regular polygon with the area of the circle, and near enough to it.

    It begins beside the first vertex of the ring that it stands for, and runs the same way.
    """
    x, y, radius = circle
    half = np.arccos(max(0.0, 1.0 - SAGITTA_PX / radius))
    count = 4 * max(3, int(np.ceil(np.pi / half / 4)))
    local = ring - (x, y)
    doubled = (local[:-1, 0] * local[1:, 1] - local[1:, 0] * local[:-1, 1]).sum()
    angle = np.sign(doubled) * 2 * np.pi * np.arange(count) / count
    angle += np.arctan2(local[0, 1], local[0, 0])
    reach = radius * np.sqrt(2 * np.pi / count / np.sin(2 * np.pi / count))
    drawn = np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])
    return np.vstack([drawn, drawn[:1]])

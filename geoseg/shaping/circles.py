"""Rings that are rather circles than polygons: tanks, silos."""

from __future__ import annotations

import numpy as np

from geoseg.shaping.arcs import NO_NODE, OUTSIDE, Arcs
from geoseg.shaping.arrays import Bools, Floats
from geoseg.shaping.direction import CORRELATION_PX
from geoseg.shaping.walls import Walls

FEWEST_WALLS = 6
"""A ring of fewer walls is a polygon."""
AS_GOOD = 1.08
"""A circle may leave so much more residual than walls do, freedoms accounted for."""
LEAST_FREEDOM = 0.3
"""Walls are credited with at least this share of the residual's freedoms."""
SAGITTA_PX = 0.1
"""How far a drawn edge may lie from the circle."""


def fit_circles(arcs: Arcs, walls: Walls) -> tuple[Bools, Floats]:
    """(a,) True where a ring is a circle, and (a, 3) centre x, y and radius of these.

    The circle is the algebraic least-squares fit (Kasa 1976).
    """
    found, out = np.zeros(len(arcs.near), dtype=bool), np.zeros((len(arcs.near), 3))
    ring = (arcs.node_from == NO_NODE) & (arcs.far == OUTSIDE)
    ring &= np.diff(walls.first) >= FEWEST_WALLS
    for arc in np.flatnonzero(ring):
        span = slice(arcs.first[arc], arcs.first[arc + 1])
        circle, residual = _fit(arcs.xy[span], np.diff(walls.sums[span, 0]))
        found[arc] = residual <= AS_GOOD * _wall_noise(arcs, walls, int(arc))
        out[arc] = circle
    return found, out


def _fit(xy: Floats, weight: Floats) -> tuple[Floats, float]:
    """Circle through the midpoints of a ring's edges, and its residual."""
    middle = (xy[:-1] + xy[1:]) / 2
    mean = np.average(middle, axis=0, weights=weight)
    local = middle - mean
    square = (local**2).sum(axis=1)
    matrix = (local * weight[:, None]).T @ local
    centre = np.linalg.solve(matrix, 0.5 * (local * (weight * square)[:, None]).sum(axis=0))
    radius = np.sqrt((centre**2).sum() + np.average(square, weights=weight))
    miss = np.hypot(*(local - centre).T) - radius
    residual = np.sqrt(np.average(miss**2, weights=weight))
    return np.array([*(centre + mean), radius]), float(residual)


def _wall_noise(arcs: Arcs, walls: Walls, arc: int) -> float:
    """Noise that the ring's walls would leave if they were true.

    Each wall follows the noise by two parameters, a circle by three in all; a ring has as many
    independent samples as the noise's correlation length goes into it.
    """
    ends = walls.end[walls.first[arc] : walls.first[arc + 1]]
    w, x, y, xx, xy, yy = np.diff(walls.sums[[arcs.first[arc], *ends]], axis=0).T
    w = np.maximum(w, 1e-9)
    cxx, cxy, cyy = xx - x * x / w, xy - x * y / w, yy - y * y / w
    left = (cxx + cyy) / 2 - np.hypot((cxx - cyy) / 2, cxy)
    samples = w.sum() / CORRELATION_PX
    freedom = max(LEAST_FREEDOM, 1 - (2 * len(ends) - 3) / samples)
    return float(np.sqrt(max(left.sum(), 0.0) / w.sum() / freedom))


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

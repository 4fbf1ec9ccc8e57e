"""How plain outlines are: few corners, right ones, no short walls."""

from __future__ import annotations

import math

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arrays import Floats, Ints, Polygons
from geoseg.shaping.rings import rings_of

CLEAN = np.tan(np.radians(0.5))
"""Tangent of the angle by which a right, straight or half right corner may miss."""
SHORT_PX = 3.0
"""Shorter walls count as a flaw."""
CIRCLE = 3
"""A circle counts as so many corners."""
FEWEST = 12
"""A ring of fewer vertices is no circle."""
ROUND = 0.05
"""By what share of the largest the distances of a circle's vertices from its middle differ."""


def count_flaws(polygons: Polygons) -> tuple[Ints, Ints]:
    """(n,) corners of each polygon, and (n,) flaws: corners at odd angles and short walls.

    Vertices amid a straight wall are no corners. What counts are angles and lengths alone: so an
    outline that was drawn once shows as much, whatever it was drawn from.
    """
    out = np.zeros((2, len(polygons)), dtype=np.int64)
    _count(*rings_of(polygons), out)
    return out[0], out[1]


@jit
def _count(xy: Floats, first: Ints, home: Ints, out: Ints) -> None:
    for ring in range(len(home)):
        start, stop = first[ring], first[ring + 1] - 1
        if _is_circle(xy, start, stop):
            out[0, home[ring]] += CIRCLE
            continue
        for i in range(start, stop):
            corner, odd, short = _look(xy, i - 1 if i > start else stop - 1, i)
            out[0, home[ring]] += corner
            out[1, home[ring]] += odd + short


@inner_jit
def _look(xy: Floats, before: int, i: int) -> tuple[int, int, int]:
    """Whether vertex i is a corner, whether its angle is odd, and its next wall short."""
    ax, ay = xy[i, 0] - xy[before, 0], xy[i, 1] - xy[before, 1]
    bx, by = xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]
    short = int(bx * bx + by * by < SHORT_PX * SHORT_PX)
    ahead, aside = ax * bx + ay * by, abs(ax * by - ay * bx)
    if aside <= CLEAN * ahead:
        return 0, 0, short
    ahead = abs(ahead)
    clean = ahead <= CLEAN * aside or abs(ahead - aside) <= CLEAN * (ahead + aside)
    return 1, int(not clean), short


@inner_jit
def _is_circle(xy: Floats, start: int, stop: int) -> bool:
    n = stop - start
    if n < FEWEST:
        return False
    x = y = 0.0
    for i in range(start, stop):
        x += xy[i, 0] / n
        y += xy[i, 1] / n
    least, most = np.inf, 0.0
    for i in range(start, stop):
        away = math.sqrt((xy[i, 0] - x) ** 2 + (xy[i, 1] - y) ** 2)
        least, most = min(least, away), max(most, away)
    return bool(most - least < ROUND * most)

"""The direction of each building, shared by houses of a terrace that agree.

Directions are angles modulo 90 degrees; the circle is closed by four times the angle.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.cut import FreeWalls
from geoseg.shaping.segment import (
    ACROSS,
    COUNTER,
    DIAGONAL,
    END_SAMPLES,
    FREE,
    moments,
    moments_of_wall,
)

if TYPE_CHECKING:
    from geoseg.shaping.cut import Walls

QUARTER = np.pi / 2
CORRELATION_PX = 6.0
"""Length over which the noise of an outline is correlated: so many samples count as one."""
FLAT_PX2 = 1e-9
"""Samples that spread by less lie in one place, as far as rounding lets one tell."""
MOST_TURN = 0.14
"""Houses that are turned by more against each other, radians, never share a direction."""


@inner_jit
def turn_between(a: float, b: float) -> float:
    """Signed difference a - b modulo 90 degrees, in -45..45 degrees."""
    return (a - b + QUARTER / 2) % QUARTER - QUARTER / 2


@jit
def first_directions(walls: FreeWalls, noise: Floats, out: Floats) -> None:
    """Write (polygons, 2): direction that most of the outline agrees with, and its variance."""
    for polygon in range(len(out)):
        angle, spread, n = _wall_angles(walls, polygon, noise[polygon])
        top, theta = -1.0, 0.0
        for i in range(n):
            score = 0.0
            for j in range(n):
                miss = turn_between(angle[j], angle[i]) / (0.05 + math.sqrt(spread[j]))
                score += math.exp(-0.5 * miss * miss) / (0.0004 + spread[j])
            if score > top:
                top, theta = score, angle[i]
        shift = total = 0.0
        for j in range(n):
            miss = turn_between(angle[j], theta)
            sharp = math.exp(-0.5 * (miss / (0.05 + math.sqrt(spread[j]))) ** 2) / (
                1e-9 + spread[j]
            )
            shift += sharp * miss
            total += sharp
        out[polygon, 0] = (theta + shift / (total + 1e-12)) % QUARTER
        out[polygon, 1] = 1.0 / (total + 1e-12)


@inner_jit
def _wall_angles(walls: FreeWalls, polygon: int, noise: float) -> tuple[Floats, Floats, int]:
    """Direction and variance of every wall of a polygon."""
    mine = walls.arcs[walls.polygon_first[polygon] : walls.polygon_first[polygon + 1]]
    count = 0
    for arc in mine:
        count += walls.wall_first[arc + 1] - walls.wall_first[arc]
    angle, spread, n = np.empty(count), np.empty(count), 0
    for arc in mine:
        i = walls.arc_first[arc]
        for wall in range(walls.wall_first[arc], walls.wall_first[arc + 1]):
            _, _, _, t, d, c = moments(walls.sums, i, walls.wall_end[wall])
            i = walls.wall_end[wall]
            r = math.sqrt(d * d + c * c)
            if r > FLAT_PX2:
                angle[n] = 0.5 * math.atan2(c, d) % QUARTER
                spread[n] = noise * noise * CORRELATION_PX / (t + r)
                n += 1
    return angle, spread, n


@jit
def unite_directions(direction: Floats, near: Ints, far: Ints, group: Ints) -> None:
    """Join polygons that share walls and agree in direction; ``group`` (n,) begins as 0..n-1.

    The directions of a group are averaged in place as it grows.
    """
    for arc in range(len(near)):
        if far[arc] < 0:
            continue
        a, b = find(group, near[arc]), find(group, far[arc])
        if a == b:
            continue
        miss = turn_between(direction[b, 0], direction[a, 0])
        limit = 0.02 + 2.5 * math.sqrt(direction[a, 1] + direction[b, 1])
        if abs(miss) > limit or abs(miss) > MOST_TURN:
            continue
        low, high = (a, b) if a < b else (b, a)
        share = direction[a, 1] / (direction[a, 1] + direction[b, 1])
        theta = (direction[a, 0] + share * miss) % QUARTER
        spread = direction[a, 1] * direction[b, 1] / (direction[a, 1] + direction[b, 1])
        group[high] = low
        direction[low, 0], direction[low, 1] = theta, spread
    for polygon in range(len(group)):
        group[polygon] = find(group, polygon)
        direction[polygon, 0] = direction[group[polygon], 0]
        direction[polygon, 1] = direction[group[polygon], 1]


@inner_jit
def find(parent: Ints, i: int) -> int:
    """Root of i in a forest of parents, halving paths on the way."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def refine_directions(walls: Walls, arc_first: Ints, group: Ints) -> Floats:
    """(n,) directions with the least squared residuals over all classed walls of each group.

    ``group`` (n,) tells which polygons share a direction.
    """
    out = walls.theta.copy()
    _refine(walls, arc_first, group, np.zeros((len(out), 2)), out)
    return out


@jit
def _refine(walls: Walls, arc_first: Ints, group: Ints, total: Floats, theta: Floats) -> None:
    for arc in range(len(arc_first) - 1):
        if walls.other[arc] != walls.owner[arc]:
            continue
        i, home = arc_first[arc], group[walls.owner[arc]]
        for wall in range(walls.first[arc], walls.first[arc + 1]):
            _, _, _, _, d, c = moments_of_wall(walls.sums, i, walls.end[wall], END_SAMPLES)
            i = walls.end[wall]
            kind = walls.kind[wall]
            if kind == FREE:
                continue
            if kind in (DIAGONAL, COUNTER):
                d, c = c, -d
            sign = -1.0 if kind in (ACROSS, COUNTER) else 1.0
            total[home, 0] += sign * d
            total[home, 1] += sign * c
    for polygon in range(len(theta)):
        d, c = total[group[polygon], 0], total[group[polygon], 1]
        if d != 0.0 or c != 0.0:
            theta[polygon] += turn_between(0.5 * math.atan2(c, d), theta[polygon])

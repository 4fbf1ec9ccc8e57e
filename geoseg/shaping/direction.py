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
    FREE,
    NO_ENDS,
    likely_moments,
    moments,
)
from geoseg.shaping.turning import CORRELATION_PX, MOST_PULL, QUARTER, even_directions

if TYPE_CHECKING:
    from geoseg.shaping.cut import Walls
    from geoseg.shaping.turning import Rows

FLAT_PX2 = 1e-9
"""Samples that spread by less lie in one place, as far as rounding lets one tell."""
MOST_TURN = 0.14
"""Houses that are turned by more against each other, radians, never share a direction."""
SWEEPS = 8
"""Rounds in which houses in a row hand on how they turn; each leaves a fifth or so of what is left."""


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
            _, _, _, t, d, c = moments(walls.sums, i, walls.wall_end[wall], NO_ENDS)
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


def refine_directions(
    walls: Walls, arc_first: Ints, group: Ints, even: Rows, reach: float
) -> Floats:
    """(n,) directions with the least squared residuals over all classed walls of each group.

    ``group`` (n,) tells which polygons share a direction, ``even`` which stand in rows that turn evenly, each a
    group of its own. Walls that run halfway between two directions tell of both. ``reach`` is as in ``fit_lines``.
    """
    out, own = walls.theta.copy(), np.zeros((len(walls.theta), 2))
    halfway = np.zeros((len(walls.owner), 2))
    _refine(walls, arc_first, (group, reach), (own, halfway), out)
    each = out + _turns(walls, own, halfway, group)[group]
    arc = np.flatnonzero((walls.owner != walls.other) & (even.number[walls.owner] >= 0))
    between = walls.owner[arc], walls.other[arc], *halfway[arc].T
    return np.where(even.number >= 0, even_directions(even, out, own, between), each)


def _turns(walls: Walls, own: Floats, halfway: Floats, group: Ints) -> Floats:
    """(n,) by what the walls halfway turn each group from where its own walls run best, radians.

    Half the turns of two groups must bring a wall between them near to where it runs best by itself; the
    normal equations are solved by Jacobi's method.
    """
    arc = np.flatnonzero(walls.owner != walls.other)
    a, b = group[walls.owner[arc]], group[walls.other[arc]]
    mine, others, count = np.concatenate([a, b]), np.concatenate([b, a]), len(group)
    sure, pull = np.tile(halfway[arc], (2, 1)).T
    whole = 4.0 * np.hypot(*own.T) + np.bincount(mine, sure, minlength=count)
    turn = np.zeros(count)
    for _ in range(SWEEPS if len(arc) else 0):
        pulled = np.bincount(mine, pull - sure * turn[others], minlength=count)
        turn = np.clip(pulled / np.maximum(whole, FLAT_PX2), -MOST_PULL, MOST_PULL)
    return turn


@jit
def _refine(
    walls: Walls,
    arc_first: Ints,
    given: tuple[Ints, float],
    sums: tuple[Floats, Floats],
    theta: Floats,
) -> None:
    """Turn (n,) ``theta`` to where the walls along one direction run best; write what they add up to.

    Of each arc whose walls run halfway between two directions: how sure they are of that, and how far
    they would turn it, times that.
    """
    (own, halfway), (group, reach) = sums, given
    for arc in range(len(arc_first) - 1):
        i, total, home = arc_first[arc], own, group[walls.owner[arc]]
        if walls.other[arc] != walls.owner[arc]:
            total, home = halfway, arc
        for wall in range(walls.first[arc], walls.first[arc + 1]):
            _, _, _, _, d, c = likely_moments(walls.sums, i, walls.end[wall], reach)
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
        d, c = own[group[polygon], 0], own[group[polygon], 1]
        if d != 0.0 or c != 0.0:
            theta[polygon] += turn_between(0.5 * math.atan2(c, d), theta[polygon])
    for arc in range(len(halfway)):
        a, b = theta[walls.owner[arc]], theta[walls.other[arc]]
        d, c, twice = halfway[arc, 0], halfway[arc, 1], 2.0 * a + turn_between(b, a)
        halfway[arc, 0] = max(0.0, d * math.cos(twice) + c * math.sin(twice))
        halfway[arc, 1] = c * math.cos(twice) - d * math.sin(twice)

"""The direction of each building, shared by houses of a terrace that agree.

Directions are angles modulo 90 degrees; the circle is closed by four times the angle.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arrays import Floats, Ints
from geoseg.shaping.segment import ACROSS, COUNTER, DIAGONAL, FREE, moments

QUARTER = np.pi / 2
CORRELATION_PX = 6.0
"""Length over which the noise of an outline is correlated: so many samples count as one."""


class FreeWalls(NamedTuple):
    """Walls of any direction, and which arcs bound which polygon."""

    sums: Floats
    """(v, 6) prefix sums of the samples, see ``segment.prefix_sums``."""
    arc_first: Ints
    """(a + 1,) first vertex of each arc."""
    wall_first: Ints
    """(a + 1,) first wall of each arc."""
    wall_end: Ints
    """(w,) vertex at which each wall ends."""
    polygon_first: Ints
    """(n + 1,) where each polygon's arcs begin in ``arcs``."""
    arcs: Ints
    """Arcs of the polygons in order."""


@inner_jit
def turn_between(a: float, b: float) -> float:
    """Signed difference a - b modulo 90 degrees, in -45..45 degrees."""
    return (a - b + QUARTER / 2) % QUARTER - QUARTER / 2


@jit
def arcs_of_polygons(near: Ints, far: Ints, polygons: int) -> tuple[Ints, Ints]:
    """Arcs of each polygon: (polygons + 1,) beginnings and the arcs in order."""
    begin = np.zeros(polygons + 1, np.int64)
    for arc in range(len(near)):
        begin[near[arc] + 1] += 1
        if far[arc] >= 0:
            begin[far[arc] + 1] += 1
    begin = np.cumsum(begin)
    at, out = begin[:-1].copy(), np.empty(begin[-1], np.int64)
    for arc in range(len(near)):
        out[at[near[arc]]] = arc
        at[near[arc]] += 1
        if far[arc] >= 0:
            out[at[far[arc]]] = arc
            at[far[arc]] += 1
    return begin, out


@jit
def first_directions(walls: FreeWalls, noise: Floats) -> Floats:
    """(polygons, 2) direction that most of the outline agrees with, and its variance."""
    out = np.zeros((len(walls.polygon_first) - 1, 2))
    for polygon in range(len(out)):
        angle, spread, n = _wall_angles(walls, polygon, noise[polygon])
        top, theta = -1.0, 0.0
        for i in range(n):
            score = 0.0
            for j in range(n):
                miss = turn_between(angle[j], angle[i]) / (0.05 + np.sqrt(spread[j]))
                score += np.exp(-0.5 * miss * miss) / (0.0004 + spread[j])
            if score > top:
                top, theta = score, angle[i]
        shift = total = 0.0
        for j in range(n):
            miss = turn_between(angle[j], theta)
            sharp = np.exp(-0.5 * (miss / (0.05 + np.sqrt(spread[j]))) ** 2) / (1e-9 + spread[j])
            shift += sharp * miss
            total += sharp
        out[polygon, 0] = (theta + shift / max(total, 1e-12)) % QUARTER
        out[polygon, 1] = 1.0 / max(total, 1e-12)
    return out


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
            r = np.hypot(d, c)
            if r > 0.0:
                angle[n] = 0.5 * np.arctan2(c, d) % QUARTER
                spread[n] = noise * noise * CORRELATION_PX / (t + r)
                n += 1
    return angle, spread, n


@jit
def unite_directions(direction: Floats, near: Ints, far: Ints) -> Ints:
    """(polygons,) group of each polygon: joined by shared walls, with directions that agree.

    The directions of a group are averaged in place as it grows.
    """
    group = np.arange(len(direction))
    for arc in range(len(near)):
        if far[arc] < 0:
            continue
        a, b = find(group, near[arc]), find(group, far[arc])
        if a == b:
            continue
        miss = turn_between(direction[b, 0], direction[a, 0])
        limit = min(0.14, 0.02 + 2.5 * np.sqrt(direction[a, 1] + direction[b, 1]))
        if abs(miss) > limit:
            continue
        low, high = min(a, b), max(a, b)
        share = direction[a, 1] / (direction[a, 1] + direction[b, 1])
        theta = (direction[a, 0] + share * miss) % QUARTER
        spread = direction[a, 1] * direction[b, 1] / (direction[a, 1] + direction[b, 1])
        group[high] = low
        direction[low, 0], direction[low, 1] = theta, spread
    for polygon in range(len(group)):
        group[polygon] = find(group, polygon)
        direction[polygon] = direction[group[polygon]]
    return group


@inner_jit
def find(parent: Ints, i: int) -> int:
    """Root of i in a forest of parents, halving paths on the way."""
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@jit
def refine_directions(
    theta: Floats, home: Ints, group: Ints, sums: Floats,
    first: Ints, wall_first: Ints, wall_end: Ints, kinds: Ints,
) -> Floats:  # fmt: skip
    """Directions that leave the least squared residuals over all classed walls of each group.

    ``home`` (a,) is the group that each arc counts for, ``group`` (n,) that of each polygon.
    """
    total = np.zeros((len(theta), 2))
    for arc in range(len(first) - 1):
        i = first[arc]
        for wall in range(wall_first[arc], wall_first[arc + 1]):
            _, _, _, _, d, c = moments(sums, i, wall_end[wall])
            i = wall_end[wall]
            if kinds[wall] == FREE:
                continue
            if kinds[wall] in (DIAGONAL, COUNTER):
                d, c = c, -d
            sign = -1.0 if kinds[wall] in (ACROSS, COUNTER) else 1.0
            total[home[arc], 0] += sign * d
            total[home[arc], 1] += sign * c
    out = theta.copy()
    for polygon in range(len(theta)):
        d, c = total[group[polygon], 0], total[group[polygon], 1]
        if d != 0.0 or c != 0.0:
            better = 0.5 * np.arctan2(c, d)
            out[polygon] = theta[polygon] + turn_between(better, theta[polygon])
    return out

"""Walls moved to the middle of the pixels they were drawn from.

Thinning keeps some vertices of an outline, and those lie farther out than the wall on either side.
Here each wall becomes the least-squares line through its piece of the smoothed outline, and corners
go to where neighbouring lines meet; the short edge that pixels cut off a slanting corner goes away.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from geoseg.footprints.arcs import Bools, Floats, Ints

REACH_PX = 0.9
"""No corner and no wall moves farther; with half a pixel for the staircase that stays below the
3.5 px at which buildings of two clusters could meet."""
STEP_PX = 2.0**-10
"""Corners lie on this lattice, so that moving a raster by whole pixels moves them exactly so."""
SHORT_PX = 2.5
"""Edges shorter than this have no direction of their own."""
TRIM_PX = 1.0
"""How much of a wall next to a corner is rounded off by pixels, and left out of its line."""


@njit(cache=True, nogil=True)
def fit(path: Floats, kept: Ints, closed: bool) -> Floats:
    """Fitted vertices of one arc whose thinned vertices are ``path[kept]``.

    The ends of an open arc stay. Where anything would move too far, the thinned vertices stay.
    """
    origin = path[0].copy()
    local = path - origin
    walls = len(kept) - 1
    lines = np.empty((walls, 4))
    short = np.empty(walls, np.bool_)
    for wall in range(walls):
        piece = local[kept[wall] : kept[wall + 1] + 1]
        short[wall] = ((piece[-1] - piece[0]) ** 2).sum() < SHORT_PX**2
        lines[wall] = _line(piece)
    if short.all():
        return path[kept]
    corners, stands_for = _corners(local[kept], lines, short, closed)
    if closed and len(corners) < 3:  # noqa: PLR2004
        return path[kept]
    corners, stands_for = _closed_up(local[kept], corners, stands_for, closed)
    return corners + origin if _near(local, kept, corners, stands_for) else path[kept]


@njit(cache=True, nogil=True)
def _line(piece: Floats) -> Floats:
    """A point on, and the unit direction of, the least-squares line through a polyline."""
    edge = np.sqrt(((piece[1:] - piece[:-1]) ** 2).sum(axis=1))
    total = edge.sum()
    trim = TRIM_PX if total > 4 * TRIM_PX else 0.0
    weight, mean, moment = 0.0, np.zeros(2), np.zeros((2, 2))
    begin = 0.0
    for i in range(len(edge)):
        low, high = max(begin, trim), min(begin + edge[i], total - trim)
        if high > low:
            p = piece[i] + (piece[i + 1] - piece[i]) * ((low - begin) / edge[i])
            q = piece[i] + (piece[i + 1] - piece[i]) * ((high - begin) / edge[i])
            m = (p + q) / 2
            weight += high - low
            mean += (high - low) * m
            for a in range(2):
                for b in range(2):
                    terms = p[a] * p[b] + 4 * m[a] * m[b] + q[a] * q[b]
                    moment[a, b] += (high - low) / 6 * terms
        begin += edge[i]
    mean /= weight
    cross = moment[0, 1] / weight - mean[0] * mean[1]
    spread = moment[0, 0] / weight - mean[0] ** 2 - (moment[1, 1] / weight - mean[1] ** 2)
    angle = 0.5 * math.atan2(2 * cross, spread)
    return np.array([mean[0], mean[1], math.cos(angle), math.sin(angle)])


@njit(cache=True, nogil=True)
def _meet(a: Floats, b: Floats) -> Floats:
    """Where two lines meet, on the lattice of corners; far away where they are parallel."""
    sine = a[2] * b[3] - a[3] * b[2]
    if abs(sine) < 0.1:  # noqa: PLR2004
        return np.full(2, np.inf)
    along = ((b[0] - a[0]) * b[3] - (b[1] - a[1]) * b[2]) / sine
    return np.asarray(np.round((a[:2] + along * a[2:]) / STEP_PX) * STEP_PX)


@njit(cache=True, nogil=True)
def _distance(point: Floats, a: Floats, b: Floats) -> float:
    """Distance from a point to a segment."""
    across = b - a
    squared = (across**2).sum()
    along = ((point - a) * across).sum() / squared if squared > 0 else 0.0
    return float(np.sqrt(((point - a - min(max(along, 0.0), 1.0) * across) ** 2).sum()))


@njit(cache=True, nogil=True)
def _foot(point: Floats, line: Floats) -> Floats:
    """The nearest point on a line, on the lattice of corners."""
    along = ((point - line[:2]) * line[2:]).sum()
    return np.asarray(np.round((line[:2] + along * line[2:]) / STEP_PX) * STEP_PX)


@njit(cache=True, nogil=True)
def _corner(a: Floats, b: Floats, first: Floats, last: Floats) -> tuple[Floats, bool]:
    """Where two walls meet, and whether that is near enough to what lies between them."""
    met = _meet(a, b)
    near = np.isfinite(met[0]) and _distance(met, first, last) <= REACH_PX
    return met, near


@njit(cache=True, nogil=True)
def _corners(vertex: Floats, lines: Floats, short: Bools, closed: bool) -> tuple[Floats, Ints]:
    """New corners in order, and the number of the thinned vertex that each stands for."""
    walls = len(lines)
    out, stands_for = np.empty((walls + 1, 2)), np.empty(walls + 1, np.int64)
    n = 0
    # Begin after a wall with a direction, so that no short edge lies across the beginning.
    begin = (np.argmin(short) + 1) % walls if closed else 1
    skip = False
    for i in range(walls if closed else walls - 1):
        here = (begin + i) % walls
        before, beyond = (here - 1) % walls, (here + 1) % walls
        if skip:
            skip = False
            continue
        place = vertex[here]
        if not short[before] and not short[here]:
            met, near = _corner(lines[before], lines[here], place, place)
            place = met if near else place
        elif not short[before] and not short[beyond] and (closed or here < walls - 1):
            met, near = _corner(lines[before], lines[beyond], place, vertex[here + 1])
            place = met if near else _foot(place, lines[before])
            skip = near
        elif not short[before] or not short[here]:
            place = _foot(place, lines[here] if short[before] else lines[before])
        out[n], stands_for[n] = place, here
        n += 1
    return out[:n], stands_for[:n]


@njit(cache=True, nogil=True)
def _closed_up(
    vertex: Floats, corners: Floats, stands_for: Ints, closed: bool
) -> tuple[Floats, Ints]:
    """The same with the fixed ends of an open arc, or with the first corner repeated."""
    n = len(corners)
    if closed:
        turned = (np.arange(n + 1) + np.argmin(stands_for)) % n  # begin where the path begins
        numbers = stands_for[turned]
        numbers[-1] = len(vertex) - 1
        return corners[turned], numbers
    out, numbers = np.empty((n + 2, 2)), np.empty(n + 2, np.int64)
    out[0], out[-1], out[1:-1] = vertex[0], vertex[-1], corners
    numbers[0], numbers[-1], numbers[1:-1] = 0, len(vertex) - 1, stands_for
    return out, numbers


@njit(cache=True, nogil=True)
def _near(local: Floats, kept: Ints, corners: Floats, stands_for: Ints) -> bool:
    """Whether every vertex of the path lies within reach of the new wall at its place."""
    wall = 0
    last = len(corners) - 2
    for i in range(len(local)):
        while wall < last and i > kept[stands_for[wall + 1]]:
            wall += 1
        nearest = np.inf
        for near in range(max(wall - 1, 0), min(wall + 1, last) + 1):
            nearest = min(nearest, _distance(local[i], corners[near], corners[near + 1]))
        if nearest > REACH_PX:
            return False
    return True

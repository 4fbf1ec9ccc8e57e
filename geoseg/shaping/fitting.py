"""A quick look that spares most polygons of a coverage the full check.

Two valid polygons surely neither overlap nor miss vertices of common walls where

- edges that have no end in common lie apart;
- at every common vertex their corners lie beside each other, each on the side of its polygon;
- rings without a common vertex lie outside the other polygon.

For then no outline leads into the other polygon, at a common vertex or elsewhere.
"""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.kernels.jit import inner_jit, jit, whole
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.points import bounds
from geoseg.shaping.rings import rings_of
from geoseg.shaping.simple import RUN, beside, box_runs, boxes_meet, is_around, parted, side

LEAST = 3
"""Edges of a ring."""
APART, TOUCHING, UNSURE = whole(0), whole(1), whole(2)
"""Of two rings: without a common point; with common vertices alone, where they fit; or who knows."""


def may_clash(polygons: Polygons, group: Ints, moved: Bools) -> Bools:
    """(n,) False for polygons that surely neither overlap another of their group nor miss its vertices.

    Args:
        polygons: (n,) valid polygons.
        group: (n,) their groups, one after the other.
        moved: (n,) False for polygons that are known to fit to each other.
    """
    sound = shapely.get_type_id(polygons) == shapely.GeometryType.POLYGON
    xy, first, home = rings_of(polygons)
    shell, run = bounds(home, len(polygons)), np.append(0, np.cumsum(-(-np.diff(first) // RUN)))
    left, out = np.empty(len(home), np.bool_), np.zeros(len(polygons), np.bool_)
    boxes = run, np.empty((run[-1], 4)), np.empty((len(home), 4))
    touched = np.empty(len(home), np.bool_)
    _mark_doubtful(xy, (first, shell, left, touched), boxes, (group, moved, sound), out)
    return out


@jit
def _mark_doubtful(
    xy: Floats,
    rings: tuple[Ints, Ints, Bools, Bools],
    boxes: tuple[Ints, Floats, Floats],
    given: tuple[Ints, Bools, Bools],
    out: Bools,
) -> None:
    """Mark polygons of pairs that may not fit; fill in sides and boxes of rings."""
    (first, shell, left, _), (run, of_runs, of_rings), (group, moved, sound) = rings, boxes, given
    begin = 0
    for one in range(len(out)):
        if group[one] != group[begin]:
            begin = one
        for ring in range(shell[one], shell[one + 1]):
            start, edges = first[ring], first[ring + 1] - first[ring] - 1
            turns = _turns(xy, start, edges, of_rings[ring])
            if turns != 0:
                box_runs(xy, start, edges, of_runs, run[ring])
            left[ring] = (turns > 0) == (ring == shell[one])
            sound[one] = sound[one] and turns != 0
        for other in range(begin, one):
            # The box of a polygon is that of its shell.
            there = of_rings[shell[other]]
            if (moved[one] or moved[other]) and boxes_meet(of_rings[shell[one]], there):
                pair = one, other
                if not (sound[one] and sound[other] and _two_fit(xy, rings, boxes, pair)):
                    out[one] = out[other] = True


@inner_jit
def _turns(xy: Floats, start: int, edges: int, box: Floats) -> int:
    """1 where a simple ring surely turns left, -1 right, or else 0; its box is written."""
    if edges < LEAST:
        box[0] = box[1] = np.inf
        box[2] = box[3] = -np.inf
        return 0
    lowest = start
    box[0] = box[2] = xy[start, 0]
    box[1] = box[3] = xy[start, 1]
    for i in range(start, start + edges):
        x, y = xy[i, 0], xy[i, 1]
        if x < xy[lowest, 0] or (x == xy[lowest, 0] and y < xy[lowest, 1]):
            lowest = i
        box[0], box[1] = min(box[0], x), min(box[1], y)
        box[2], box[3] = max(box[2], x), max(box[3], y)
    before = lowest - 1 if lowest > start else start + edges - 1
    return side(xy, before, lowest, lowest + 1)


@inner_jit
def _two_fit(
    xy: Floats,
    rings: tuple[Ints, Ints, Bools, Bools],
    boxes: tuple[Ints, Floats, Floats],
    pair: tuple[int, int],
) -> bool:
    """Whether two polygons surely fit."""
    first, shell, left, touched = rings
    for polygon in pair:
        for ring in range(shell[polygon], shell[polygon + 1]):
            touched[ring] = False
    for a in range(shell[pair[0]], shell[pair[0] + 1]):
        for b in range(shell[pair[1]], shell[pair[1] + 1]):
            found = _rings_fit(xy, (first, left), boxes, a, b)
            if found == UNSURE:
                return False
            touched[a] |= found == TOUCHING
            touched[b] |= found == TOUCHING
    for k in range(2):
        other = pair[1 - k]
        for ring in range(shell[pair[k]], shell[pair[k] + 1]):
            outside = 1
            for around in range(shell[other], shell[other + 1]):
                outside *= -is_around(xy, first, around, ring)
            if outside != 1 and not touched[ring]:
                return False
    return True


@inner_jit
def _rings_fit(
    xy: Floats, rings: tuple[Ints, Bools], boxes: tuple[Ints, Floats, Floats], a: int, b: int
) -> int:
    """APART, TOUCHING or UNSURE."""
    first, (run, of_runs, of_rings), found = rings[0], boxes, APART
    for m in range(run[a], run[a] + (first[a + 1] - first[a] + RUN - 2) // RUN):
        if not boxes_meet(of_runs[m], of_rings[b]):
            continue
        begin = first[a] + (m - run[a]) * RUN
        for n in range(run[b], run[b] + (first[b + 1] - first[b] + RUN - 2) // RUN):
            if not boxes_meet(of_runs[m], of_runs[n]):
                continue
            start = first[b] + (n - run[b]) * RUN
            for i in range(begin, min(begin + RUN, first[a + 1] - 1)):
                for j in range(start, min(start + RUN, first[b + 1] - 1)):
                    if not beside(xy, i, j):
                        found = max(found, _edges_fit(xy, rings, (a, i), (b, j)))
    return found


@inner_jit
def _edges_fit(
    xy: Floats, rings: tuple[Ints, Bools], one: tuple[int, int], other: tuple[int, int]
) -> int:
    """The same of two edges, each given by its ring and its first vertex, and of their first corners."""
    (first, left), (a, i), (b, j) = rings, one, other
    if same(xy, i, j):
        before = i - 1 if i > first[a] else first[a + 1] - 2
        here = (i, i + 1, before) if left[a] else (i, before, i + 1)
        before = j - 1 if j > first[b] else first[b + 1] - 2
        there = (j, j + 1, before) if left[b] else (j, before, j + 1)
        return TOUCHING if _corners_fit(xy, here, there) else UNSURE
    if same(xy, i + 1, j + 1) or same(xy, i, j + 1) or same(xy, i + 1, j):
        return TOUCHING
    return APART if parted(xy, i, j) or parted(xy, j, i) else UNSURE


@inner_jit
def same(xy: Floats, i: int, j: int) -> bool:
    """Whether two vertices lie at one place."""
    return bool(xy[i, 0] == xy[j, 0] and xy[i, 1] == xy[j, 1])


@inner_jit
def _corners_fit(xy: Floats, one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two corners at one place surely lie beside each other.

    Each is a vertex and its neighbours; the inside lies counter-clockwise from the first of these.
    """
    at = one[0]
    for k in range(1, 3):
        for m in range(1, 3):
            u, v = one[k], other[m]
            if same(xy, u, v):
                if k == m:
                    return False
                continue
            ahead = (xy[u, 0] - xy[at, 0]) * (xy[v, 0] - xy[at, 0])
            ahead += (xy[u, 1] - xy[at, 1]) * (xy[v, 1] - xy[at, 1])
            if ahead > 0.0 and side(xy, at, u, v) == 0:
                return False
            if _is_between(xy, one, v) or _is_between(xy, other, u):
                return False
    return True


@inner_jit
def _is_between(xy: Floats, corner: tuple[int, int, int], way: int) -> bool:
    """Whether the way to a vertex leads into a corner."""
    at, begin, end = corner
    after, until = side(xy, at, begin, way) > 0, side(xy, at, way, end) > 0
    return (after and until) if side(xy, at, begin, end) > 0 else (after or until)


def meeting(boxes: Floats, others: Floats) -> Bools:
    """(n,) True for boxes (n, 4) that have a point in common with one of the others."""
    out = np.zeros(len(boxes), dtype=np.bool_)
    _mark_meeting(boxes, others, out)
    return out


@jit
def _mark_meeting(boxes: Floats, others: Floats, out: Bools) -> None:
    """An empty polygon's box is not a number, and meets none."""
    for i in range(len(boxes)):
        for k in range(len(others)):
            abreast = boxes[i, 0] <= others[k, 2] and others[k, 0] <= boxes[i, 2]
            if abreast and boxes[i, 1] <= others[k, 3] and others[k, 1] <= boxes[i, 3]:
                out[i] = True
                break

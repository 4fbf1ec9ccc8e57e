"""Which polygons lie close together."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.direction import find

SURELY = 1.0 - 1e-9
"""Vertices nearer than this share of a distance lie within it, whatever was rounded."""


def near_boxes(polygons: Polygons, distance: float) -> tuple[Ints, Ints]:
    """Pairs of polygons whose boxes come so near, in order, that of the smaller number first."""
    boxes = shapely.bounds(polygons)
    if len(boxes) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    # Along the axis on which the boxes are spread the most, few of them lie side by side.
    wide = np.ptp(boxes[:, :2], axis=0) / (boxes[:, 2:] - boxes[:, :2]).mean(axis=0)
    if wide[1] > wide[0]:
        boxes = boxes[:, [1, 0, 3, 2]]
    order = np.argsort(boxes[:, 0], kind="stable")
    nothing = np.empty(0, np.int64)
    found = np.empty(_sweep(boxes[order], distance, nothing, nothing), np.int64)
    one, other = found, found.copy()
    _sweep(boxes[order], distance, one, other)
    one, other = order[one], order[other]
    low, high = np.minimum(one, other), np.maximum(one, other)
    ranked = np.lexsort((high, low))
    return low[ranked], high[ranked]


@jit
def _sweep(boxes: Floats, distance: float, one: Ints, other: Ints) -> int:
    """Write the near pairs of boxes, which ascend by their first column; their number."""
    count = 0
    for i in range(len(boxes)):
        j = i + 1
        while j < len(boxes) and boxes[j, 0] <= boxes[i, 2] + distance:
            if boxes[j, 1] <= boxes[i, 3] + distance and boxes[i, 1] <= boxes[j, 3] + distance:
                if len(one):
                    one[count], other[count] = i, j
                count += 1
            j += 1
    return count


def components(one: Ints, other: Ints, count: int) -> Ints:
    """(count,) numbers of what hangs together by pairs: the smallest member of each."""
    group = np.arange(count)
    _unite(one, other, group)
    return group


def near_groups(polygons: Polygons, distance: float) -> Ints:
    """(n,) numbers of the groups of polygons that lie within a distance of each other."""
    one, other = near_boxes(polygons, distance)
    xy, home = shapely.get_coordinates(polygons, return_index=True)
    first = np.searchsorted(home, np.arange(len(polygons) + 1))
    group, done = np.arange(len(polygons)), np.zeros(len(one), dtype=np.bool_)
    _unite_surely_near((xy, first), (one, other), SURELY * distance, group, done)
    one, other = one[~done], other[~done]
    near = shapely.dwithin(polygons[one], polygons[other], distance)
    _unite(one[near], other[near], group)
    return np.asarray(np.unique(group, return_inverse=True)[1], dtype=np.int64)


@jit
def _unite_surely_near(
    vertices: tuple[Floats, Ints],
    pairs: tuple[Ints, Ints],
    distance: float,
    group: Ints,
    done: Bools,
) -> None:
    """Unite polygons with vertices near each other; mark pairs that need no further look."""
    one, other = pairs
    for i in range(len(one)):
        apart = find(group, one[i]) != find(group, other[i])
        if apart and _has_near_vertices(vertices, one[i], other[i], distance):
            _join(group, one[i], other[i])
    for i in range(len(one)):
        done[i] = find(group, one[i]) == find(group, other[i])


@inner_jit
def _has_near_vertices(
    vertices: tuple[Floats, Ints], one: int, other: int, distance: float
) -> bool:
    xy, first = vertices
    lo, hi = first[other], first[other + 1]
    x_min, y_min, x_max, y_max = np.inf, np.inf, -np.inf, -np.inf
    for j in range(lo, hi):
        x_min, x_max = min(x_min, xy[j, 0]), max(x_max, xy[j, 0])
        y_min, y_max = min(y_min, xy[j, 1]), max(y_max, xy[j, 1])
    for i in range(first[one], first[one + 1]):
        x, y = xy[i, 0], xy[i, 1]
        if x < x_min - distance or x > x_max + distance:
            continue
        if y < y_min - distance or y > y_max + distance:
            continue
        for j in range(lo, hi):
            dx, dy = xy[j, 0] - x, xy[j, 1] - y
            if dx * dx + dy * dy <= distance * distance:
                return True
    return False


@jit
def _unite(one: Ints, other: Ints, group: Ints) -> None:
    for i in range(len(one)):
        _join(group, one[i], other[i])
    for i in range(len(group)):
        group[i] = find(group, i)


@inner_jit
def _join(group: Ints, one: int, other: int) -> None:
    a, b = find(group, one), find(group, other)
    group[max(a, b)] = min(a, b)

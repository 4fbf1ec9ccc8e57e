"""How far two layers of one town lie apart, quarter by quarter.

Two surveys of a town differ by a shift that is alike within a quarter and not over the whole town:
another datum, another adjustment, an orthophoto rectified on a coarse terrain. It is estimated from
pairs of outlines of like size: their differences vote, so that wrong pairs, changes and misses do not
count, and the median of those near the winner is taken. Quarters with too few votes take the shift of
a larger one around them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree

REACH_M = 8.0
"""Larger shifts are not looked for: the next house would answer."""
NEAREST = 3
"""Outlines of the old layer that each new one is held against."""
ALIKE = 0.5
"""The smaller of two areas is at least this share of the larger: eaves may be in one alone."""
BIN_M = 0.5
"""Side of the bins that differences vote in."""
BINS = round(2 * REACH_M / BIN_M)
"""Bins along one axis."""
NEAR_M = 1.5
"""Pairs this close to the winner are averaged."""
LEAST_PAIRS = 12
"""Votes near the winner that a quarter needs to have a shift of its own."""
LEAST_SHARE = 0.15
"""And their share of all votes: differences of layers that have nothing in common lie everywhere."""
MOST_CELLS = 1000
"""Quarters along one axis, at most."""

Points = NDArray[np.float64]
"""(n, 2) x and y on the plane, metres."""


@dataclass(frozen=True, slots=True)
class Shifts:
    """Where the new layer lies, seen from the old one: a field over the plane."""

    left: float
    """x of the left side of the first column, metres."""
    bottom: float
    """y of the lower side of the first row, metres."""
    cell_m: float
    """Side of a quarter, metres."""
    by: NDArray[np.float64]
    """(rows, columns, 2) x and y from the old to the new, metres."""
    pairs: NDArray[np.int64]
    """(rows, columns) pairs that a quarter's own shift comes from; 0: it is that of a larger one."""

    def at(self, xy: Points) -> Points:
        """(n, 2) the shift at places: bilinear between the middles of quarters, constant beyond."""
        rows, cols = self.pairs.shape
        col = np.clip((xy[:, 0] - self.left) / self.cell_m - 0.5, 0, cols - 1)
        row = np.clip((xy[:, 1] - self.bottom) / self.cell_m - 0.5, 0, rows - 1)
        c, r = np.floor(col).astype(np.intp), np.floor(row).astype(np.intp)
        right, up = np.minimum(c + 1, cols - 1), np.minimum(r + 1, rows - 1)
        x, y = (col - c)[:, None], (row - r)[:, None]
        low = self.by[r, c] * (1 - x) + self.by[r, right] * x
        high = self.by[up, c] * (1 - x) + self.by[up, right] * x
        return np.asarray(low * (1 - y) + high * y)

    def undone(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """(n,) shapes of the new layer where the old one would have them, vertex by vertex.

        So walls that two shapes share stay shared.
        """
        moved: NDArray[np.object_] = shapely.transform(geometry, lambda xy: xy - self.at(xy))
        return moved

    def done(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """(n,) shapes of the old layer where the new one would have them."""
        moved: NDArray[np.object_] = shapely.transform(geometry, lambda xy: xy + self.at(xy))
        return moved

    @property
    def lengths_m(self) -> NDArray[np.float64]:
        """Of the quarters that have a shift of their own."""
        return np.asarray(np.hypot(*self.by[self.pairs > 0].T))


def find_shifts(old: NDArray[np.object_], new: NDArray[np.object_], cell_m: float) -> Shifts:
    """The field of shifts between (n,) and (m,) polygons of one plane; zero where nothing tells it."""
    at, by = _pairs(old, new)
    if not len(at):
        return Shifts(0.0, 0.0, cell_m, np.zeros((1, 1, 2)), np.zeros((1, 1), np.int64))
    left, bottom = at.min(axis=0)
    width, height = at.max(axis=0) - (left, bottom)
    cell_m = max(cell_m, width / MOST_CELLS, height / MOST_CELLS)
    cols, rows = int(width // cell_m) + 1, int(height // cell_m) + 1
    col = ((at[:, 0] - left) // cell_m).astype(np.intp)
    row = ((at[:, 1] - bottom) // cell_m).astype(np.intp)
    levels = max(rows, cols, 1).bit_length()
    field, counts = np.zeros((1, 1, 2)), np.zeros((1, 1), np.int64)
    for level in range(levels, -1, -1):
        shape = (-(-rows // 2**level), -(-cols // 2**level))
        field = field.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]
        counts = np.zeros(shape, np.int64)
        cell = (row >> level) * shape[1] + (col >> level)
        for where, shift, votes in _elected(cell, by):
            field[where // shape[1], where % shape[1]] = shift
            counts[where // shape[1], where % shape[1]] = votes
    return Shifts(float(left), float(bottom), cell_m, field, counts)


def _pairs(old: NDArray[np.object_], new: NDArray[np.object_]) -> tuple[Points, Points]:
    """Places and differences of pairs of outlines that are near each other and alike in size."""
    if not len(old) or not len(new):
        return np.zeros((0, 2)), np.zeros((0, 2))
    before, after = (shapely.get_coordinates(shapely.centroid(one)) for one in (old, new))
    near = min(NEAREST, len(old))
    distance, index = cKDTree(before).query(after, k=near, distance_upper_bound=REACH_M)
    distance, index = distance.reshape(len(new), near), index.reshape(len(new), near)
    second, which = np.nonzero(np.isfinite(distance))
    first = index[second, which]
    small, large = shapely.area(old)[first], shapely.area(new)[second]
    alike = np.minimum(small, large) >= ALIKE * np.maximum(small, large)
    first, second = first[alike], second[alike]
    return before[first], after[second] - before[first]


def _elected(cell: NDArray[np.intp], by: Points) -> list[tuple[int, Points, int]]:
    """Cell, shift and votes of each cell where enough pairs agree."""
    order = np.argsort(cell, kind="stable")
    names, begins = np.unique(cell[order], return_index=True)
    groups = np.split(by[order], begins[1:])
    found = []
    for name, group in zip(names.tolist(), groups, strict=True):
        winner = _winner(group)
        close = group[np.hypot(*(group - winner).T) <= NEAR_M]
        if len(close) >= max(LEAST_PAIRS, LEAST_SHARE * len(group)):
            found.append((name, np.median(close, axis=0), len(close)))
    return found


def _winner(by: Points) -> Points:
    """(2,) the difference around which most votes lie."""
    bins = np.clip(((by + REACH_M) / BIN_M).astype(np.intp), 0, BINS - 1)
    votes = np.bincount(bins[:, 0] * BINS + bins[:, 1], minlength=BINS * BINS)
    around = uniform_filter(votes.reshape(BINS, BINS).astype(float), 3, mode="constant")
    best = np.array(np.unravel_index(int(around.argmax()), around.shape))
    return np.asarray((best + 0.5) * BIN_M - REACH_M)

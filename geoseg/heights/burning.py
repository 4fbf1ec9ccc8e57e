"""Which samples of a surface lie inside a footprint, by the rule of even and odd crossings.

Footprints are edges in samples: x the column, y the row, a sample's own place at whole numbers. A
sample on a wall belongs to the footprint on its right, or below where the wall lies in the row; so the
samples of footprints that share walls are divided among them, none twice.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.kernels.jit import inner_jit, jit

Edges = NDArray[np.float64]
"""(edges, 4) x and y of the begin, x and y of the end."""
Mask = NDArray[np.uint8]
"""(rows, columns) 1 inside, 0 outside."""


def edges_of(polygons: NDArray[np.object_]) -> tuple[Edges, NDArray[np.int64]]:
    """The edges of (n,) polygons or multipolygons, and where those of each begin: (n + 1,)."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    edges = np.concatenate([xy[:-1][joined], xy[1:][joined]], axis=1)
    building = owner[part[ring[:-1][joined]]] if len(xy) else np.zeros(0, np.int64)
    starts = np.searchsorted(building, np.arange(len(polygons) + 1)).astype(np.int64)
    return np.ascontiguousarray(edges), starts


@jit
def burn_all(edges: Edges, starts: NDArray[np.int64], mask: Mask) -> None:
    """Set the samples inside any footprint."""
    rows, cols = mask.shape
    for one in range(len(starts) - 1):
        top, left, inside = burned(edges, starts[one], starts[one + 1], rows, cols)
        for i in range(inside.shape[0]):
            for j in range(inside.shape[1]):
                mask[top + i, left + j] |= inside[i, j]


@jit
def above_inside(
    z: NDArray[np.float64],
    limit: float,
    edges: Edges,
    starts: NDArray[np.int64],
    counts: NDArray[np.float64],
) -> None:
    """Count, for each footprint, the samples inside that are no NaN (column 0) and reach a limit (1)."""
    rows, cols = z.shape
    for one in range(len(starts) - 1):
        top, left, inside = burned(edges, starts[one], starts[one + 1], rows, cols)
        for i in range(inside.shape[0]):
            for j in range(inside.shape[1]):
                value = z[top + i, left + j]
                if inside[i, j] and not math.isnan(value):
                    counts[one, 0] += 1
                    counts[one, 1] += value >= limit


@inner_jit
def burned(edges: Edges, first: int, last: int, rows: int, cols: int) -> tuple[int, int, Mask]:
    """First row and column, and the samples of one footprint, of what lies within (rows, cols)."""
    row, col, height, width = box_of(edges, first, last)
    top, left = max(row, 0), max(col, 0)
    bottom, right = max(min(row + height, rows), top), max(min(col + width, cols), left)
    inside = np.zeros((bottom - top, right - left), np.uint8)
    if inside.size:
        burn(edges, first, last, top, left, inside)
    return top, left, inside


@inner_jit
def box_of(edges: Edges, first: int, last: int) -> tuple[int, int, int, int]:
    """First row and column, height and width of the samples that can lie inside."""
    if last <= first:
        return 0, 0, 0, 0
    low_x = high_x = edges[first, 0]
    low_y = high_y = edges[first, 1]
    for e in range(first, last):
        low_x, high_x = min(low_x, edges[e, 2]), max(high_x, edges[e, 2])
        low_y, high_y = min(low_y, edges[e, 3]), max(high_y, edges[e, 3])
    row, col = math.ceil(low_y), math.ceil(low_x)
    return row, col, math.floor(high_y) + 1 - row, math.floor(high_x) + 1 - col


@inner_jit
def burn(edges: Edges, first: int, last: int, row: int, col: int, inside: Mask) -> None:
    """Set the samples of one footprint in zeros, whose first sample is (row, col)."""
    rows, cols = inside.shape
    for e in range(first, last):
        x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if y0 > y1 or (y0 == y1 and x0 > x1):  # neighbours walk along a wall in turn
            x0, y0, x1, y1 = x1, y1, x0, y0
        for i in range(max(math.ceil(y0), row), min(math.ceil(y1), row + rows)):
            at = max(math.ceil(x0 + (i - y0) * (x1 - x0) / (y1 - y0)) - col, 0)
            if at < cols:
                inside[i - row, at] ^= 1
    for i in range(rows):
        for j in range(1, cols):
            inside[i, j] ^= inside[i, j - 1]

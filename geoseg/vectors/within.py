"""Which polygon holds a point."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

OUTSIDE = -1
"""Stands for no polygon."""


def assign(point: NDArray[np.float64], polygons: NDArray[np.object_]) -> NDArray[np.int64]:
    """(n,) index of the first polygon that holds each point, borders included, or OUTSIDE."""
    tree = shapely.STRtree(np.asarray(shapely.points(point), dtype=np.object_))
    # Polygons ask the tree of points, so that each is indexed once and not once per point.
    polygon, index = tree.query(polygons, predicate="intersects")
    owner = np.full(len(point), len(polygons), dtype=np.int64)
    np.minimum.at(owner, index, polygon)
    owner[owner == len(polygons)] = OUTSIDE
    return owner

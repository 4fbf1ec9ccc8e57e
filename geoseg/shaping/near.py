"""Which polygons lie close together."""

from __future__ import annotations

import numpy as np
import shapely

from geoseg.shaping.arrays import Ints, Polygons


def near_pairs(polygons: Polygons, distance: float) -> tuple[Ints, Ints]:
    """Pairs of polygons within a distance of each other, the one of the smaller number first."""
    x_min, y_min, x_max, y_max = shapely.bounds(polygons).T
    boxes = shapely.box(x_min - distance, y_min - distance, x_max + distance, y_max + distance)
    # Boxes first: the tree would measure every polygon's distance to itself.
    one, other = shapely.STRtree(polygons).query(boxes)
    one, other = one[one < other], other[one < other]
    near = shapely.dwithin(polygons[one], polygons[other], distance)
    return one[near], other[near]


def near_groups(polygons: Polygons, distance: float) -> Ints:
    """(n,) numbers of the groups of polygons that lie within a distance of each other."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    one, other = near_pairs(polygons, distance)
    links = coo_array((np.ones(len(one), dtype=bool), (one, other)), shape=(len(polygons),) * 2)
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

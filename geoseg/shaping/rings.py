"""The vertices of polygons, ring by ring."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from geoseg.shaping.arrays import Floats, Ints, Polygons


class Rings(NamedTuple):
    """Shells and holes, the shell of a polygon first; that of an empty one has no vertices."""

    xy: Floats
    """(v, 2) vertices of all rings, closing ones included."""
    first: Ints
    """(r + 1,) where each ring begins in ``xy``."""
    home: Ints
    """(r,) polygon of each ring, ascending."""


def rings_of(polygons: Polygons) -> Rings:
    """The rings of (n,) polygons; only of those with holes rings are made one by one, which is dear."""
    size, holes = shapely.get_num_coordinates(polygons), shapely.get_num_interior_rings(polygons)
    home = np.arange(len(polygons))
    if holes.any():
        home, pierced = np.repeat(home, holes + 1), holes > 0
        size = size[home]
        size[pierced[home]] = shapely.get_num_coordinates(shapely.get_rings(polygons[pierced]))
    xy: Floats = shapely.get_coordinates(polygons)
    return Rings(xy, np.append(0, np.cumsum(size, dtype=np.int64)), home)

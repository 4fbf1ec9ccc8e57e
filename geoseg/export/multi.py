"""Polygons as multipolygons, for layers that hold one kind of geometry."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray


def as_multipolygons(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) the same with every polygon as a multipolygon of one part, an empty one as an empty one.

    Multipolygons, missing ones and all else stay as they are.
    """
    out = shapes.copy()
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    empty = shapely.is_empty(shapes)
    out[single & empty] = shapely.MultiPolygon()
    parts = shapes[single & ~empty]
    out[single & ~empty] = shapely.multipolygons(parts, indices=np.arange(len(parts)))
    return out

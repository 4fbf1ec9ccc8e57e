"""The way onto the plane of a place."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.reproject import reproject
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import polygonal


def bring(shapes: NDArray[np.object_], source: CRS, plane: CRS) -> NDArray[np.object_]:
    """Valid shapes on the plane."""
    return sound(reproject(shapes, source, plane))


def region(shapes: NDArray[np.object_], source: CRS, plane: CRS) -> shapely.Geometry:
    """All shapes as one on the plane."""
    united = shapely.union_all(bring(shapes, source, plane))
    whole: shapely.Geometry = polygonal(np.array([united], dtype=object))[0]
    return whole

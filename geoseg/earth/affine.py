"""Shapes through the transform of a raster, or through its inverse."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray


def moved_by(shapes: NDArray[np.object_], matrix: Affine) -> NDArray[np.object_]:
    """(n,) the same with every vertex taken through the matrix.

    A raster's transform leads from columns and rows of pixels to its CRS, the inverse back.
    """

    def through(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = xy[:, 0], xy[:, 1]
        m = matrix
        return np.stack([m.a * x + m.b * y + m.c, m.d * x + m.e * y + m.f], axis=1)

    moved: NDArray[np.object_] = shapely.transform(shapes, through)
    return moved

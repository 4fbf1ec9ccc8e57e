"""What one outline of a building has more than the other one, and whether nothing stood there."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.upkeep.deciding import LEAST_M2
from geoseg.upkeep.odds import open_ground
from geoseg.vectors.rows import polygonal
from geoseg.vectors.shared import part_beyond

MITRE = 2.0
"""Corners stay corners, unless they are this sharp."""


def surplus(
    shapes: NDArray[np.object_], others: NDArray[np.object_], tolerance_m: float
) -> NDArray[np.object_]:
    """(n,) what each shape has beyond the other one, on the plane; empty where that is drawing."""
    around = shapely.buffer(others, tolerance_m, join_style="mitre", mitre_limit=MITRE)
    more = polygonal(part_beyond(shapes, around))
    more[shapely.area(more) < LEAST_M2] = shapely.Polygon()
    return more


def bare(under: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) probability that nothing stands there; 1, since nothing speaks against it, where nobody looked.

    Args:
        under: (n,) mean probability of building in the imagery of the other date; NaN where nobody looked.
    """
    out, looked = np.ones(len(under)), np.isfinite(under)
    out[looked] = open_ground(under[looked])
    return out

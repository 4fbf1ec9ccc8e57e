"""Whether an outline has right angles alone."""

import numpy as np
import shapely
from shapely.geometry import Polygon

BEVELLED = Polygon([(0, 0), (45, 0), (45, 24), (38, 31), (0, 31)])
"""A house whose corner a network bevelled, pixels."""
APART_DEG = 5.0
"""Walls so near to one of two directions run along it."""


def has_right_angles_alone(drawn: Polygon) -> bool:
    """Whether all walls run along two directions, those of the longest."""
    along = np.diff(shapely.get_coordinates(drawn.exterior), axis=0)
    angles = np.degrees(np.arctan2(along[:, 1], along[:, 0]))
    longest = angles[np.hypot(*along.T).argmax()]
    return bool((np.abs((angles - longest + 45) % 90 - 45) < APART_DEG).all())

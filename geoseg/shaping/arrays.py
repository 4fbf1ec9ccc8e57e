"""Names for the arrays that kernels take, and runs of numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Polygons = NDArray[np.object_]
"""(n,) shapely polygons."""


def runs(count: Ints) -> tuple[Ints, Ints]:
    """0, 1, .. count - 1 for every count one after the other, and whose run each belongs to."""
    owner = np.repeat(np.arange(len(count)), count)
    return np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count), owner


def anywhere(some: Bools, group: Ints) -> Bools:
    """(n,) True in groups with any in ``some``."""
    out = np.zeros(int(group.max(initial=-1)) + 1, dtype=bool)
    out[group[some]] = True
    return out[group]

"""Whether two outlines are one building, unchanged: walls against roofs, drawn by different hands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.vectors.shared import part_beyond, shared_area

MITRE = 2.0
"""Corners of roofs are corners, unless they are this sharp."""
COVER = 0.97
"""A new outline that covers this much of the old one,"""
AT_ONCE = 100_000
"""Pairs whose common parts are in memory at a time."""
SPARE = 0.03
"""and beyond its eaves has this much of its area more, fits without a closer look."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How (n,) new outlines fit old ones, on the plane."""

    added_m2: NDArray[np.float64]
    """(n,) area of the new beyond the eaves of the old, thicker than the tolerance."""
    removed_m2: NDArray[np.float64]
    """(n,) area of the old that the new lacks, thicker than the tolerance."""
    off: NDArray[np.float64]
    """(n, 2) from the middle of the old to that of the new, metres."""


def fit(
    old: NDArray[np.object_], new: NDArray[np.object_], *, eaves_m: float, tolerance_m: float
) -> Fit:
    """Hold new outlines against old ones; roofs may stand out by the eaves, or by less.

    Both areas are at least what any drawing within the tolerances leaves.
    """
    off = shapely.get_coordinates(shapely.centroid(new)) - shapely.get_coordinates(
        shapely.centroid(old)
    )
    added, removed = np.zeros(len(old)), np.zeros(len(old))
    fits = [
        _fits(old[first : first + AT_ONCE], new[first : first + AT_ONCE], eaves_m)
        for first in range(0, len(old), AT_ONCE)
    ]
    close = np.flatnonzero(~np.concatenate([np.empty(0, bool), *fits]))
    if len(close):
        before, after = old[close], new[close]
        around = _widened(before, eaves_m + tolerance_m)
        added[close] = shapely.area(part_beyond(after, around))
        around = _widened(after, tolerance_m)
        removed[close] = shapely.area(part_beyond(before, around))
    return Fit(added, removed, off)


def _widened(shapes: NDArray[np.object_], by_m: float) -> NDArray[np.object_]:
    return np.asarray(shapely.buffer(shapes, by_m, join_style="mitre", mitre_limit=MITRE))


def _fits(old: NDArray[np.object_], new: NDArray[np.object_], eaves_m: float) -> NDArray[np.bool_]:
    """(n,) True where areas alone say that nothing is thicker than the eaves."""
    area, shared = shapely.area(old), shared_area(old, new)
    eaves_m2 = eaves_m * shapely.length(old) + 4 * eaves_m**2
    spare = shapely.area(new) - shared - eaves_m2
    return np.asarray((shared >= COVER * area) & (spare <= SPARE * area))


def aligned_iou(
    old: NDArray[np.object_], new: NDArray[np.object_], off: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n,) intersection over union once the new outlines are moved by ``-off``, (n, 2)."""
    counts = shapely.get_num_coordinates(new)
    back = np.repeat(off, counts, axis=0)
    moved = shapely.set_coordinates(new.copy(), shapely.get_coordinates(new) - back)
    shared = shared_area(old, moved)
    either = shapely.area(old) + shapely.area(new) - shared
    return np.asarray(shared / either)

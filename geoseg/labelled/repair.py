"""Label polygons made usable: what can be repaired is, everything is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.coco.findings import FINDINGS as COCO
from geoseg.vectors.shared import shared_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME_IOU = 0.9
"""Two polygons that agree this much are one building labelled twice."""
OVERLAP_SHARE = 0.05
"""Polygons that share more than this part of the smaller one overlap."""
TINY_M2 = 6.0
"""Smaller buildings are counted as tiny; prediction drops them by default."""
FINDINGS = {
    "features": "features in the label file",
    **COCO,
    "empty": "without a geometry: dropped",
    "not_polygons": "points or lines: dropped",
    "gone": "gone by the column decision: dropped",
    "multi_part": "of several parts: each part became a building",
    "duplicates": "labelled twice: dropped",
    "overlapping": "pairs that overlap: the smaller one lies on top",
    "tiny": f"smaller than {TINY_M2:g} m²: kept",
    "across": "reach from training into validation ground: ignored in training",
    "without_pixels": "without a known pixel (outside the area of interest, ignored, nodata, margin, or too small)",
    "scattered": "numbers of masks in separate parts, one building each: if they are classes, "
    "pack with --mask-kind binary",
    "images_unlisted": "images that the labels do not list: left out",
    "images_turned": "images turned upright by EXIF, as they were labelled",
    "masks_unused": "masks without an image: left out",
    "labels_unused": "label files without an image: left out",
    "masks_renamed": "masks found under another name than their image's",
    "masks_noisy": "masks with greys between black and white (JPEG, resampling): building above half",
    "masks_empty": "masks without a building",
    "masks_full": "masks without background: building all over",
    "masks_inverted": "masks that look inverted, most of the ground marked: look at them",
    "mask_unknown_px": "pixels of masks that mean unknown (255 beside 0 and 1, or nodata): ignored",
    "chips_unknown": "chips with hardly a known pixel: left out",
    "nodata_px": "pixels without data: ignored",
}
"""What is counted, in the order of the table, with what became of it."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Polygons that can be labels."""

    polygons: NDArray[np.object_]
    """(n,) valid, single polygons in the order of the file."""
    counts: Counter[str]
    """By the names in ``FINDINGS``."""


def repair(geometries: NDArray[np.object_]) -> Repaired:
    """Valid single polygons, without duplicates.

    Args:
        geometries: (n,) of any kind, in any plane.
    """
    counts: Counter[str] = Counter()
    parts = _parts(_valid(geometries, counts), counts)
    pairs, shared = _overlaps(parts)
    areas = shapely.area(parts)
    smaller = np.minimum(areas[pairs[0]], areas[pairs[1]])
    union = areas[pairs[0]] + areas[pairs[1]] - shared
    same = shared >= SAME_IOU * union
    dropped = np.zeros(len(parts), bool)
    for first, second in pairs[:, same].T:  # in order: the first of several is kept
        if not dropped[first]:
            dropped[second] = True
    alive = ~dropped[pairs[0]] & ~dropped[pairs[1]]
    counts["duplicates"] = int(dropped.sum())
    counts["overlapping"] = int((alive & (shared > OVERLAP_SHARE * smaller)).sum())
    return Repaired(parts[~dropped], counts)


def _valid(geometries: NDArray[np.object_], counts: Counter[str]) -> NDArray[np.object_]:
    """Valid polygons and multipolygons; the rest is counted and left out."""
    missing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    missing |= ~np.isfinite(shapely.bounds(geometries)).all(axis=1)
    areal = shapely.get_dimensions(geometries) == 2  # noqa: PLR2004 - of a plane
    counts["empty"] = int(missing.sum())
    counts["not_polygons"] = int((~missing & ~areal).sum())
    chosen: NDArray[np.object_] = geometries[~missing & areal]
    broken = ~shapely.is_valid(chosen)
    counts["invalid"] = int(broken.sum())
    chosen[broken] = shapely.make_valid(chosen[broken])
    return chosen


def _parts(geometries: NDArray[np.object_], counts: Counter[str]) -> NDArray[np.object_]:
    """The polygons within, each by itself."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    # What was repaired may be a collection that holds multipolygons.
    parts, within = shapely.get_parts(parts, return_index=True)
    owner = owner[within]
    areal = shapely.area(parts) > 0
    per_feature = np.bincount(owner[areal], minlength=len(geometries))
    counts["multi_part"] = int((per_feature > 1).sum())
    counts["empty"] += int((per_feature == 0).sum())
    polygons: NDArray[np.object_] = parts[areal]
    return polygons


def _overlaps(polygons: NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(2, m) sorted pairs whose first comes earlier, and the area that each shares."""
    pairs = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pairs = pairs[:, pairs[0] < pairs[1]]
    pairs = pairs[:, np.lexsort(pairs[::-1])]
    shared = shared_area(polygons[pairs[0]], polygons[pairs[1]])
    return pairs, shared

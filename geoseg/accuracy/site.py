"""What is scored: predicted and true buildings of one stretch of ground, on a plane in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.vectors.shared import shared_area, shared_part

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top, metres on the plane."""


class Photo(Protocol):
    """Where pictures of a site come from."""

    def crop(self, bounds: Bounds, side_px: int) -> str | None:
        """A square of the ground as a data URL; None where there is no picture of it."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """Predictions and truth of one stretch of ground.

    All geometry is valid and lies on one plane in metres that keeps areas.
    """

    name: str
    """Shown below pictures; a file's stem."""
    place: str
    """Sites of one place are scored together."""
    predicted: NDArray[np.object_]
    """(n,) polygons or multipolygons, one per building."""
    truth: NDArray[np.object_]
    """(m,) the same."""
    confidence: NDArray[np.float64] | None
    """(n,) higher is surer, NaN for those without; None where no prediction has any."""
    gsd_m: float
    """Side of the pixels of the pixel measures."""
    area: shapely.Geometry | None = None
    """Where the truth is complete; None: everywhere."""
    ignored: shapely.Geometry | None = None
    """Where nobody knows; None: nowhere."""
    blobs: bool = False
    """True when one true outline may hold several touching buildings."""
    traced: bool = False
    """True when true outlines run along pixel edges, so that their vertices say nothing."""
    presence: NDArray[np.float64] | None = None
    """(n,) probability to be a building at all, NaN where nobody knows; None where no prediction has any."""
    photo: Photo | None = field(default=None, repr=False)
    """Pictures of it."""


def share_within(
    shapes: NDArray[np.object_], region: shapely.Geometry | None
) -> NDArray[np.float64]:
    """(n,) the part of each shape's area that lies in the region, 0 to 1; 0 for empty shapes."""
    share = np.zeros(len(shapes))
    if region is None or not len(shapes):
        return share
    parts = np.asarray(shapely.get_parts(region), dtype=object)
    shapely.prepare(parts)
    tree = shapely.STRtree(shapes)
    part, shape = tree.query(parts, predicate="intersects")
    whole = shapely.covers(parts[part], shapes[shape])
    share[shape[whole]] = 1.0
    part, shape = part[~whole], shape[~whole]
    common = shared_area(parts[part], shapes[shape])
    sums = np.bincount(shape, weights=common, minlength=len(shapes))
    area = shapely.area(shapes)
    cut = (share < 1) & (area > 0)
    share[cut] = sums[cut] / area[cut]
    return share


def clip(shapes: NDArray[np.object_], region: shapely.Geometry | None) -> NDArray[np.object_]:
    """What of each shape lies in the region; all of it where there is no region."""
    from geoseg.vectors.rows import polygonal

    if region is None or not len(shapes):
        return shapes
    shapely.prepare(region)
    across = ~shapely.covers(region, shapes)
    clipped = shapes.copy()
    whole = np.full(int(across.sum()), region, dtype=object)
    clipped[across] = polygonal(shared_part(whole, shapes[across]))
    return clipped


def bounds_of(shapes: Sequence[NDArray[np.object_]]) -> Bounds | None:
    """What holds all shapes; None where there is none."""
    everything = np.concatenate(shapes)
    everything = everything[~shapely.is_empty(everything)]
    if not len(everything):
        return None
    left, bottom, right, top = shapely.total_bounds(everything).tolist()
    return left, bottom, right, top

"""Small towns of boxes for the tests of the evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from geoseg.accuracy.site import Site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

UTM = "EPSG:32645"
LEFT, BOTTOM = 345_600.0, 3_071_000.0

Box = tuple[float, float, float, float]
"""Left, bottom, width and height, metres."""

TRUTH: tuple[Box, ...] = (
    (0, 0, 10, 10),
    (20, 0, 10, 10),
    (40, 0, 10, 10),
    (50, 0, 10, 10),  # shares a wall with the one before
    (80, 0, 20, 10),
)
PREDICTED: tuple[Box, ...] = (
    (0, 0, 10, 8),  # IoU 0.8
    (20, 0, 10, 4),  # IoU 0.4
    (40, 0, 20, 10),  # two in one: IoU 0.5 with the first of them
    (80, 0, 10, 10),  # one half of the last: IoU 0.5
    (90, 0, 10, 10),  # the other half
    (200, 0, 10, 10),  # nothing there
)
CONFIDENCE = (0.9, 0.8, 0.7, 0.65, 0.6, 0.3)
"""By hand: matched are 0, 2 and 3, so 3 of 6 predictions and 3 of 5 buildings."""


def shapes(boxes: Sequence[Box], *, left: float = 0.0, bottom: float = 0.0) -> NDArray[np.object_]:
    """Boxes as polygons."""
    return np.array(
        [shapely.box(left + x, bottom + y, left + x + w, bottom + y + h) for x, y, w, h in boxes],
        dtype=object,
    )


def site(
    predicted: Sequence[Box] = PREDICTED,
    truth: Sequence[Box] = TRUTH,
    confidence: Sequence[float] | None = CONFIDENCE,
    **others: Any,
) -> Site:
    """A site with these boxes; 0.5 m pixels."""
    values: dict[str, Any] = {"name": "town", "place": "town", "gsd_m": 0.5, **others}
    return Site(
        predicted=shapes(predicted),
        truth=shapes(truth),
        confidence=None if confidence is None else np.array(confidence, dtype=float),
        **values,
    )


def layer(boxes: Sequence[Box], crs: str = UTM, **columns: Any) -> gpd.GeoDataFrame:
    """The boxes near Banepa as a layer of ``crs``."""
    placed = shapes(boxes, left=LEFT, bottom=BOTTOM)
    return gpd.GeoDataFrame(columns, geometry=placed, crs=UTM).to_crs(crs)

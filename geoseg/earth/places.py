"""Where shapes lie on the globe: their box, also across the end of the world, and planes there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.reproject import reproject
from geoseg.earth.seam import Seam
from geoseg.earth.transforms import way

DEGREES = CRS.from_epsg(4326)
"""Longitude and latitude on WGS 84."""
HALF, TURN, POLE = 180.0, 360.0, 90.0
"""Degrees."""

EDGES = 36
"""Edges round the world of a box, at least."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top; across the end of the world ``right`` lies beyond it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of the globe."""

    box: Box
    """Longitudes and latitudes, degrees; ``right`` may be more than 180."""

    @property
    def middle(self) -> tuple[float, float]:
        """Longitude, -180 to 180, and latitude of the middle; the pole where that is within."""
        left, bottom, right, top = self.box
        if right - left >= TURN and max(abs(bottom), abs(top)) >= POLE and top - bottom < POLE:
            return 0.0, POLE if top >= -bottom else -POLE
        return ((left + right) / 2 + HALF) % TURN - HALF, (bottom + top) / 2

    @property
    def width(self) -> float:
        """From left to right, degrees; 0 around a pole, where that says nothing."""
        left, bottom, right, top = self.box
        around = right - left >= TURN and max(abs(bottom), abs(top)) >= POLE
        return 0.0 if around and top - bottom < POLE else right - left

    def wider(self, degrees: float) -> Place:
        """The place and so many degrees around it."""
        left, bottom, right, top = self.box
        left, right = left - degrees, right + degrees
        if right - left >= TURN:
            left, right = -HALF, HALF
        return Place((left, max(bottom - degrees, -POLE), right, min(top + degrees, POLE)))

    def outline(self, crs: CRS) -> shapely.Geometry:
        """The box in a CRS, in parts where it lies across the end of the world."""
        box = np.array([outline_of_box(self.box, DEGREES)], dtype=object)
        outline: shapely.Geometry = reproject(box, DEGREES, crs)[0]
        return outline

    def apart(self, other: Place) -> bool:
        """Whether the two have no place in common."""
        left, bottom, right, top = other.box
        mine = shapely.box(*self.box)
        return not any(
            shapely.intersects(mine, shapely.box(left + turn, bottom, right + turn, top))
            for turn in (-TURN, 0, TURN)
        )

    def plane(self) -> CRS:
        """Lambert's azimuthal equal-area projection around the middle, metres."""
        lon, lat = self.middle
        return CRS.from_dict({
            "proj": "laea", "lat_0": lat, "lon_0": lon, "datum": "WGS84", "units": "m",
        })  # fmt: skip


def box_of_shapes(geometry: NDArray[np.object_], crs: CRS) -> Box | None:
    """The narrowest box that holds all shapes, CRS units; None where there is none."""
    return box_of_bounds(shapely.bounds(shapely.get_parts(geometry)), crs)


def box_of_bounds(bounds: NDArray[np.float64], crs: CRS) -> Box | None:
    """The narrowest box that holds all boxes (n, 4) of shapes; those of nothing are NaN."""
    left, bottom, right, top = bounds[np.isfinite(bounds).all(axis=1)].T
    if not len(left):
        return None
    low, high = float(left.min()), float(right.max())
    seam = Seam.of(crs)
    if seam is not None and high - low > seam.period / 2:
        low, high = seam.narrowest(left, right)
    return low, float(bottom.min()), high, float(top.max())


def whole_way(lonlat: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) polygons in degrees whose edges go the shorter way round, cut at the 180th meridian."""
    seam = Seam.of(DEGREES)
    assert seam is not None  # noqa: S101  # degrees have one
    return seam.cut(seam.continuous(lonlat, drawn=False))


def outline_of_box(box: Box, crs: CRS) -> shapely.Geometry:
    """A box as a polygon; in two parts where it reaches beyond the end of the world."""
    seam = Seam.of(crs)
    if seam is None or box[2] - box[0] < seam.period / EDGES:
        whole = np.array([shapely.box(*box)], dtype=object)
        near: shapely.Geometry = (whole if seam is None else seam.cut(whole))[0]
        return near
    # Short edges: a long one would look like one that goes the other way round.
    dense = shapely.segmentize(shapely.box(*box), seam.period / EDGES)
    outline: shapely.Geometry = seam.cut(np.array([dense], dtype=object))[0]
    return outline


def place_of_shapes(geometry: NDArray[np.object_], crs: CRS) -> Place | None:
    """Where shapes lie; None where there is none, or nowhere on Earth."""
    box = box_of_shapes(geometry, crs)
    return None if box is None else place_of_box(box, crs)


def place_of_box(box: Box, crs: CRS) -> Place | None:
    """Where a box of a CRS lies; None for nowhere on Earth."""
    left, bottom, right, top = box
    seam = Seam.of(crs)
    if seam is None or right <= seam.right:
        return _in_degrees(box, crs)
    sides = [
        _in_degrees((left, bottom, seam.right, top), crs),
        _in_degrees((seam.left, bottom, right - seam.period, top), crs),
    ]
    if sides[0] is None or sides[1] is None:
        return None
    (west, south, _, north), (_, low, east, high) = sides[0].box, sides[1].box
    east += TURN * np.ceil((west - east) / TURN)
    return Place((west, min(south, low), float(east), max(north, high)))


def _in_degrees(box: Box, crs: CRS) -> Place | None:
    transformer = way(crs.to_2d(), DEGREES)
    left, bottom, right, top = transformer.transform_bounds(*box)
    if not np.isfinite([left, bottom, right, top]).all():
        return None
    # Across the 180th meridian the right side comes out left of the left one.
    return Place((left, bottom, right + TURN if right < left else right, top))

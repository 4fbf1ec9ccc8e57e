"""Footprints and heights as rings of whole numbers: what every 3D format is made of.

Coordinates are rounded to the format's grid first and compared afterwards, so that what was one vertex
in two buildings is one vertex in the town, and walls that were one edge are found by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.vectors.layers import geometry_of
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import are_broken

GRID_M, GRID_DEG = 0.001, 1e-8
"""To what coordinates are rounded, in metres (or feet) and in degrees."""
NEEDED = ("height_m", "ground_m")
"""Columns that say how high a building stands."""
LOOSENED = 0.02
"""Courtyards that touch a wall are drawn this many metres smaller: one edge of four walls is no solid."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lattice:
    """From whole numbers to coordinates."""

    scale: tuple[float, float, float]
    """Of x, y and z."""
    translate: tuple[float, float, float]
    """What is added."""


@dataclass(frozen=True, slots=True)
class Town:
    """All parts of all buildings that can be drawn; arrays of points go ring by ring."""

    lattice: Lattice
    owner: Ints
    """(parts,) row of the table."""
    low: Ints
    """(parts,) the ground, in steps of the lattice."""
    high: Ints
    """(parts,) the roof; the same as the ground where no height is known."""
    ring_part: Ints
    """(rings,) part of each ring; the first of a part is its outline, counter-clockwise."""
    ring_begin: Ints
    """(rings + 1,) its first point."""
    xy: Ints
    """(points, 2) without the closing point."""
    shared: NDArray[np.bool_]
    """(points,) True where the wall from this point to the next one is that of a neighbour as well."""
    without_height: int
    """Rows that stand on the ground but have no height."""
    left_out: int
    """Rows without a geometry, or of which nothing is known."""
    repaired: int
    """Rows whose outlines were invalid."""

    @property
    def point_part(self) -> Ints:
        """(points,) part of each point."""
        return np.repeat(self.ring_part, np.diff(self.ring_begin))

    def rings_of(self) -> Ints:
        """(parts + 1,) the first ring of each part."""
        return np.searchsorted(self.ring_part, np.arange(len(self.owner) + 1))


def town_of(frame: gpd.GeoDataFrame, crs: CRS, label: str) -> Town:
    """The town of a table with ``height_m`` and, where elevations are known, ``ground_m``; invalid outlines repaired.

    Raises:
        UsageError: a column is missing.
    """
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise UsageError(
            f"{label} has no column {missing[0]}; add it with geoseg heights, from a surface model"
        )
    height, ground = (frame[name].astype("float64").to_numpy(dtype=float) for name in NEEDED)
    if not np.isfinite(ground).any():  # heights above ground: the town stands on a plain
        ground = np.zeros(len(frame))
    given = geometry_of(frame)
    broken = int(are_broken(given).sum())
    shapes = shapely.orient_polygons(sound(given))
    drawn = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)) & np.isfinite(ground)
    rows = np.flatnonzero(drawn)
    lattice = _lattice(shapes[rows], ground[rows], crs)
    parts, place = shapely.get_parts(shapes[rows], return_index=True)
    parts = _rounded(_loosened(parts, crs), lattice)
    usable = shapely.is_valid(parts) & (shapely.area(parts) > 0)
    usable &= shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, owner = parts[usable], rows[place[usable]]
    risen = np.where(np.isfinite(height), np.maximum(height, 0), 0)
    low = np.round((ground[owner] - lattice.translate[2]) / lattice.scale[2]).astype(np.int64)
    high = low + np.round(risen[owner] / lattice.scale[2]).astype(np.int64)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    sizes = shapely.get_num_coordinates(rings) - 1
    begin = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    closed = shapely.get_coordinates(rings)
    last = np.cumsum(sizes + 1) - 1
    xy = np.delete(closed, last, axis=0).astype(np.int64)
    point_part = np.repeat(ring_part, sizes)
    shared = _shared(xy, begin, point_part, low, high)
    seen = np.unique(owner)
    flat = int((high == low).sum())
    return Town(
        lattice, owner, low, high, ring_part.astype(np.int64), begin, xy, shared, flat,
        len(frame) - len(seen), broken,
    )  # fmt: skip


def _lattice(shapes: NDArray[np.object_], ground: NDArray[np.float64], crs: CRS) -> Lattice:
    left, bottom = (0.0, 0.0) if not len(shapes) else shapely.total_bounds(shapes)[:2].tolist()
    below = float(np.floor(ground.min())) if len(ground) else 0.0
    grid = GRID_DEG if crs.is_geographic else GRID_M
    # Round numbers: every reader gets the same coordinates back.
    left, bottom = (float(np.floor(one / grid / 1000) * grid * 1000) for one in (left, bottom))
    digits = 5 if crs.is_geographic else 0
    return Lattice((grid, grid, GRID_M), (round(left, digits), round(bottom, digits), below))


def _rounded(parts: NDArray[np.object_], lattice: Lattice) -> NDArray[np.object_]:
    scale, translate = np.array(lattice.scale[:2]), np.array(lattice.translate[:2])
    steps = shapely.transform(parts, lambda xy: np.round((xy - translate) / scale))
    rounded: NDArray[np.object_] = shapely.remove_repeated_points(steps, 0)
    return rounded


def _loosened(parts: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    """The parts, courtyards that touch the outline or each other drawn smaller."""
    by = LOOSENED / 111_320 if crs.is_geographic else LOOSENED
    holed = np.flatnonzero(shapely.get_num_interior_rings(parts) > 0)
    for index in holed:
        part = parts[index]
        rings = [part.exterior, *part.interiors]
        touching = [
            any(ring.distance(other) == 0 for other in rings if other is not ring) for ring in rings
        ]
        if any(touching[1:]):
            holes = [
                _smaller(ring, by) if touches else ring
                for ring, touches in zip(rings[1:], touching[1:], strict=True)
            ]
            kept = [hole for hole in holes if hole is not None]
            parts[index] = shapely.orient_polygons(shapely.Polygon(part.exterior, kept))
    return parts


def _smaller(ring: shapely.LinearRing, by: float) -> shapely.LinearRing | None:
    shrunk = shapely.get_parts(shapely.Polygon(ring).buffer(-by, join_style="mitre"))
    largest = max(shrunk, key=lambda part: part.area, default=None)
    return None if largest is None or largest.is_empty else largest.exterior


def _shared(xy: Ints, begin: Ints, part: Ints, low: Ints, high: Ints) -> NDArray[np.bool_]:
    """(points,) True where another part has the same wall, seen from the other side, at some height."""
    if not len(xy):
        return np.zeros(0, np.bool_)
    _, corner = np.unique(xy, axis=0, return_inverse=True)
    corner = corner.reshape(-1).astype(np.int64)
    following = np.arange(1, len(xy) + 1)
    following[begin[1:] - 1] = begin[:-1]
    count = int(corner.max()) + 1
    ahead = corner * count + corner[following]
    back = corner[following] * count + corner
    order = np.argsort(ahead, kind="stable")
    at = np.minimum(np.searchsorted(ahead[order], back), len(order) - 1)
    other = order[at]
    mine, theirs = part, part[other]
    meets = np.minimum(high[mine], high[theirs]) > np.maximum(low[mine], low[theirs])
    return np.asarray((ahead[other] == back) & (mine != theirs) & meets)

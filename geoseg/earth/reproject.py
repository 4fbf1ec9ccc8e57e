"""True areas on a CRS's ellipsoid, and shapes carried from one CRS into another."""

from __future__ import annotations

import math

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geoseg.earth.geodesy import Ground
from geoseg.earth.seam import Seam, central_meridian
from geoseg.earth.transforms import has_several, one_way, way
from geoseg.errors import UnreadableVectorError

LONG_EDGE_M = 5000.0
"""Longer edges of zones and extents get extra vertices, so that they stay straight in their CRS."""
DEGREE_M = 111_320.0
"""Metres per degree of latitude, about."""
WORLD_M = 1e8
"""What is larger than this, metres, is damage: its edges get no more vertices."""
TORN_M = 1e6
"""An edge of no more than LONG_EDGE_M that becomes as long as this has been torn apart."""
POLAR = 1 / 30
"""Nearer to a pole than this share of a quarter, 3 degrees, edges get more vertices."""
QUARTER = 90.0
"""From the equator to a pole, degrees."""
SAGITTA_M = 1.0
"""How far an edge may stray from a straight line, metres, as one of LONG_EDGE_M does at 60 degrees."""
LEAST_AWAY_M = 5.0
"""Nearer to the pole than this, metres, edges get no shorter."""
INSET = 1e-12
"""How far off the end of the world, in widths of it, a shape is cut there: some 40 micrometres."""


def areas_m2(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.float64]:
    """(n,) geodesic areas of polygons in ``crs``, holes taken off; 0 for empty ones.

    Vertices are joined by geodesics; long edges need :func:`densify` first. NaN where a shape lies
    beyond what the CRS can place on the Earth.
    """
    area_m2, _ = ground_under(crs).area_and_perimeter(geometry)
    return area_m2


def ground_under(crs: CRS) -> Ground:
    """The ground that areas are measured on.

    Raises:
        UnreadableVectorError: when the CRS is not tied to the earth.
    """
    ground = Ground.under(crs)
    if ground is None:
        raise UnreadableVectorError(
            f"the CRS {crs.name!r} is not tied to the earth, so areas cannot be measured; "
            "reproject the layer first"
        )
    return ground


def metres_per_unit(crs: CRS) -> float:
    """Nominal length of one unit of the CRS in metres; about right for degrees."""
    axis = crs.axis_info[0] if crs.axis_info else None
    factor = float(axis.unit_conversion_factor) if axis else 1.0
    return math.degrees(factor) * DEGREE_M if crs.is_geographic else factor


def densify(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.object_]:
    """Split edges longer than LONG_EDGE_M; shorter ones stay as they are."""
    unit_m = metres_per_unit(crs)
    bounds = shapely.bounds(geometry)
    side_m = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) * unit_m
    large = (side_m > LONG_EDGE_M) & (side_m < WORLD_M)
    if not large.any():
        return geometry
    result = geometry.copy()
    result[large] = shapely.segmentize(geometry[large], LONG_EDGE_M / unit_m)
    return result


def reproject(
    geometry: NDArray[np.object_],
    source: CRS,
    target: CRS,
    *,
    at: tuple[float, float] | None = None,
) -> NDArray[np.object_]:
    """Polygons of ``source`` in ``target``, long edges densified on the way.

    All go by one transformation of datums, that of where most of them are or of ``at``, x and y of ``source``
    (:func:`geoseg.earth.transforms.one_way`).
    What was cut at the end of the world of ``source`` is one again, and what reaches over that of
    ``target`` is cut there; see ``geoseg.earth.seam``. Where ``target`` cannot express one, because
    it is half a world away, it becomes empty.
    """
    if source == target or not len(geometry):
        return geometry
    before, after = Seam.of(source), Seam.of(target)
    whole = geometry if before is None else before.continuous(geometry)
    dense = densify(whole, source)
    ways = _ways(source, target, dense, at)
    moved = _moved(dense, ways)
    if after is not None:
        polar = _near_pole(moved, after)
        if len(polar):
            moved = moved.copy()
            moved[polar] = _moved(_densified_to_pole(dense[polar], moved[polar], source), ways)
        return after.cut(after.continuous(moved, drawn=False))
    torn = _torn(moved, target)
    if torn.any():
        moved[torn] = _cut_and_moved(dense[torn], source, target, at or amid(dense))
    if before is not None:
        # What goes all round meets itself there, along a slit.
        round_ = before.goes_round(whole)
        moved[round_] = shapely.make_valid(moved[round_], method="structure", keep_collapsed=False)
    return moved


def _near_pole(geometry: NDArray[np.object_], seam: Seam) -> NDArray[np.intp]:
    """Indices of shapes in degrees so near a pole that their edges are no straight lines there."""
    if seam.pole is None:
        return np.empty(0, dtype=np.intp)
    bounds = shapely.bounds(geometry)
    highest = np.maximum(np.abs(bounds[:, 1]), np.abs(bounds[:, 3]))
    return np.flatnonzero(highest > seam.pole * (1 - POLAR))


def _densified_to_pole(
    geometry: NDArray[np.object_], lonlat: NDArray[np.object_], crs: CRS
) -> NDArray[np.object_]:
    """Edges so short that they stray by SAGITTA_M at most when they are drawn in degrees."""
    bounds = shapely.bounds(lonlat)
    highest = np.maximum(np.abs(bounds[:, 1]), np.abs(bounds[:, 3]))
    away_m = np.maximum(1 - highest / np.maximum(highest.max(), QUARTER), 0) * QUARTER * DEGREE_M
    longest_m = np.sqrt(8 * SAGITTA_M * np.maximum(away_m, LEAST_AWAY_M))
    made: NDArray[np.object_] = shapely.segmentize(geometry, longest_m / metres_per_unit(crs))
    return made


def turned_towards(
    geometry: NDArray[np.object_], crs: CRS, left: float, right: float
) -> NDArray[np.object_]:
    """(n,) polygons where a raster from ``left`` to ``right`` is, which may lie beyond the end.

    A raster from 179 to 181 degrees holds what lies at -179: at 181.
    """
    seam = Seam.of(crs)
    if seam is None or (seam.left <= left and right <= seam.right):
        return geometry
    return seam.turned(geometry, left, right)


def _ways(
    source: CRS, target: CRS, geometry: NDArray[np.object_], at: tuple[float, float] | None = None
) -> tuple[Transformer, Transformer]:
    """The transformation that all shapes go by, and PROJ's own choice for each point."""
    flat, wanted = source.to_2d(), target.to_2d()
    general = way(flat, wanted)
    if not has_several(flat, wanted):
        return general, general
    return one_way(flat, wanted, *(at or amid(geometry))), general


def _moved(
    geometry: NDArray[np.object_], ways: tuple[Transformer, Transformer]
) -> NDArray[np.object_]:
    """The same vertices in another CRS, all by one transformation; empty where one of them is nowhere."""
    one, general = ways
    moved = _by(one, geometry)
    lost = ~_finite(moved)
    if one is not general and lost.any():  # beyond a grid of shifts
        moved[lost] = _by(general, geometry[lost])
        lost = ~_finite(moved)
    moved[lost] = shapely.MultiPolygon()
    return moved


def amid(geometry: NDArray[np.object_]) -> tuple[float, float]:
    """Where most of the shapes are, x and y: one that went astray to (0, 0) must not choose for all. NaN of none."""
    bounds = shapely.bounds(geometry)
    there = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(there):
        return np.nan, np.nan
    left, bottom, right, top = np.median(there, axis=0)
    return float(left + right) / 2, float(bottom + top) / 2


def _by(transformer: Transformer, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    def convert(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    moved: NDArray[np.object_] = shapely.transform(geometry, convert)
    return moved


def _torn(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.bool_]:
    """(n,) True where an edge is far longer than it can have been."""
    torn = np.zeros(len(geometry), dtype=bool)
    bounds = shapely.bounds(geometry)
    longest = TORN_M / metres_per_unit(crs)
    wide = np.flatnonzero(
        np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]) > longest
    )
    parts, part_of = shapely.get_parts(geometry[wide], return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    far = np.abs(np.diff(xy, axis=0)).max(axis=1, initial=0) > longest
    torn[wide[part_of[ring_of[owner[1:][far & (owner[1:] == owner[:-1])]]]]] = True
    return torn


def _cut_and_moved(
    geometry: NDArray[np.object_], source: CRS, target: CRS, at: tuple[float, float]
) -> NDArray[np.object_]:
    """Shapes that lie across the end of the world of ``target``, cut there by their longitude."""
    geographic = target.to_2d().geodetic_crs
    world = None if geographic is None else Seam.of(geographic)
    if geographic is None or world is None:
        return np.full(len(geometry), shapely.MultiPolygon(), dtype=object)
    end = central_meridian(target) + world.period / 2
    own = Seam(end, world.period, world.pole)
    lonlat = own.cut(world.continuous(reproject(geometry, source, geographic, at=at)))
    inset, top = INSET * world.period, world.pole or 0.0
    parts = shapely.clip_by_rect(lonlat, own.left + inset, -top, own.right - inset, top)
    dense = densify(parts, geographic)
    moved = _moved(dense, _ways(geographic, target, dense))
    moved[_torn(moved, target)] = shapely.MultiPolygon()
    return moved


def _finite(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """True where every coordinate is a number."""
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    bad = owner[~np.isfinite(xy).all(axis=1)]
    return ~np.isin(np.arange(len(geometry)), bad)

"""The plane that both layers are held against each other on, and what of it was in sight."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.places import outline_of_box, place_of_shapes
from geoseg.earth.reproject import densify, metres_per_unit, reproject
from geoseg.errors import UsageError
from geoseg.statistics.cells import true_to_scale
from geoseg.tiles.given import AreaInput, GivenArea
from geoseg.upkeep.looking import Maps, Placed
from geoseg.upkeep.new import NewLayer
from geoseg.upkeep.old import OldLayer
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import polygonal, usable
from geoseg.vectors.shared import shared_area, shared_by_all

METRE = 1e-9
"""Units of a CRS that differ from a metre by no more are metres."""


def plane_of(shapes: NDArray[np.object_], crs: CRS, label: str) -> CRS:
    """The CRS of a layer where it is one in metres, true to scale, eastings and northings; else one made for the place.

    Raises:
        UsageError: the layer lies nowhere.
    """
    there = shapes[~shapely.is_missing(shapes)]
    place = place_of_shapes(there, crs)
    if place is None:
        raise UsageError(f"{label} lies nowhere on Earth; check its CRS")
    flat = crs.to_2d() if not crs.is_compound else crs.sub_crs_list[0]
    metres = flat.is_projected and abs(metres_per_unit(flat) - 1) < METRE
    metres &= all(axis.direction.lower() != "west" for axis in flat.axis_info)  # South Africa's do
    if metres and true_to_scale(outline_of_box(_box(there), flat), flat):
        return flat
    return place.plane()


def _box(shapes: NDArray[np.object_]) -> tuple[float, float, float, float]:
    left, bottom, right, top = shapely.total_bounds(shapes).tolist()
    return left, bottom, right, top


def onto(shapes: NDArray[np.object_], crs: CRS, plane: CRS) -> NDArray[np.object_]:
    """(n,) valid polygons on the plane; empty where a row has none."""
    filled = shapes
    nothing = shapely.is_missing(shapes)
    if nothing.any():
        filled = shapes.copy()
        filled[nothing] = shapely.Polygon()
    if crs == plane:
        return filled
    return sound(reproject(filled, crs, plane))


def refuse_elsewhere(old: OldLayer, new: NewLayer) -> None:
    """Raise where the two layers lie in different places.

    Raises:
        UsageError: they do.
    """
    before = place_of_shapes(old.flat[~shapely.is_missing(old.flat)], old.crs)
    after = place_of_shapes(new.outlines, new.crs)
    if before is not None and after is not None and before.apart(after):
        raise UsageError(
            f"{old.label} and {new.label} have no place in common; are both of one town, and are their "
            "CRSs the right ones?"
        )


def require_there(
    maps: Maps, under: NDArray[np.float64], old: NDArray[np.object_], plane: CRS
) -> None:
    """Raise where maps that know nothing of any outline lie beside the whole old layer.

    Args:
        maps: What was asked.
        under: (lost,) what it said.
        old: (n,) all old buildings on the plane.
        plane: Its CRS.

    Raises:
        UsageError: they do.
    """
    if not len(under) or not np.isnan(under).all() or not isinstance(maps, Placed):
        return
    frame, crs = maps.frame()
    covered = reproject(np.array([frame], dtype=object), crs, plane)[0]
    if not shapely.box(*shapely.total_bounds(old)).intersects(covered):
        raise UsageError(
            "no old building lies on the imagery that was to be looked at (--raster, --maps); give that of "
            "the new layer"
        )


def sight(new: NewLayer, aoi: AreaInput | None, layer: str | None, plane: CRS) -> list[shapely.Geometry]:  # fmt: skip
    """The areas that must both hold what was in sight: the extent of the new layer, and one given."""
    areas = []
    if new.extent is not None:
        areas.append(_whole(np.array([new.extent], dtype=object), new.crs, plane))
    given = GivenArea.of(aoi, layer)
    if given is not None:
        rows = usable(given.geometry, given.crs or new.crs)
        areas.append(_whole(rows.geometry[rows.kept], given.crs or new.crs, plane))
    return areas


def observed(
    old: OldLayer, before: NDArray[np.object_], areas: list[shapely.Geometry], plane: CRS
) -> shapely.Geometry | None:
    """The ground that either layer is complete on, in the CRS of the old one.

    Args:
        old: The older layer.
        before: (n,) its outlines on the plane.
        areas: What was in sight of the new one; none: nobody knows.
        plane: CRS of both.

    Returns:
        None where that is not known of all ground that has old outlines.
    """
    if not areas:
        return None
    seen = shared_by_all(areas)
    whole = _whole(densify(np.array([seen], dtype=object), plane), plane, old.crs)
    if old.extent is not None:
        return _whole(np.array([whole, old.extent], dtype=object), old.crs, old.crs)
    shapely.prepare(seen)
    there = before[shapely.area(before) > 0]
    return whole if shapely.intersects(seen, there).all() else None


def _whole(shapes: NDArray[np.object_], crs: CRS, plane: CRS) -> shapely.Geometry:
    united = shapely.union_all(onto(shapes, crs, plane))
    whole: shapely.Geometry = polygonal(np.array([united], dtype=object))[0]
    return whole


def share_in(shapes: NDArray[np.object_], areas: list[shapely.Geometry]) -> NDArray[np.float64]:
    """(n,) share of each shape that all of the areas hold; 1 where there are none."""
    share = np.ones(len(shapes))
    whole = shapely.area(shapes)
    for area in areas:
        parts = shapely.get_parts(shapely.make_valid(area))
        tree = shapely.STRtree(shapes)
        inside = np.zeros(len(shapes))
        shapely.prepare(parts)
        _, shape = tree.query(parts, predicate="contains_properly")
        inside[shape] = whole[shape]
        near, edge = tree.query(parts, predicate="intersects")
        cut = inside[edge] == 0
        common = shared_area(parts[near[cut]], shapes[edge[cut]])
        np.add.at(inside, edge[cut], common)
        share = np.minimum(
            share, np.divide(inside, whole, out=np.zeros(len(shapes)), where=whole > 0)
        )
    return share

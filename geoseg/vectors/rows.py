"""One rule for the rows of every layer: what can be repaired is, what is no polygon is left out.

Buildings, zones, areas, truth and labels go through here, in every verb, and everything is counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from geoseg.earth.crs import geographic_base
from geoseg.earth.seam import Seam
from geoseg.earth.transforms import way
from geoseg.errors import UnreadableVectorError
from geoseg.languages.said import Said

WITHOUT, LINES, REPAIRED, FLAT, BEYOND = "without", "lines", "repaired", "flat", "beyond"
SENTENCES = {
    REPAIRED: Said(
        "{count} invalid polygons of {layer} were repaired.",
        one="{count} invalid polygon of {layer} was repaired.",
    ),
    WITHOUT: Said(
        "{count} rows of {layer} have no geometry and were left out.",
        one="{count} row of {layer} has no geometry and was left out.",
    ),
    LINES: Said(
        "{count} rows of {layer} hold points or lines and were left out.",
        one="{count} row of {layer} holds points or lines and was left out.",
    ),
    FLAT: Said(
        "{count} rows of {layer} have no area and were left out.",
        one="{count} row of {layer} has no area and was left out.",
    ),
    BEYOND: Said(
        "{count} rows of {layer} lie beyond what its CRS can place on the Earth and were left out.",
        one="{count} row of {layer} lies beyond what its CRS can place on the Earth and was left out.",
    ),
}
"""What is counted, and how it is said."""
SEVERAL = Said(
    "{count} rows of {layer} hold several polygons; each row counts as one building.",
    one="{count} row of {layer} holds several polygons; it counts as one building.",
)
"""Said of buildings alone."""
FARTHEST = 1e12
"""Coordinates beyond this, in any unit, are damage: the Earth is 4e7 m around."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a layer, as far as they are polygons."""

    geometry: NDArray[np.object_]
    """(n,) valid polygons or multipolygons, flat; None where there is none."""
    counts: Counter[str]
    """What was repaired and left out, by the names in SENTENCES."""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(n,) True where there is a polygon."""
        return ~np.asarray(shapely.is_missing(self.geometry), dtype=bool)


def usable(geometry: NDArray[np.object_], crs: CRS) -> Rows:
    """The rule.

    1. Coordinates that are no numbers or beyond every CRS, nulls and empty shapes: no geometry.
    2. Of a collection, the polygons; points and lines count for nothing.
    3. What crosses the 180th meridian, in whatever way, is cut there.
    4. Invalid outlines are repaired so that their rings bound what they enclose: both halves of an
       eight count, and what overlaps itself counts once.
    5. What has no area then, or no place on the Earth by its CRS, is left out.

    Args:
        geometry: (n,) anything or None.
        crs: Its CRS.
    """
    counts: Counter[str] = Counter()
    shapes = within_reach(geometry).copy()
    nothing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    _drop(shapes, nothing, WITHOUT, counts)
    polygons = polygonal(shapes)
    _drop(polygons, ~nothing & shapely.is_empty(polygons), LINES, counts)
    polygons[nothing] = None
    broken = are_broken(polygons)
    seam = Seam.of(crs)
    tidy = polygons if seam is None else seam.tidy(polygons)
    left = broken if seam is None else are_broken(tidy)
    tidy[left] = repaired(tidy[left])
    counts[REPAIRED] += int(broken.sum())
    _drop(tidy, shapely.area(tidy) == 0, FLAT, counts)
    _drop(tidy, _beyond(tidy, crs), BEYOND, counts)
    counts[REPAIRED] -= int((broken & shapely.is_missing(tidy)).sum())
    return Rows(tidy, +counts)


def repaired(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) the valid polygons that invalid ones enclose; empty where there is no area."""
    return polygonal(shapely.make_valid(geometry, method="structure", keep_collapsed=False))


def polygonal(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """The polygons within geometries; points and lines that an overlay left behind are dropped."""
    mixed = shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION
    result = geometry.copy()
    for index in np.flatnonzero(mixed):
        areal = [part for part in _leaves(geometry[index]) if shapely.get_dimensions(part) == 2]  # noqa: PLR2004
        result[index] = shapely.union_all(repaired(np.array(areal, dtype=object)))
    result[shapely.get_dimensions(result) < 2] = shapely.MultiPolygon()  # noqa: PLR2004
    return result


def gathered(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) the same, heights and all, but collections of polygons alone as multipolygons.

    Of one whose polygons lie on each other, what they cover together.
    """
    alone = shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION
    if not alone.any():
        return geometry
    result = geometry.copy()
    for index in np.flatnonzero(alone):
        leaves = [leaf for leaf in _leaves(geometry[index]) if not leaf.is_empty]
        if leaves and all(shapely.get_dimensions(leaf) == 2 for leaf in leaves):  # noqa: PLR2004
            whole = shapely.multipolygons(shapely.get_parts(leaves))
            result[index] = (
                whole if shapely.is_valid(whole) else polygonal(geometry[index : index + 1])[0]
            )
    return result


def notes_of(counts: Counter[str], label: str) -> tuple[str, ...]:
    """What was repaired and left out, one sentence each."""
    return tuple(
        text.format(count=counts[name], layer=label)
        for name, text in SENTENCES.items()
        if counts[name]
    )


def several_parts(geometry: NDArray[np.object_]) -> int:
    """How many of (n,) polygons and multipolygons have more than one part."""
    return int((shapely.get_num_geometries(geometry) > 1).sum())


def several_note(count: int, label: str) -> tuple[str, ...]:
    """A sentence about rows of several parts, if there are any."""
    return (SEVERAL.format(count=count, layer=label),) if count else ()


def refuse_unusable_rows(counts: Counter[str], kept: int, label: str) -> None:
    """Raise where a layer holds points or lines, or outlines off the Earth, and not one polygon of use.

    Raises:
        UnreadableVectorError: it does.
    """
    if counts[LINES] and not kept:
        raise UnreadableVectorError(f"{label} holds points or lines; polygons are needed")
    if counts[BEYOND] and not kept:
        raise UnreadableVectorError(
            f"{label} lies nowhere on Earth; check its CRS: it must be the one that its coordinates are in"
        )


def are_broken(polygons: NDArray[np.object_]) -> NDArray[np.bool_]:
    """(n,) True for invalid ones, such as those whose parts lie on each other."""
    return ~(shapely.is_valid(polygons) | shapely.is_missing(polygons))


def within_reach(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """The geometries, flat; None where a coordinate is no number or beyond every CRS of the Earth."""
    raised = shapely.has_z(geometry) | shapely.has_m(geometry)
    if raised.any():  # where all are flat a million need no second look
        geometry = geometry.copy()
        geometry[raised] = shapely.force_2d(geometry[raised])
    xy, owner = shapely.get_coordinates(geometry, return_index=True)
    near = (np.abs(xy) <= FARTHEST).all(axis=1)
    if near.all():
        return geometry
    kept = geometry.copy()
    kept[owner[~near]] = None
    return kept


def _leaves(shape: BaseGeometry) -> list[BaseGeometry]:
    """The members of a collection, and those of collections within it."""
    if shape.geom_type != "GeometryCollection":
        return [shape]
    return [leaf for part in shapely.get_parts(shape) for leaf in _leaves(part)]


def _drop(
    shapes: NDArray[np.object_], chosen: NDArray[np.bool_], name: str, counts: Counter[str]
) -> None:
    shapes[chosen] = None
    counts[name] += int(chosen.sum())


def _beyond(geometry: NDArray[np.object_], crs: CRS) -> NDArray[np.bool_]:
    """(n,) True where a corner of a shape's box is nowhere on the Earth."""
    geographic = geographic_base(crs)
    there = ~np.asarray(shapely.is_missing(geometry), dtype=bool)
    beyond = np.zeros(len(geometry), dtype=bool)
    if geographic is None or not there.any():
        return beyond
    left, bottom, right, top = shapely.bounds(geometry[there]).T
    transformer = way(crs.to_2d(), geographic)
    lon, lat = transformer.transform(np.r_[left, right], np.r_[bottom, top])
    nowhere = ~(np.isfinite(lon) & np.isfinite(lat)) | (np.abs(lat) > 90 + 1e-6)
    beyond[there] = nowhere.reshape(2, -1).any(axis=0)
    return beyond

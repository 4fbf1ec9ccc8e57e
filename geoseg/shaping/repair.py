"""Footprints of any origin made into valid coverages, with a count of everything repaired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geoseg.errors import UsageError
from geoseg.shaping.apart import outlines_apart
from geoseg.shaping.arrays import Bools, Ints, Polygons
from geoseg.shaping.clean import partition, unclean, unite
from geoseg.shaping.near import components, near_boxes
from geoseg.shaping.simple import are_valid
from geoseg.vectors.shared import shared_area

GRID_PX = 2.0**-20
"""Where nothing else gives a clean layer, outlines are rounded to a grid of this spacing."""
SNAPPED = 1.0 + 1e-9
"""Walls that are drawn onto others move by this share of the reach at most, whatever was rounded."""
SLIVER_PX2 = 0.5
"""Smaller pieces that repair leaves beside a larger one are dropped and counted."""


@dataclass(slots=True)
class Repairs:
    """What was wrong with the input, in numbers."""

    empty: int = 0
    """Rows without a geometry; they come back as they are."""
    invalid: int = 0
    """Rows whose rings were not valid."""
    overlapping: int = 0
    """Pairs of polygons that overlapped; the overlap went to the smaller one."""
    slivers: int = 0
    """Pieces of less than half a pixel that were dropped beside a larger piece."""
    covered: int = 0
    """Rows of which nothing was left: no area, or a copy of other rows; they come back empty."""
    with_z: int = 0
    """Rows that lost their heights."""
    kept: int = 0
    """Rows that stayed to the last bit: geoseg drew them with the same pixels before."""


def refuse_unusable(geometries: Polygons) -> None:
    """Raise where a geometry cannot be a footprint.

    Raises:
        UsageError: when one is no polygon, or has coordinates that are not finite.
    """
    kinds = shapely.get_type_id(geometries)
    areal = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    present = (kinds >= 0) & ~shapely.is_empty(geometries)
    wrong = np.flatnonzero(present & ~np.isin(kinds, areal))
    if len(wrong):
        raise UsageError(
            f"row {wrong[0]} holds a {geometries[wrong[0]].geom_type}; footprints are polygons or "
            f"multipolygons. Remove the {len(wrong)} other rows first."
        )
    xy, row = shapely.get_coordinates(geometries, return_index=True)
    bad = np.unique(row[~np.isfinite(xy).all(axis=1)])
    if len(bad):
        raise UsageError(
            f"row {bad[0]} has coordinates that are not finite numbers. "
            f"Remove or redraw the {len(bad)} rows of this kind first."
        )


def to_parts(geometries: Polygons, repairs: Repairs) -> tuple[Polygons, Ints]:
    """Valid polygons in two dimensions, and the row that each is a part of."""
    missing = shapely.is_missing(geometries) | shapely.is_empty(geometries)
    flat = np.asarray(shapely.force_2d(geometries) if _any_z(geometries) else geometries.copy())
    flat[missing] = shapely.Polygon()
    invalid = ~are_valid(flat)
    repairs.invalid += int(invalid.sum())
    flat[invalid] = shapely.make_valid(flat[invalid], method="structure", keep_collapsed=False)
    parts, row = areal_parts(flat)
    keep = _worth_keeping(parts, row, repairs)
    return parts[keep], row[keep]


def _any_z(geometries: Polygons) -> bool:
    return bool(shapely.has_z(geometries).any())


def areal_parts(geometries: Polygons) -> tuple[Polygons, Ints]:
    """All polygons in geometries of any kind, and the row of each."""
    if (shapely.area(geometries) > 0).all() and _all_polygons(geometries):
        return geometries, np.arange(len(geometries))
    once, row = shapely.get_parts(geometries, return_index=True)
    parts, member = shapely.get_parts(once, return_index=True)
    areal = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    areal &= shapely.area(parts) > 0
    return np.asarray(parts[areal]), np.asarray(row[member][areal], dtype=np.int64)


def _all_polygons(geometries: Polygons) -> bool:
    return bool((shapely.get_type_id(geometries) == shapely.GeometryType.POLYGON).all())


def clean_coverage(
    parts: Polygons, row: Ints, snap_px: float, repairs: Repairs
) -> tuple[Polygons, Ints]:
    """Polygons that do not overlap and share the vertices of their walls.

    Walls nearer than ``snap_px`` become one; where that would not leave a clean layer, the gaps
    stay. Parts of one row that touch then are one polygon.

    Args:
        parts: (n,) valid polygons.
        row: (n,) the row of each.
        snap_px: Walls nearer to each other than this become one, pixels.
        repairs: Where overlaps and slivers are counted.

    Returns:
        The polygons, and the part that each is a piece of.
    """
    one, other = near_boxes(parts, snap_px)
    wrong = _wrong(parts, np.unique(np.concatenate([one, other])), snap_px)
    pieces, part = parts, np.arange(len(parts))
    if wrong.any():
        one, other = _near_pairs(parts, (one, other), wrong, snap_px)
        cluster = components(one, other, len(parts))
        pairs = wrong[one] | wrong[other]
        one, other = one[pairs], other[pairs]
        common = shared_area(parts[one], parts[other])
        overlap = common > SLIVER_PX2
        repairs.overlapping += int(overlap.sum())
        met = np.append(one[overlap], other[overlap])
        lots = _Lots(parts, row, cluster, np.bincount(met, minlength=len(parts)) > 0)
        near = np.isin(cluster, cluster[wrong])
        pieces, part = _cleaned(lots, near, _snapped(parts, one, other, snap_px), snap_px)
        keep = _worth_keeping(pieces, part, repairs)
        pieces, part = pieces[keep], part[keep]
    pieces, first = unite(pieces, row[part])
    return pieces, part[first]


def _near_pairs(
    parts: Polygons, pairs: tuple[Ints, Ints], wrong: Bools, snap_px: float
) -> tuple[Ints, Ints]:
    """The pairs that lie near each other, of those that hang together with wrong parts.

    What lies near a part that is moved must be seen when it is cleaned, wrong or not.
    """
    one, other = pairs
    cluster = components(one, other, len(parts))
    concerned = np.isin(cluster[one], cluster[wrong])
    one, other = one[concerned], other[concerned]
    within = shapely.dwithin(parts[one], parts[other], snap_px)
    return one[within], other[within]


@dataclass(frozen=True, slots=True)
class _Lots:
    """Parts in clusters that can be cleaned each by itself."""

    parts: Polygons
    """(n,) valid polygons."""
    row: Ints
    """(n,) the row of each."""
    cluster: Ints
    """(n,) numbers of the clusters of those that lie near each other."""
    overlapping: Bools
    """(n,) True where one overlaps another."""


def _cleaned(lots: _Lots, near: Bools, snapped: Polygons, snap_px: float) -> tuple[Polygons, Ints]:
    """All parts, the ``near`` ones cleaned, and what each is a piece of.

    Where closing gaps leaves no clean layer, or tears apart or loses a part that overlaps no other,
    the gaps of that cluster stay.
    """
    with np.errstate(invalid="ignore"):  # GEOS may compute with NaN on the way; its result is sound
        clean = shapely.coverage_clean(  # type: ignore[attr-defined]  # its stubs are older
            snapped[near], gap_width=snap_px, snapping_distance=1e-6, merge_strategy="min_area"
        )
    out = lots.parts.copy()
    out[near] = clean
    pieces, part = areal_parts(out)
    torn = (np.bincount(part, minlength=len(out)) != 1) & ~lots.overlapping
    bad = np.append(lots.cluster[part[unclean(pieces)]], lots.cluster[torn])
    if len(bad) == 0:
        return pieces, part
    good = ~np.isin(lots.cluster[part], bad)
    again, source = _with_gaps(lots, np.flatnonzero(np.isin(lots.cluster, bad)))
    return np.append(pieces[good], again), np.append(part[good], source)


def _with_gaps(lots: _Lots, chosen: Ints) -> tuple[Polygons, Ints]:
    """Chosen whole clusters as clean layers, and what each polygon is a piece of.

    Those that are clean come back as they are.
    """
    cluster = lots.cluster[chosen]
    dirty = np.isin(cluster, cluster[unclean(lots.parts[chosen])])
    as_given, rest = chosen[~dirty], chosen[dirty]
    again, source = partition(lots.parts[rest], lots.row[rest], GRID_PX)
    return np.append(lots.parts[as_given], again), np.append(as_given, rest[source])


def _wrong(parts: Polygons, near: Ints, snap_px: float) -> Bools:
    """(n,) True where one of the parts ``near`` overlaps another or leaves a gap to it."""
    out = np.zeros(len(parts), dtype=bool)
    if len(near):
        edges = shapely.coverage_invalid_edges(parts[near], gap_width=snap_px)
        out[near] = ~shapely.is_empty(edges)
    return out


def _snapped(parts: Polygons, one: Ints, other: Ints, snap_px: float) -> Polygons:
    """Parts whose walls were drawn onto those of others within reach, where that is valid.

    None is drawn farther than ``snap_px`` from where it was, however many others lie around it.
    """
    out = parts.copy()
    for later, earlier in sorted(zip(other.tolist(), one.tolist(), strict=True)):
        for mine, target in ((later, earlier), (earlier, later)):
            moved = shapely.snap(out[mine], out[target], snap_px)
            if moved.is_valid and moved.geom_type == "Polygon" and not moved.is_empty:
                near = outlines_apart(parts[[mine]], np.array([moved]))[0] <= SNAPPED * snap_px
                out[mine] = moved if near.all() else out[mine]
    return out


def _worth_keeping(parts: Polygons, row: Ints, repairs: Repairs) -> Bools:
    """(n,) False for slivers of rows that have a larger part; the largest part always stays."""
    area = shapely.area(parts)
    largest = np.zeros(int(row.max()) + 1 if len(row) else 0)
    np.maximum.at(largest, row, area)
    keep = (area >= SLIVER_PX2) | (area == largest[row])
    repairs.slivers += int((~keep).sum())
    return np.asarray(keep)

"""What became of every building between two dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.change.match import match
from geoseg.earth.reproject import reproject
from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.progress import Progress
from geoseg.statistics.collect import Buildings, collect
from geoseg.vectors.buildings import BuildingSource
from geoseg.vectors.observed import extent_of
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import polygonal
from geoseg.vectors.shared import shared_by_all
from geoseg.vectors.within import assign

LARGEST_ID = 2**63
"""Numbers from this on fit into no column of whole numbers."""
APART = "the two dates have no observed area in common; are they of one place, and are their CRSs the right ones?"
TOO_FAR = Said(
    "{count} buildings of {layer} lie too far away for the CRS {crs} and were left out.",
    one="{count} building of {layer} lies too far away for the CRS {crs} and was left out.",
)
"""Said of what has no place in the CRS of the comparison."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Intersection over union that decides what became of a building."""

    unchanged: float = 0.5
    """From this on it counts as unchanged."""
    match: float = 0.1
    """From this on two outlines are the same building, perhaps changed."""

    def __post_init__(self) -> None:
        if not 0 < self.match <= self.unchanged <= 1:
            raise UsageError(
                "the limits need 0 < --match <= --unchanged <= 1; "
                f"got --match {self.match:g} --unchanged {self.unchanged:g}"
            )


@dataclass(frozen=True, slots=True)
class Dated:
    """The buildings of one date, in the CRS of the comparison."""

    buildings: Buildings
    """Areas and numbers."""
    outlines: NDArray[np.object_]
    """(n,) valid polygons."""
    point: NDArray[np.float64]
    """(n, 2) representative points."""
    extent: shapely.Geometry | None
    """The observed area; None where unknown."""
    notes: tuple[str, ...]
    """What was repaired and left out, one sentence each."""

    @property
    def ids(self) -> NDArray[Any]:
        """(n,) ``building_id`` as whole numbers or as it is; the row's number from 0 without it."""
        given = self.buildings.ids
        if given is None:
            return np.arange(len(self.outlines))
        return as_ids(given)


def as_ids(given: NDArray[np.object_]) -> NDArray[Any]:
    """Whole numbers where all of them are and fit, text otherwise; -1 and "" where there is none."""
    missing = np.asarray(pd.isna(given), dtype=bool)
    whole = [_is_whole(one) for one in given[~missing]]
    if all(whole):
        numbers = np.full(len(given), -1, dtype=np.int64)
        numbers[~missing] = [int(one) for one in given[~missing]]
        return numbers
    texts = np.full(len(given), "", dtype=object)
    texts[~missing] = [str(one) for one in given[~missing]]
    return texts


def _is_whole(one: object) -> bool:
    number = isinstance(one, (int, np.integer)) or (isinstance(one, float) and one.is_integer())
    return number and abs(int(one)) < LARGEST_ID  # type: ignore[call-overload]


def read_date(source: BuildingSource, crs: CRS, progress: Progress) -> Dated:
    """All buildings of one date, in the CRS of the comparison."""
    found = collect(source, np.empty(0, object), keep_outlines=True, progress=progress)
    assert found.outlines is not None  # noqa: S101  # asked for above
    outlines = sound(reproject(found.outlines, source.crs, crs))
    placed = shapely.area(outlines) > 0
    if not placed.all():
        found = found.only(placed, TOO_FAR.format(count=0, layer=source.label, crs=crs.name))
        outlines = outlines[placed]
    point = shapely.get_coordinates(shapely.point_on_surface(outlines))
    extent = extent_of(source)
    if extent is not None:
        extent = reproject(np.array([extent], dtype=object), source.crs, crs)[0]
    return Dated(found, outlines, point, extent, (*found.row_notes, *_repeated(found, source)))


def _repeated(found: Buildings, source: BuildingSource) -> tuple[str, ...]:
    """A sentence where ids do not tell buildings apart."""
    if found.ids is None:
        return ()
    again = int(pd.Series(found.ids).dropna().duplicated().sum())
    said = Said(
        "{count} buildings of {layer} have a building_id that an earlier one has.",
        one="{count} building of {layer} has a building_id that an earlier one has.",
    )
    return (said.format(count=again, layer=source.label),) if again else ()


def common_extent(before: Dated, after: Dated) -> shapely.Geometry | None:
    """What both dates observed; None where neither knows.

    Raises:
        UsageError: when there is no such place, or all buildings of a date lie beyond it.
    """
    known = [date.extent for date in (before, after) if date.extent is not None]
    if not known:
        return None
    _refuse_elsewhere(before, after)
    shared: shapely.Geometry = polygonal(np.array([shared_by_all(known)], dtype=object))[0]
    if shapely.is_empty(shared):
        raise UsageError(APART)
    return shared


def _refuse_elsewhere(before: Dated, after: Dated) -> None:
    """Raise where a date that names no extent has all its buildings beyond what the other one observed.

    Raises:
        UsageError: it has, as after a wrong CRS: all of them would be gone, or new.
    """
    for date, other in ((before, after), (after, before)):
        if date.extent is not None or other.extent is None or not len(date.outlines):
            continue
        shapely.prepare(other.extent)
        if not shapely.intersects(other.extent, date.outlines).any():
            raise UsageError(APART)


def find_changes(
    before: Dated,
    after: Dated,
    limits: Limits,
    extent: shapely.Geometry | None,
) -> tuple[dict[str, NDArray[Any]], int]:
    """Columns of the changes, and how many buildings only one date could see.

    Matched buildings come first, then new ones, then those that are gone. ``point_xy`` is the
    point that decides the zone, ``row_old`` and ``row_new`` are rows of the two dates, -1 for none.
    """
    matches = match(before.outlines, after.outlines, limits.match)
    gone = np.setdiff1d(np.arange(len(before.outlines)), matches.old)
    come = np.setdiff1d(np.arange(len(after.outlines)), matches.new)
    seen_gone, seen_come = gone[inside(before, gone, extent)], come[inside(after, come, extent)]
    unseen = len(gone) + len(come) - len(seen_gone) - len(seen_come)
    missing = np.full(len(seen_come), -1), np.full(len(seen_gone), -1)
    old = np.concatenate([matches.old, missing[0], seen_gone])
    new = np.concatenate([matches.new, seen_come, missing[1]])
    alike = np.where(matches.iou >= limits.unchanged, "unchanged", "changed")
    kinds = [alike, np.full(len(seen_come), "new"), np.full(len(seen_gone), "gone")]
    area_old, area_new = _pick(before.buildings.area_m2, old), _pick(after.buildings.area_m2, new)
    later = new >= 0
    return {
        "change": np.concatenate(kinds).astype(object),
        "iou": np.concatenate([matches.iou, np.zeros(len(seen_come) + len(seen_gone))]),
        "old_id": _pick_ids(before.ids, old),
        "new_id": _pick_ids(after.ids, new),
        "area_old_m2": area_old,
        "area_new_m2": area_new,
        "area_change_m2": area_new - area_old,
        "geometry": np.where(later, _pick(after.outlines, new), _pick(before.outlines, old)),
        "row_old": old,
        "row_new": new,
        "point_xy": np.where(later[:, None], _pick(after.point, new), _pick(before.point, old)),
    }, unseen


def _pick(values: NDArray[Any], rows: NDArray[np.intp], other: float | str = 0.0) -> NDArray[Any]:
    """Rows of ``values``; ``other`` where the row is -1."""
    if not len(values):
        return np.full((len(rows), *values.shape[1:]), other, dtype=values.dtype)
    picked = values[rows]
    picked[rows < 0] = other
    return picked


def _pick_ids(ids: NDArray[Any], rows: NDArray[np.intp]) -> NDArray[Any]:
    """Ids of rows; -1, or "" among texts, where the row is -1."""
    return _pick(ids, rows, -1) if ids.dtype != object else _pick(ids, rows, "")


def inside(
    date: Dated, rows: NDArray[np.intp], extent: shapely.Geometry | None
) -> NDArray[np.bool_]:
    """(k,) True for rows of a date that lie in what both dates observed."""
    if extent is None:
        return np.ones(len(rows), dtype=bool)
    within: NDArray[np.bool_] = assign(date.point[rows], np.array([extent], dtype=object)) == 0
    return within

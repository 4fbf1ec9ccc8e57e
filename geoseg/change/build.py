"""Composition: two layers of buildings in, one comparison out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.change.changes import (
    Dated,
    Limits,
    common_extent,
    find_changes,
    read_date,
)
from geoseg.change.likely import Doubts, tell_noise
from geoseg.change.table import CHANGES, change_table
from geoseg.earth.places import box_of_shapes, outline_of_box
from geoseg.languages.said import Said
from geoseg.pages.notebook import Shown
from geoseg.progress import Progress, ignored
from geoseg.statistics.build import (
    make_zones,
    provenance_of,
    refuse_elsewhere,
    total_as_dict,
    zone_notes,
)
from geoseg.statistics.collect import IN_NO_ZONE
from geoseg.statistics.options import ReportOptions
from geoseg.statistics.zones import Zones
from geoseg.vectors.buildings import BuildingSource
from geoseg.vectors.metadata import holds_estimates
from geoseg.vectors.observed import (
    observed_m2,
    observed_parts,
)
from geoseg.vectors.within import OUTSIDE, assign

UNSEEN = Said(
    "{count} buildings lie where only one date was observed and are not counted.",
    one="{count} building lies where only one date was observed and is not counted.",
)
METHOD = Said(
    "Intersection over union of {unchanged:g} or more counts as unchanged, below {match:g} as different "
    "buildings."
)
ESTIMATES = Said("Both dates are model estimates: a difference may be an error of either.")
ONE_ESTIMATE = Said("One of the two dates is a model estimate: a difference may be an error of it.")
"""Said instead where the other one was drawn by hand."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Comparison(Shown):
    """What changed."""

    changes: gpd.GeoDataFrame
    """One row per building: ``change`` is new, gone, changed or unchanged; the geometry is the
    later outline, or the earlier one of a building that is gone."""
    table: gpd.GeoDataFrame
    """One row per zone, then the row ``total``."""
    zones: Zones
    """The zones."""
    parts: NDArray[np.object_]
    """(n,) their parts observed at both dates."""
    notes: tuple[str, ...]
    """What the reader should know, one sentence each."""
    provenance: dict[str, Any]
    """How the figures were made."""

    def as_dict(self) -> dict[str, Any]:
        """The total as plain values for JSON, the number of zones and the notes."""
        return total_as_dict(self.table, self.notes)

    def __repr__(self) -> str:
        total = self.table.iloc[-1]
        counts = ", ".join(f"{total[kind]:,} {kind}" for kind in CHANGES)
        return f"Comparison({len(self.table) - 1} zones, {counts})"


def build_comparison(
    old: BuildingSource,
    new: BuildingSource,
    options: ReportOptions,
    limits: Limits,
    progress: Progress = ignored,
    doubts: Doubts | None = None,
) -> Comparison:
    """Read the buildings of both dates, match them and count per zone.

    With ``doubts`` differences are told from noise: columns ``p_noise`` and ``likely``.

    Raises:
        GeosegError: when an input cannot be used.
    """
    crs = new.crs
    before, after = (read_date(source, crs, progress) for source in (old, new))
    extent = common_extent(before, after)
    zones = make_zones(_areas(before, after, extent, crs), crs, options)
    parts = observed_parts(zones.geometry, extent)
    observed = observed_m2(parts, crs)
    refuse_elsewhere(extent, observed)
    changes, unseen = find_changes(before, after, limits, extent)
    zone = assign(changes.pop("point_xy"), zones.geometry)
    told = None
    if doubts is not None:
        told = tell_noise((before, after), crs, changes, extent, doubts, progress)
        changes = {**changes, "p_noise": told.noise, "likely": told.likely}
    del changes["row_old"], changes["row_new"]
    frame = gpd.GeoDataFrame(
        {"change": changes["change"], "zone": _zone_names(zones, zone), **changes}, crs=crs
    )
    notes = (
        *dict.fromkeys(note for date in (before, after) for note in date.notes),
        *zone_notes(zones, extent, observed),
        *_left_out(unseen, UNSEEN),
        *_left_out(int((zone == OUTSIDE).sum()), IN_NO_ZONE),
        METHOD.format(unchanged=limits.unchanged, match=limits.match),
        *_estimates(old, new),
        *(() if told is None else told.notes),
    )
    return Comparison(
        frame,
        change_table(zones, frame, zone, observed),
        zones,
        parts,
        notes,
        {**_provenance(old, new, options), **_doubted(doubts)},
    )


def _areas(
    before: Dated, after: Dated, extent: shapely.Geometry | None, crs: CRS
) -> list[shapely.Geometry]:
    known = [] if extent is None else [extent]
    outlines = np.concatenate([before.outlines, after.outlines])
    box = box_of_shapes(outlines, crs)
    return known if box is None else [*known, outline_of_box(box, crs)]


def _zone_names(zones: Zones, zone: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array([*map(str, zones.names), None], dtype=object)[zone]


def _left_out(count: int, why: Said) -> tuple[str, ...]:
    return (why.format(count=count),) if count else ()


def _estimates(old: BuildingSource, new: BuildingSource) -> tuple[str, ...]:
    """Which of the dates a model found."""
    count = holds_estimates(old) + holds_estimates(new)
    return ((), (ONE_ESTIMATE,), (ESTIMATES,))[count]


def _doubted(doubts: Doubts | None) -> dict[str, Any]:
    """How differences were told from noise, for the record."""
    if doubts is None:
        return {}
    settings = doubts.settings
    looked = [name for name in ("before", "after") if getattr(doubts, name) is not None]
    return {
        "years_between": settings.age_years,
        "sure": settings.sure,
        "recall": settings.recall,
        "imagery_looked_at": {
            (): Said("none"),
            ("before",): Said("of the earlier date"),
            ("after",): Said("of the later date"),
            ("before", "after"): Said("of both dates"),
        }[tuple(looked)],
    }


def _provenance(old: BuildingSource, new: BuildingSource, options: ReportOptions) -> dict[str, Any]:
    made = provenance_of(new, options)
    del made["buildings"]
    return {"old": old.label, "new": new.label, **made}

"""Composition: buildings and options in, one report out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.crs import code_and_name
from geoseg.earth.places import outline_of_box
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.files.names import without_folders
from geoseg.pages.notebook import Shown
from geoseg.progress import Progress, ignored
from geoseg.statistics.cells import grid_zones, h3_zones, parse_size_m, whole_zone
from geoseg.statistics.collect import Buildings, collect
from geoseg.statistics.options import ReportOptions
from geoseg.statistics.sample import NO_SAMPLE, add_estimates, read_sample, require_own_answers
from geoseg.statistics.table import SizeClass, zone_table
from geoseg.statistics.zones import Zones, unobserved_note, zones_from_polygons
from geoseg.vectors.address import Address
from geoseg.vectors.buildings import (
    BuildingSource,
    open_buildings,
)
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.metadata import holds_estimates, run_of
from geoseg.vectors.nearby import around
from geoseg.vectors.observed import (
    NO_EXTENT,
    extent_of,
    observed_m2,
    observed_parts,
)
from geoseg.vectors.within import OUTSIDE
from geoseg.version import __version__

MOST_OUTLINES = 40_000
"""Buildings whose outlines are kept for the map; beyond that it shows density."""
ELSEWHERE = (
    "none of the zones touches the observed area of the buildings; "
    "check that both are of the same place and have the right CRS"
)
"""Said when buildings and zones have nothing in common."""


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class AreaReport(Shown):
    """Everything that an output shows."""

    source: Address | None
    """File of the buildings; None for a table in memory."""
    table: gpd.GeoDataFrame
    """GeoDataFrame: one row per zone, then the row ``total``."""
    zones: Zones
    """The zones."""
    parts: NDArray[np.object_]
    """(n,) the observed parts of the zones."""
    buildings: Buildings
    """What was read of every building."""
    classes: tuple[SizeClass, ...]
    """The size classes of the table."""
    rasters: tuple[Path, ...]
    """Orthophotos below the map of the page, later ones on top."""
    notes: tuple[str, ...]
    """What the reader should know, one sentence each."""
    provenance: dict[str, Any]
    """How the figures were made; ``run`` is what ``geoseg predict`` stored."""

    def as_dict(self) -> dict[str, Any]:
        """The total as plain values for JSON, the number of zones and the notes."""
        return total_as_dict(self.table, self.notes)

    def __repr__(self) -> str:
        total = self.table.iloc[-1]
        return f"AreaReport({len(self.table) - 1} zones, {total['buildings']:,} buildings)"


def build_report(
    buildings: VectorInput, options: ReportOptions, progress: Progress = ignored
) -> AreaReport:
    """Read everything once and compute the table.

    Raises:
        GeosegError: when an input cannot be used.
    """
    source = open_buildings(buildings, options.layer)
    if options.labelled is not None:
        require_own_answers(options.labelled, source)
    extent = extent_of(source)
    zones = make_zones(_areas(source, extent), source.crs, options)
    parts = observed_parts(zones.geometry, extent)
    observed = observed_m2(parts, zones.crs)
    refuse_elsewhere(extent, observed)
    found = collect(
        source, zones.geometry, keep_outlines=source.rows <= MOST_OUTLINES, progress=progress
    )
    if extent is None and source.rows and (found.zone == OUTSIDE).all():
        raise UsageError(ELSEWHERE)
    table = zone_table(zones, found, observed, options.classes)
    sample_notes: tuple[str, ...] = (NO_SAMPLE,) if holds_estimates(source) else ()
    if options.labelled is not None:
        sampled, sample_notes = read_sample(options.labelled, zones, parts, found)
        table = add_estimates(table, sampled)
    about = zone_notes(zones, extent, observed)
    return AreaReport(
        source=source.address,
        table=table,
        zones=zones,
        parts=parts,
        buildings=found,
        classes=options.classes,
        rasters=options.rasters,
        notes=(*about, *found.notes, *sample_notes),
        provenance=provenance_of(source, options),
    )


def total_as_dict(table: gpd.GeoDataFrame, notes: Sequence[str]) -> dict[str, Any]:
    """The last row of a table of zones, the number of zones and the notes."""
    total = table.iloc[-1].drop(["zone", table.geometry.name])
    figures = {name: plain(value) for name, value in total.items()}
    return {"zones": len(table) - 1, **figures, "notes": list(notes)}


def refuse_elsewhere(extent: shapely.Geometry | None, observed: NDArray[np.float64]) -> None:
    """Raise when no zone has an observed part."""
    if extent is not None and not observed.any():
        raise UsageError(ELSEWHERE)


def zone_notes(
    zones: Zones, extent: shapely.Geometry | None, observed: NDArray[np.float64]
) -> tuple[str, ...]:
    """What the user should know about the zones and the observed area."""
    unknown = (NO_EXTENT,) if extent is None else ()
    return *zones.notes, *unknown, *unobserved_note(zones, observed)


def plain(value: object) -> str | float | None:
    """A number or text that JSON knows; None for NaN."""
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, (int, np.integer)):
        return int(value)
    number = float(cast("float", value))
    return number if np.isfinite(number) else None


def make_zones(areas: list[shapely.Geometry], crs: CRS, options: ReportOptions) -> Zones:
    """The zones that the options ask for.

    Args:
        areas: What is to be covered: the observed area first, where it is known.
        crs: CRS of the areas and of the zones.
        options: The choices of the user.
    """
    if options.zones is not None:
        return zones_from_polygons(
            options.zones,
            around(areas, crs),
            name_column=options.name_column,
            layer=options.zones_layer,
            overlaps=options.overlap_rule,
        )
    if not areas:
        raise UnreadableVectorError(
            "there are no buildings on Earth by their CRS and no layer 'extent'; there is nothing to report"
        )
    if options.grid is not None:
        return grid_zones(areas[0], crs, parse_size_m(options.grid))
    if options.h3 is not None:
        return h3_zones(areas[0], crs, options.h3)
    return whole_zone(areas, crs)


def _areas(source: BuildingSource, extent: shapely.Geometry | None) -> list[shapely.Geometry]:
    """The observed area where it is known, and the bounding box of the buildings."""
    if extent is not None:  # to which zones are cut
        bounds = source.bounds_stated()
        return [extent] if bounds is None else [extent, outline_of_box(bounds, source.crs)]
    bounds = source.bounds()
    return [] if bounds is None else [outline_of_box(bounds, source.crs)]


def provenance_of(source: BuildingSource, options: ReportOptions) -> dict[str, Any]:
    """How the figures are made, for the record."""
    return {
        "geoseg": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "buildings": source.label,
        "crs": code_and_name(source.crs),
        **options.as_provenance(),
        "run": without_folders(run_of(source)),
    }

"""What the HTML page shows, as plain data; the area report as such a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoseg.files.matching import stem_of
from geoseg.languages.said import Said
from geoseg.pages.document import Figure
from geoseg.statistics.charts import Chart, area_histogram, count_chart, coverage_chart
from geoseg.statistics.mapdata import MapBuildings, MapStyle, Metric, map_data
from geoseg.statistics.table import TOTAL
from geoseg.statistics.zones import Zones
from geoseg.vectors.address import name_of

if TYPE_CHECKING:
    from geoseg.statistics.build import AreaReport
    from geoseg.statistics.table import SizeClass

MOST_ROWS = 1000
"""Zones that the page lists; the other formats hold all."""
SIZE_COLOURS = (
    "#ffe08a", "#ffc14d", "#ff9a3c", "#f4683c", "#d63a4a", "#a3246b", "#5c1a72",
)  # fmt: skip
"""Fill colours of size classes from small to large."""

COUNT, M2, KM2, PERCENT = (
    Said("{value:,.0f}"), Said("{value:,.0f} m²"), Said("{value:,.3f} km²"), Said("{value:,.1f}\u00a0%"),
)  # fmt: skip
"""How headline figures are written."""
EXPECTED = Said("about {number} real")
"""Below the number of buildings."""
INTERVAL = Said("95 %: {low} to {high}; model: {model}")
"""Below a corrected figure."""
CUT = Said(
    "This page shows the {shown} zones with the most buildings of {zones}; the other formats hold all of "
    "them."
)
"""Said where a page does not list all zones."""
DECIDED = {
    "kept": Said("kept"), "moved": Said("moved"), "changed": Said("changed"), "split": Said("split"),
    "merged": Said("merged"), "new": Said("new"), "gone": Said("gone"), "unseen": Said("unseen"),
}  # fmt: skip
"""Decisions of an update, and what may have become of a building, in words."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the page's table."""

    name: str
    """Its name in every format."""
    label: str
    """Its heading."""
    decimals: int | None = None
    """Digits after the point; None for text."""


@dataclass(frozen=True, slots=True)
class Page:
    """One HTML page."""

    title: str
    """Heading and title of the document."""
    figures: tuple[Figure, ...]
    """Headline figures."""
    notes: tuple[str, ...]
    """What the reader should know."""
    columns: tuple[Column, ...]
    """Columns of the table."""
    rows: tuple[tuple[Any, ...], ...]
    """Values in the order of the columns; the last row is the total."""
    charts: tuple[Chart, ...]
    """Bar charts."""
    map: dict[str, Any]
    """What the map's script reads; see ``map_data``."""
    provenance: dict[str, Any]
    """How the figures were made."""


LABELS: dict[str, tuple[Said, int | None]] = {
    "zone": (Said("Zone"), None),
    "buildings": (Said("Buildings"), 0),
    "area_m2": (Said("Roof area m²"), 0),
    "mean_area_m2": (Said("Mean m²"), 1),
    "median_area_m2": (Said("Median m²"), 1),
    "observed_km2": (Said("Observed km²"), 3),
    "coverage_ratio": (Said("Coverage"), 4),
    "density_per_km2": (Said("Per km²"), 1),
    "mean_confidence": (Said("Mean confidence"), 3),
    "expected_buildings": (Said("Expected buildings"), 0),
    "at_edge_share": (Said("Cut by the edge"), 4),
    "sample_plots": (Said("Sampled plots"), 0),
    "buildings_corrected": (Said("Corrected buildings"), 0),
    "buildings_low": (Said("95 % low"), 0),
    "buildings_high": (Said("95 % high"), 0),
    "area_m2_corrected": (Said("Corrected m²"), 0),
    "area_m2_low": (Said("95 % low m²"), 0),
    "area_m2_high": (Said("95 % high m²"), 0),
}
"""Heading and decimals of the known columns."""
METRICS = (
    Metric("density_per_km2", Said("Buildings per km²"), 0),
    Metric("coverage_ratio", Said("Coverage ratio"), 3),
    Metric("mean_area_m2", Said("Mean area m²"), 0),
    Metric("buildings", Said("Buildings"), 0),
)
"""What the zones of the map can be shaded by."""


def area_page(report: AreaReport) -> Page:
    """The area report as a page."""
    rows, cut = largest_rows(report.table, "buildings")
    shown, names = report.table.iloc[rows], zone_names(report.zones, rows)
    coverage = coverage_chart(
        report.zones.names, report.table["coverage_ratio"].to_numpy(float)[:-1]
    )
    colours = spread_colours(len(report.classes))
    limits = [size.upper_m2 for size in report.classes[:-1]]
    labels = [size.label for size in report.classes]
    named = [size.unit_label for size in report.classes]
    counts = [int(report.table[size.column].iloc[-1]) for size in report.classes]
    drawn = MapBuildings(
        report.buildings.outlines,
        report.buildings.point,
        report.buildings.area_m2,
        np.digitize(report.buildings.area_m2, limits),
    )
    return Page(
        title=_title(report),
        figures=_figures(report.table.iloc[-1]),
        notes=(*report.notes, *cut),
        columns=table_columns(shown, size_labels(report.classes)),
        rows=table_values(shown, names),
        charts=(
            area_histogram(report.buildings.area_m2[report.buildings.zone >= 0], limits, colours),
            count_chart(Said("Buildings by size class (m²)"), labels, counts, colours),
            *([] if coverage is None else [coverage]),
        ),
        map=map_data(
            shown,
            report.parts[rows[:-1]],
            drawn,
            MapStyle(METRICS, tuple(zip(named, colours, strict=True)), tuple(names)),
            report.rasters,
        ),
        provenance=report.provenance,
    )  # fmt: skip


def size_labels(classes: Iterable[SizeClass]) -> dict[str, tuple[Said, int | None]]:
    """Heading and decimals of the columns of size classes."""
    return {size.column: (size.unit_label, 0) for size in classes}


def spread_colours(count: int) -> tuple[str, ...]:
    """One of SIZE_COLOURS per class, from first to last."""
    chosen = np.linspace(0, len(SIZE_COLOURS) - 1, count).round().astype(int)
    return tuple(SIZE_COLOURS[index] for index in chosen)


def largest_rows(table: gpd.GeoDataFrame, by: str) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Rows of the page: all, or the MOST_ROWS largest zones and the total; a note about that."""
    zones = len(table) - 1
    if zones <= MOST_ROWS:
        return np.arange(zones + 1), ()
    order = np.argsort(-table[by].to_numpy()[:zones], kind="stable")[:MOST_ROWS]
    return np.append(np.sort(order), zones), (CUT.format(shown=MOST_ROWS, zones=zones),)


def table_columns(
    table: gpd.GeoDataFrame, extra: Mapping[str, tuple[Said, int | None]]
) -> tuple[Column, ...]:
    """Headings for the columns of a table, without its geometry."""
    names = [name for name in table.columns if name != table.geometry.name]
    return tuple(_column(name, extra) for name in names)


def zone_names(zones: Zones, rows: NDArray[np.intp]) -> list[str]:
    """Names of rows of a table: those of zones, and what stands for all of them in the last row."""
    every = (*zones.names, TOTAL)
    return [every[row] for row in rows.tolist()]


def table_values(table: gpd.GeoDataFrame, names: Sequence[str]) -> tuple[tuple[Any, ...], ...]:
    """Rows of plain values, without the geometry; the names of zones as they are said."""
    flat = table.drop(columns=[table.geometry.name, "zone"])
    rows = flat.itertuples(index=False, name=None)
    return tuple((name, *row) for name, row in zip(names, rows, strict=True))


def _column(name: str, extra: Mapping[str, tuple[Said, int | None]]) -> Column:
    kind, _, rest = name.partition("_")
    other = (
        (Said("Update: {decision}").format(decision=DECIDED.get(rest, rest)), 0)
        if kind == "decision"
        else (Said("{percentile} m²").format(percentile=kind), 1)
    )
    label, decimals = {**LABELS, **extra}.get(name, other)
    return Column(name, label, decimals)


def _figures(total: pd.Series[Any]) -> tuple[Figure, ...]:
    km2 = total["observed_km2"]
    count = _headline(total, "buildings", (Said("buildings"), Said("buildings, corrected")), COUNT)
    return (
        replace(count, detail=count.detail or _expected(total)),
        _headline(total, "area_m2", (Said("roof area"), Said("roof area, corrected")), M2),
        Figure(_number(total["median_area_m2"], M2), Said("median building")),
        Figure(_number(km2, KM2), Said("observed")),
        _headline(
            total, "area_m2", (Said("built over"), Said("built over, corrected")), PERCENT,
            per=km2 * 1e4, model="coverage_ratio",
        ),
        _headline(
            total, "buildings", (Said("buildings per km²"), Said("buildings per km², corrected")), COUNT,
            per=km2, model="density_per_km2",
        ),
    )  # fmt: skip


def _expected(total: pd.Series[Any]) -> Said | str:
    """How many of the buildings are there, where that is known; empty where a sample tells better."""
    if "expected_buildings" not in total or "buildings_corrected" in total:
        return ""
    return EXPECTED.format(number=_number(total["expected_buildings"], COUNT))


def _headline(  # a total, or what it is per ground
    total: pd.Series[Any],
    name: str,
    labels: tuple[Said, Said],
    number: Said,
    *,
    per: float = 1.0,
    model: str | None = None,
) -> Figure:
    """The model's figure, or the corrected one with its interval where there is one.

    Args:
        total: The last row of the table.
        name: Column of what was corrected.
        labels: Without and with a correction.
        number: How it is written.
        per: The total is told per so much, as of ground; 0 where nothing was observed.
        model: Column of the model's figure; None: ``name``.
    """
    shown = total[model or name] * (100 if model == "coverage_ratio" else 1)
    if f"{name}_corrected" not in total:
        return Figure(_number(shown, number), labels[0])
    middle, low, high = (
        total[f"{name}_{end}"] / per if per else np.nan for end in ("corrected", "low", "high")
    )
    plain = PERCENT if number is PERCENT else COUNT
    told = {"low": low, "high": high, "model": shown}
    return Figure(
        _number(middle, number),
        labels[1],
        INTERVAL.format(**{key: _number(value, plain) for key, value in told.items()}),
    )


def _number(value: float, number: Said) -> Said:
    return number.format(value=value) if np.isfinite(value) else Said("unknown")


def _title(report: AreaReport) -> Said:
    if not report.source:
        return Said("Buildings")
    return Said("Buildings: {layer}").format(layer=stem_of(name_of(report.source)))

"""What the HTML page shows, as plain data; the area report as such a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoseg.files.matching import stem_of
from geoseg.pages.document import Figure
from geoseg.statistics.charts import Chart, area_histogram, count_chart
from geoseg.statistics.mapdata import MapBuildings, MapStyle, Metric, map_data
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


LABELS: dict[str, tuple[str, int | None]] = {
    "zone": ("Zone", None),
    "buildings": ("Buildings", 0),
    "area_m2": ("Roof area m²", 0),
    "mean_area_m2": ("Mean m²", 1),
    "median_area_m2": ("Median m²", 1),
    "observed_km2": ("Observed km²", 3),
    "coverage_ratio": ("Coverage", 4),
    "density_per_km2": ("Per km²", 1),
    "mean_confidence": ("Mean confidence", 3),
    "at_edge_share": ("Cut by the edge", 4),
    "sample_plots": ("Sampled plots", 0),
    "buildings_corrected": ("Corrected buildings", 0),
    "buildings_low": ("95 % low", 0),
    "buildings_high": ("95 % high", 0),
    "area_m2_corrected": ("Corrected m²", 0),
    "area_m2_low": ("95 % low m²", 0),
    "area_m2_high": ("95 % high m²", 0),
}
"""Heading and decimals of the known columns."""
METRICS = (
    Metric("density_per_km2", "Buildings per km²", 0),
    Metric("coverage_ratio", "Coverage ratio", 3),
    Metric("mean_area_m2", "Mean area m²", 0),
    Metric("buildings", "Buildings", 0),
)
"""What the zones of the map can be shaded by."""


def area_page(report: AreaReport) -> Page:
    """The area report as a page."""
    rows, cut = largest_rows(report.table, "buildings")
    shown = report.table.iloc[rows]
    colours = spread_colours(len(report.classes))
    limits = [size.upper_m2 for size in report.classes[:-1]]
    labels = [size.label for size in report.classes]
    named = [f"{label} m²" for label in labels]
    counts = [int(report.table[size.column].iloc[-1]) for size in report.classes]
    drawn = MapBuildings(
        report.buildings.outlines,
        report.buildings.point,
        report.buildings.area_m2,
        np.digitize(report.buildings.area_m2, limits),
    )
    return Page(
        title=f"Buildings: {stem_of(name_of(report.source))}" if report.source else "Buildings",
        figures=_figures(report.table.iloc[-1]),
        notes=(*report.notes, *cut),
        columns=table_columns(shown, size_labels(report.classes)),
        rows=table_values(shown),
        charts=(
            area_histogram(report.buildings.area_m2[report.buildings.zone >= 0], limits, colours),
            count_chart("Buildings by size class (m²)", labels, counts, colours),
        ),
        map=map_data(
            shown,
            report.parts[rows[:-1]],
            drawn,
            MapStyle(METRICS, tuple(zip(named, colours, strict=True))),
            report.raster,
        ),
        provenance=report.provenance,
    )  # fmt: skip


def size_labels(classes: Iterable[SizeClass]) -> dict[str, tuple[str, int | None]]:
    """Heading and decimals of the columns of size classes."""
    return {size.column: (f"{size.label} m²", 0) for size in classes}


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
    note = (
        f"This page shows the {MOST_ROWS} zones with the most buildings of {zones}; "
        "the other formats hold all of them."
    )
    return np.append(np.sort(order), zones), (note,)


def table_columns(
    table: gpd.GeoDataFrame, extra: Mapping[str, tuple[str, int | None]]
) -> tuple[Column, ...]:
    """Headings for the columns of a table, without its geometry."""
    names = [name for name in table.columns if name != table.geometry.name]
    return tuple(_column(name, extra) for name in names)


def table_values(table: gpd.GeoDataFrame) -> tuple[tuple[Any, ...], ...]:
    """Rows of plain values, without the geometry."""
    flat = table.drop(columns=table.geometry.name)
    return tuple(flat.itertuples(index=False, name=None))


def _column(name: str, extra: Mapping[str, tuple[str, int | None]]) -> Column:
    kind, _, rest = name.partition("_")
    other = (f"Update: {rest}", 0) if kind == "decision" else (f"{kind} m²", 1)  # a percentile
    label, decimals = {**LABELS, **extra}.get(name, other)
    return Column(name, label, decimals)


def _figures(total: pd.Series[Any]) -> tuple[Figure, ...]:
    return (
        _headline(total, "buildings", "buildings", ""),
        _headline(total, "area_m2", "roof area", " m²"),
        Figure(_number(total["median_area_m2"], 0, " m²"), "median building"),
        Figure(_number(total["observed_km2"], 3, " km²"), "observed"),
        Figure(_number(100 * total["coverage_ratio"], 1, " %"), "built over"),
        Figure(_number(total["density_per_km2"], 0, ""), "buildings per km²"),
    )


def _headline(total: pd.Series[Any], name: str, label: str, unit: str) -> Figure:
    """The model's figure, or the corrected one with its interval where there is one."""
    if f"{name}_corrected" not in total:
        return Figure(_number(total[name], 0, unit), label)
    low, high = (_number(total[f"{name}_{end}"], 0, "") for end in ("low", "high"))
    return Figure(
        _number(total[f"{name}_corrected"], 0, unit),
        f"{label}, corrected",
        f"95 %: {low} to {high}; model: {_number(total[name], 0, '')}",
    )


def _number(value: float, decimals: int, unit: str) -> str:
    return f"{value:,.{decimals}f}{unit}" if np.isfinite(value) else "unknown"

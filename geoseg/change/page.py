"""The comparison as a page."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from geoseg.change.build import Comparison
from geoseg.change.table import CHANGES
from geoseg.languages.said import Said
from geoseg.pages.document import Figure
from geoseg.statistics.build import MOST_OUTLINES
from geoseg.statistics.charts import Chart, count_chart, paired_chart
from geoseg.statistics.mapdata import MapBuildings, MapStyle, Metric, map_data
from geoseg.statistics.page import (
    COUNT,
    DECIDED,
    Page,
    largest_rows,
    table_columns,
    table_values,
    zone_names,
)
from geoseg.statistics.table import size_classes

CHANGE_COLOURS = {
    "unchanged": "#b8bec5",
    "changed": "#f2b134",
    "gone": "#c22f40",
    "new": "#1597ab",
}
"""Fill colours."""
WORDS = {"unchanged": Said("unchanged"), **{kind: DECIDED[kind] for kind in CHANGES[1:]}}
"""What may have become of a building, in words."""
METRICS = (
    Metric("new", Said("New buildings"), 0),
    Metric("gone", Said("Gone buildings"), 0),
    Metric("changed", Said("Changed buildings"), 0),
    Metric("area_change_m2", Said("Change of roof area m²"), 0),
)
"""What the zones of the map can be shaded by."""
LABELS = {
    "buildings_old": (Said("Before"), 0),
    "buildings_new": (Said("After"), 0),
    "unchanged": (Said("Unchanged"), 0),
    "changed": (Said("Changed"), 0),
    "gone": (Said("Gone"), 0),
    "new": (Said("New"), 0),
    "likely_changed": (Said("Likely changed"), 0),
    "likely_gone": (Said("Likely gone"), 0),
    "likely_new": (Said("Likely new"), 0),
    "area_old_m2": (Said("Area before m²"), 0),
    "area_new_m2": (Said("Area after m²"), 0),
    "area_change_m2": (Said("Change m²"), 0),
}
"""Heading and decimals of the columns."""


def change_page(result: Comparison) -> Page:
    """The comparison as a page."""
    rows, cut = largest_rows(result.table, "buildings_new")
    shown, total = result.table.iloc[rows], result.table.iloc[-1]
    colours = tuple(CHANGE_COLOURS[kind] for kind in CHANGES)
    words, names = [WORDS[kind] for kind in CHANGES], zone_names(result.zones, rows)
    style = MapStyle(METRICS, tuple(zip(words, colours, strict=True)), tuple(names))
    counts = [int(total[kind]) for kind in CHANGES]
    return Page(
        title=Said("Buildings: what changed"),
        figures=_figures(total),
        notes=(*result.notes, *cut),
        columns=table_columns(shown, LABELS),
        rows=table_values(shown, names),
        charts=(
            count_chart(Said("Buildings by what became of them"), words, counts, colours),
            _sizes(result),
        ),
        map=map_data(shown, result.parts[rows[:-1]], _drawn(result), style),
        provenance=result.provenance,
    )


def _figures(total: pd.Series[Any]) -> tuple[Figure, ...]:
    counted = {
        "buildings_old": Said("buildings before"),
        "buildings_new": Said("buildings after"),
        "new": Said("new"),
        "gone": Said("gone"),
        "changed": Said("changed"),
    }
    figures = [
        Figure(COUNT.format(value=float(total[name])), label, _likely(total, name))
        for name, label in counted.items()
    ]
    change = Said("{value:+,.0f} m²").format(value=float(total["area_change_m2"]))
    return (*figures, Figure(change, Said("change of roof area")))


def _likely(total: pd.Series[Any], name: str) -> str:
    """How many of a kind stand out, where that was asked for."""
    if f"likely_{name}" not in total:
        return ""
    return Said("{count:,} stand out", one="{count:,} stands out").format(
        count=int(total[f"likely_{name}"])
    )


def _sizes(result: Comparison) -> Chart:
    """How many buildings of each size there were at both dates, in the zones."""
    classes = size_classes()
    limits = [size.upper_m2 for size in classes[:-1]]
    inside = result.changes[result.changes["zone"].notna()]
    counts = []
    for date in ("old", "new"):
        area_m2 = inside[f"area_{date}_m2"].to_numpy(dtype=float)
        there = inside["change"].to_numpy() != ("new" if date == "old" else "gone")
        counts.append(np.bincount(np.digitize(area_m2[there], limits), minlength=len(classes)))
    title = Said("Buildings by size class (m²), before and after")
    return paired_chart(title, [size.label for size in classes], *(c.tolist() for c in counts))


def _drawn(result: Comparison) -> MapBuildings:
    """All buildings, or only those that changed, or their density: what the page can hold."""
    changes = result.changes
    if len(changes) > MOST_OUTLINES:
        changes = changes[changes["change"] != "unchanged"]
    outlines = np.array(changes.geometry.array, dtype=object)
    area_m2 = np.maximum(changes["area_old_m2"], changes["area_new_m2"])
    return MapBuildings(
        outlines if len(changes) <= MOST_OUTLINES else None,
        np.column_stack([changes.geometry.centroid.x, changes.geometry.centroid.y]),
        area_m2.to_numpy(dtype=float),
        changes["change"].map(CHANGES.index).to_numpy(dtype=np.intp),
    )

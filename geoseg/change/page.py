"""The comparison as a page."""

from __future__ import annotations

import numpy as np

from geoseg.change.build import Comparison
from geoseg.change.table import CHANGES
from geoseg.pages.document import Figure
from geoseg.statistics.build import MOST_OUTLINES
from geoseg.statistics.charts import count_chart
from geoseg.statistics.mapdata import MapBuildings, MapStyle, Metric, map_data
from geoseg.statistics.page import Page, largest_rows, table_columns, table_values

CHANGE_COLOURS = {
    "unchanged": "#b8bec5",
    "changed": "#f2b134",
    "gone": "#c22f40",
    "new": "#1597ab",
}
"""Fill colours."""
METRICS = (
    Metric("new", "New buildings", 0),
    Metric("gone", "Gone buildings", 0),
    Metric("changed", "Changed buildings", 0),
    Metric("area_change_m2", "Change of roof area m²", 0),
)
"""What the zones of the map can be shaded by."""
LABELS = {
    "buildings_old": ("Before", 0),
    "buildings_new": ("After", 0),
    "unchanged": ("Unchanged", 0),
    "changed": ("Changed", 0),
    "gone": ("Gone", 0),
    "new": ("New", 0),
    "area_old_m2": ("Area before m²", 0),
    "area_new_m2": ("Area after m²", 0),
    "area_change_m2": ("Change m²", 0),
}
"""Heading and decimals of the columns."""


def change_page(result: Comparison) -> Page:
    """The comparison as a page."""
    rows, cut = largest_rows(result.table, "buildings_new")
    shown, total = result.table.iloc[rows], result.table.iloc[-1]
    colours = tuple(CHANGE_COLOURS[kind] for kind in CHANGES)
    style = MapStyle(METRICS, tuple((kind, CHANGE_COLOURS[kind]) for kind in CHANGES))
    return Page(
        title="Buildings: what changed",
        figures=(
            Figure(f"{total['buildings_old']:,}", "buildings before"),
            Figure(f"{total['buildings_new']:,}", "buildings after"),
            Figure(f"{total['new']:,}", "new"),
            Figure(f"{total['gone']:,}", "gone"),
            Figure(f"{total['changed']:,}", "changed"),
            Figure(f"{total['area_change_m2']:+,.0f} m²", "change of roof area"),
        ),
        notes=(*result.notes, *cut),
        columns=table_columns(shown, LABELS),
        rows=table_values(shown),
        charts=(
            count_chart(
                "Buildings by what became of them",
                list(CHANGES),
                [int(total[kind]) for kind in CHANGES],
                colours,
            ),
        ),
        map=map_data(shown, result.parts[rows[:-1]], _drawn(result), style),
        provenance=result.provenance,
    )


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

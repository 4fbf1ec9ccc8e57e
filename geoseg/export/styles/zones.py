"""Styles of zones and of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geoseg.export.schema import Column
from geoseg.export.styles.fields import Fields, key_column
from geoseg.export.styles.style import Style, style
from geoseg.export.styles.symbols import Fill, by_number, by_value

RAMP = ("#eef3f8", "#c6d8e8", "#90b8d8", "#4f8fc0", "#1f5f99")
"""Fill colours of zones from few to many."""
LINE = "#3c4650"
"""Their outlines."""
Labels = Mapping[str, tuple[str, int | None]]
"""Column to heading and decimals."""


def class_limits(values: NDArray[np.float64]) -> list[float]:
    """Rising limits, one more than colours, by quantiles of the finite values."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return [0.0, 0.0]
    limits = np.unique(np.quantile(finite, np.linspace(0, 1, len(RAMP) + 1)))
    return limits.tolist() if len(limits) > 1 else [float(limits[0])] * 2


def choropleth(table: gpd.GeoDataFrame, column: str, unit: str, labels: Labels) -> Style:
    """Zones shaded by ``column`` in quantile classes; the last row is the total, without a place.

    Args:
        table: The zones.
        column: What shades them.
        unit: What it counts, for the legend.
        labels: Headings of the columns.
    """
    limits = class_limits(table[column].iloc[:-1].to_numpy(dtype=float))
    pairs = list(pairwise(limits))
    chosen = np.linspace(len(RAMP) - 1, 0, len(pairs)).round().astype(int)[::-1]
    ranges = [
        (low, high, f"{low:,.0f} - {high:,.0f} {unit}", Fill(RAMP[colour], 0.75, line=LINE, line_mm=0.26))
        for (low, high), colour in zip(pairs, chosen, strict=True)
    ]  # fmt: skip
    fields = _fields(table, labels, '"zone"')
    return style(f"by {column}"[:30], by_number(column, ranges), fields=fields)


def categories(
    table: gpd.GeoDataFrame, column: str, colours: Mapping[str, str], labels: Labels
) -> Style:
    """One colour per value of ``column``."""
    fills = {value: Fill(colour, 0.8, line=LINE, line_mm=0.1) for value, colour in colours.items()}
    return style(
        f"by {column}"[:30], by_value(column, fills), fields=_fields(table, labels, f'"{column}"')
    )


def _fields(table: gpd.GeoDataFrame, labels: Labels, display: str) -> Fields:
    names = tuple(str(name) for name in table.columns if name != table.active_geometry_name)
    told = tuple(_column(name, table, labels) for name in names if name in labels)
    return Fields(names, told, key_column(names), display, _tip(display, told))


def _column(name: str, table: gpd.GeoDataFrame, labels: Labels) -> Column:
    title, decimals = labels[name]
    whole = table[name].dtype.kind != "f"
    return Column(name, pa.float64(), title, "", "", None if whole else decimals, tab="Figures")


def _tip(display: str, told: Sequence[Column]) -> str:
    lines = [f"{one.title}: [% coalesce({_number(one)}, '') %]" for one in told[:6]]
    return f"<b>[% {display} %]</b><br>{'<br>'.join(lines)}"


def _number(column: Column) -> str:
    if column.decimals is None:
        return f'"{column.name}"'
    return f'format_number("{column.name}", {column.decimals})'

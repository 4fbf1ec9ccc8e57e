"""A page as one offline HTML file: nothing is loaded from anywhere."""

from __future__ import annotations

import json
import math
from typing import Any

from markupsafe import Markup

from geoseg.export.styles.zones import RAMP
from geoseg.pages.document import environment, static, table_script
from geoseg.statistics.charts import HEIGHT, WIDTH
from geoseg.statistics.page import Page

PACKAGE = "geoseg.statistics"
"""Holds template, style and script."""


def render(page: Page) -> str:
    """The HTML of a page; every value is escaped."""
    templates = environment(PACKAGE)
    templates.filters["cell"] = format_cell
    templates.filters["sort_key"] = sort_key
    return templates.get_template("report.html").render(
        title=page.title, figures=page.figures, notes=page.notes, provenance=page.provenance,
        page=page, chart_width=WIDTH, chart_height=HEIGHT,
        map_json=_script_json({**page.map, "ramp": RAMP}),
        style=static(PACKAGE, "map.css"), script=static(PACKAGE, "map.js") + table_script(),
    )  # fmt: skip


def format_cell(value: str | float | None, decimals: int | None) -> str:
    """A value of the table as text."""
    if decimals is None or isinstance(value, str):
        return str(value)
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:,.{decimals}f}"


def sort_key(value: str | float | None, decimals: int | None) -> str:
    """What the table sorts a value by; empty for missing numbers."""
    if decimals is None or isinstance(value, str):
        return str(value)
    return "" if value is None or not math.isfinite(value) else f"{value:.9g}"


def _script_json(content: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    escaped = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(escaped)  # noqa: S704

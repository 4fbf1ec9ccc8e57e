"""A page as one offline HTML file: nothing is loaded from anywhere."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geoseg.statistics.charts import HEIGHT, WIDTH
from geoseg.statistics.page import Page
from geoseg.statistics.style import RAMP


def render(page: Page) -> str:
    """The HTML of a page; every value is escaped."""
    environment = Environment(
        loader=PackageLoader("geoseg.statistics"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["cell"] = format_cell
    environment.filters["sort_key"] = sort_key
    return environment.get_template("report.html").render(
        page=page, chart_width=WIDTH, chart_height=HEIGHT,
        style=_static("report.css"), script=_static("map.js") + _static("table.js"),
        map_json=_script_json({**page.map, "ramp": RAMP}),
        provenance=_readable(page.provenance),
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


def _readable(provenance: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, value if isinstance(value, str) else json.dumps(value, indent=1, default=str))
        for name, value in provenance.items()
        if value
    ]


def _static(name: str) -> Markup:
    """Our own CSS or JavaScript, which is put into the page as it is."""
    text = resources.files("geoseg.statistics").joinpath("static", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704


def _script_json(content: dict[str, Any]) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    escaped = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return Markup(escaped)  # noqa: S704

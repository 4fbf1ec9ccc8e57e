"""A page as one offline HTML file: nothing is loaded from anywhere."""

from __future__ import annotations

import json
import math
from typing import Any

from markupsafe import Markup

from geoseg.export.styles.zones import RAMP
from geoseg.languages.language import ENGLISH, Language
from geoseg.languages.said import Said
from geoseg.pages.document import environment, static, table_script
from geoseg.statistics.page import Page

PACKAGE = "geoseg.statistics"
"""Holds template, style and script."""
WORDS = {
    "to": Said("to"),
    "from": Said("from"),
    "unobserved": Said("not observed"),
    "one": Said("One building"),
    "density": Said("density of buildings"),
    "unknown": Said("unknown"),
    "this": Said("This building"),
}
"""What the map's script says."""


def render(page: Page, language: Language = ENGLISH) -> str:
    """The HTML of a page in a language; every value is escaped."""
    templates = environment(PACKAGE, language)
    templates.filters["cell"] = lambda value, decimals: format_cell(value, decimals, language)
    templates.filters["sort_key"] = sort_key
    shown = {**page.map, "ramp": RAMP, "words": WORDS, "language": language.code}
    return templates.get_template("report.html").render(
        title=page.title, figures=page.figures, notes=page.notes, provenance=page.provenance,
        page=page, map_json=_script_json(language.say(shown)),
        style=static(PACKAGE, "map.css"), script=static(PACKAGE, "map.js") + table_script(),
    )  # fmt: skip


def format_cell(
    value: str | float | None, decimals: int | None, language: Language = ENGLISH
) -> str:
    """A value of the table as text."""
    if decimals is None or isinstance(value, str):
        return str(language.say(value))
    if value is None or not math.isfinite(value):
        return ""
    return language.number(value, decimals)


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

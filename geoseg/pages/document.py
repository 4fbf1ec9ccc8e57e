"""An HTML file that loads nothing from anywhere; every value is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

PACKAGE = "geoseg.pages"
"""Holds ``document.html``, which every page extends."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure."""

    value: str
    """Formatted number."""
    label: str
    """What it counts, with its unit."""
    detail: str = ""
    """A second line, such as an interval."""


def environment(package: str) -> Environment:
    """The templates of a package; what they extend is found here."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(PACKAGE)]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals["shared_style"] = static(PACKAGE, "page.css")
    made.filters["readable"] = readable
    return made


def static(package: str, name: str) -> Markup:
    """Our own CSS or JavaScript, which is put into the page as it is."""
    file = resources.files(package).joinpath("static", name)
    return Markup(file.read_text(encoding="utf-8"))  # noqa: S704


def table_script() -> Markup:
    """Sorts the table ``figures`` when a heading is pressed."""
    return static(PACKAGE, "table.js")


def readable(provenance: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and texts of what is not empty."""
    told = [(name, _lines(value)) for name, value in provenance.items()]
    return [(name.replace("_", " "), text) for name, text in told if text]


def _lines(value: object) -> str:
    """Plain values in words: a line for each name, what is nested within the line."""
    if not isinstance(value, dict):
        return _words(value)
    named = [(name, _words(one)) for name, one in value.items()]
    return "\n".join(f"{name.replace('_', ' ')}: {text}" for name, text in named if text)


def _words(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.10g}"
        case dict():
            told = [(str(name).replace("_", " "), _words(one)) for name, one in value.items()]
            return ", ".join(f"{name} {text}" for name, text in told if text)
        case list() | tuple():
            between = "; " if any(isinstance(one, dict) for one in value) else ", "
            return between.join(filter(None, map(_words, value)))
        case _:
            return str(value)

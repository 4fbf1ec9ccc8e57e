"""An HTML file that loads nothing from anywhere; every value is escaped."""

from __future__ import annotations

import json
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
    made.filters["readable"] = _readable
    return made


def static(package: str, name: str) -> Markup:
    """Our own CSS or JavaScript, which is put into the page as it is."""
    file = resources.files(package).joinpath("static", name)
    return Markup(file.read_text(encoding="utf-8"))  # noqa: S704


def table_script() -> Markup:
    """Sorts the table ``figures`` when a heading is pressed."""
    return static(PACKAGE, "table.js")


def _readable(provenance: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and texts of what is not empty."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, indent=1, default=str))
        for name, value in provenance.items()
        if value
    ]

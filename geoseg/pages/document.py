"""An HTML file that loads nothing from anywhere; every value is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geoseg.languages.language import ENGLISH, Language
from geoseg.languages.said import Said

PACKAGE = "geoseg.pages"
"""Holds ``document.html``, which every page extends."""
CREATED = "created"
"""Name of the time at which something was made."""
NAMES = {
    "old": Said("earlier date"), "new": Said("later date"), "created": Said("created"),
    "buildings": Said("buildings"), "crs": Said("CRS"), "zones": Said("zones"), "grid": Said("grid"),
    "h3": Said("H3"), "overlaps": Said("overlaps"), "sample": Said("sample"),
    "sample_areas": Said("sample areas"), "run": Said("run"), "years_between": Said("years between"),
    "sure": Said("sure"), "recall": Said("recall"), "imagery_looked_at": Said("imagery looked at"),
    "predictions": Said("predictions"), "truth": Said("truth"), "pixel size": Said("pixel size"),
    "areas of interest": Said("areas of interest"), "ignored areas": Said("ignored areas"),
    "model": Said("model"), "data": Said("data"), "boundary band": Said("boundary band"),
    "least area": Said("least area"), "tta": Said("averaged over two views"),
}  # fmt: skip
"""What the entries of a provenance are called on pages; others by their own names."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline figure."""

    value: str
    """Formatted number."""
    label: str
    """What it counts, with its unit."""
    detail: str = ""
    """A second line, such as an interval."""


def environment(package: str, language: Language = ENGLISH) -> Environment:
    """The templates of a package; what they extend is found here.

    ``t`` says a text of the template in the language; values that are :class:`Said` need no ``t``,
    and ``marked`` sets the marks of a number.
    """
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(PACKAGE)]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=language.say,
    )  # fmt: skip
    made.globals["shared_style"] = static(PACKAGE, "page.css")
    made.globals["t"], made.globals["language"] = language.word, language.code
    made.filters["readable"] = lambda provenance: readable(provenance, language)
    made.filters["marked"] = language.marked
    return made


def static(package: str, name: str) -> Markup:
    """Our own CSS or JavaScript, which is put into the page as it is."""
    file = resources.files(package).joinpath("static", name)
    return Markup(file.read_text(encoding="utf-8"))  # noqa: S704


def table_script() -> Markup:
    """Sorts the table ``figures`` when a heading is pressed."""
    return static(PACKAGE, "table.js")


def readable(provenance: dict[str, Any], language: Language = ENGLISH) -> list[tuple[str, str]]:
    """Names and texts of what is not empty.

    The record of a run is a record: it stays in English, as it stands in the file.
    """
    told = [(name, _told(name, value, language)) for name, value in provenance.items()]
    return [
        (language.say(NAMES.get(name, name.replace("_", " "))), text) for name, text in told if text
    ]


def _told(name: str, value: object, language: Language) -> str:
    if name == CREATED and isinstance(value, str):
        return language.date(value)
    if isinstance(value, bool):
        return str(language.say(Said("yes") if value else Said("no")))
    if isinstance(value, float):
        return language.marked(_words(value))
    return str(language.say(value)) if isinstance(value, Said) else _lines(value)


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

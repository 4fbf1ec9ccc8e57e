"""A language: its texts, its numbers, its dates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib import resources
from string import Formatter
from typing import Any, Literal, get_args

from geoseg.errors import UsageError
from geoseg.languages.said import Said

Code = Literal["en", "de", "fr", "es", "pt"]
"""Languages of pages and workbooks."""
CODES: tuple[str, ...] = get_args(Code)
NARROW = "\N{NARROW NO-BREAK SPACE}"
MARKS: dict[str, tuple[str, str, int]] = {
    "en": (".", ",", 4),
    "de": (",", ".", 4),
    "fr": (",", NARROW, 4),
    "es": (",", ".", 5),
    "pt": (",", ".", 4),
}
"""Mark before decimals, mark between thousands, digits from which on that is set. Unicode CLDR 46,
``decimal``, ``group`` and ``minimumGroupingDigits``; pt is the Portuguese of Brazil, as it is in CLDR."""
DATES = {
    "en": "%Y-%m-%d %H:%M",
    "de": "%d.%m.%Y %H:%M",
    "fr": "%d/%m/%Y %H:%M",
    "es": "%d/%m/%Y %H:%M",
    "pt": "%d/%m/%Y %H:%M",
}
"""Order of a date; English pages keep the order of ISO 8601, which no reader takes for another."""


@dataclass(frozen=True, slots=True)
class Language:
    """How texts, numbers and dates are said."""

    code: str
    """By ISO 639-1."""
    texts: Mapping[str, str]
    """English to this language; what is missing stays English."""

    def say(self, thing: Any) -> Any:  # noqa: ANN401  # a text, or whatever holds texts
        """A text in this language; lists and dicts with their texts so; anything else as it is."""
        match thing:
            case Said():
                template = self.texts.get(thing.template) or thing.english(thing.values)
                return _Filler(self).vformat(template, (), thing.values) if thing.values else template  # fmt: skip
            case dict():
                return {name: self.say(value) for name, value in thing.items()}
            case list() | tuple():
                return [self.say(one) for one in thing]
            case _:
                return thing

    def word(self, text: str) -> str:
        """A word or sentence without parts."""
        return self.texts.get(text, text)

    def number(self, value: float, decimals: int) -> str:
        """A number with its marks."""
        return self.marked(f"{value:,.{decimals}f}")

    def marked(self, english: str) -> str:
        """The same with this language's marks in the place of ``1,234.5``."""
        decimal, group, least = MARKS.get(self.code, MARKS["en"])
        whole, point, rest = english.partition(".")
        if sum(map(str.isdigit, whole)) < least:
            whole = whole.replace(",", "")
        return whole.replace(",", group) + (decimal if point else "") + rest

    def date(self, iso: str) -> str:
        """A time in ISO 8601 to the minute, in its time zone; any other text as it is."""
        try:
            time = datetime.fromisoformat(iso)
        except ValueError:
            return iso
        return f"{time:{DATES.get(self.code, DATES['en'])}} {time.tzname() or ''}".rstrip()


class _Filler(Formatter):
    """Fills braces with numbers and texts of a language."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401
        if isinstance(value, Said):
            return format(str(self.language.say(value)), format_spec)
        text: str = format(value, format_spec)
        plain = isinstance(value, str | bool) or not hasattr(value, "__float__")
        return text if plain else self.language.marked(text)


ENGLISH = Language("en", {})
"""What everything is written in."""


@lru_cache
def language_of(code: str) -> Language:
    """The language of a code.

    Raises:
        UsageError: there are no texts in it.
    """
    if code not in CODES:
        raise UsageError(f"--language is one of {', '.join(CODES)}; got {code!r}")
    if code == ENGLISH.code:
        return ENGLISH
    file = resources.files("geoseg.languages").joinpath("texts", f"{code}.json")
    return Language(code, json.loads(file.read_text(encoding="utf-8")))

"""Results in a notebook: small tables, every value escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any


def table_html(rows: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """A table of names and texts as a piece of HTML, with notes below it; without text, no row."""
    lines = (
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in rows
        if text
    )
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<table>{''.join(lines)}</table>{below}"


MOST_IN_A_LINE = 6
"""Figures that a short text shows."""


class Shown:
    """Lets a result with ``as_dict`` tell of itself: a line as text, a small table in a notebook and on a terminal."""

    __slots__ = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        raise NotImplementedError

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table; what has an empty text is not shown."""
        return self._figures()

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={text}" for name, text in self._figures()[:MOST_IN_A_LINE])
        return f"{type(self).__name__}({told})"

    def _repr_html_(self) -> str:
        notes = self.as_dict().get("notes", ())
        return table_html(self.in_words(), notes if isinstance(notes, list | tuple) else ())

    def _figures(self) -> list[tuple[str, str]]:
        """Names and texts of what is a single value."""
        found = self.as_dict()
        flat = {**found, **found["total"]} if isinstance(found.get("total"), dict) else found
        return [
            (name, f"{value:,.4g}" if isinstance(value, float) else str(value))
            for name, value in flat.items()
            if isinstance(value, str | int | float)
        ]

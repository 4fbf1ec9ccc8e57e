"""Results in a notebook: small tables, every value escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def table_html(rows: Iterable[tuple[str, str]], notes: Iterable[str] = ()) -> str:
    """A table of names and texts as a piece of HTML, with notes below it."""
    lines = (
        f'<tr><th style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in rows
    )
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<table>{''.join(lines)}</table>{below}"

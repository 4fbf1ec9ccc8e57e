"""Tables that verbs print at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.languages.counting import counted

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.change.build import Comparison
    from geoseg.statistics.build import AreaReport

ROWS_SHOWN = 40
"""Zones that the terminal lists."""


def show(
    result: AreaReport | Comparison,
    output: Sequence[Path],
    html: Path | None,
    columns: Mapping[str, str],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print the summary, or the table and what the user should know."""
    if as_json:
        answer_json(result.as_dict(), output=output, html=html)
    elif not quiet:
        _show_table(result.table, columns)
        show_files(output, html)
        note(result.notes)


class Told(Protocol):
    """A result that says itself in words."""

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts."""


def show_result(done: Told, *also: tuple[str, str]) -> None:
    """Print what came of a verb, and what its reader should know.

    Args:
        done: The result.
        *also: Further names and texts.
    """
    show_rows([*done.in_words(), *also])
    note(getattr(done, "notes", ()))


def show_rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and texts side by side, whole lines whatever the terminal's width; without text, none."""
    told = [(name, text) for name, text in rows if text]
    width = max((len(name) for name, _ in told), default=0)
    for name, text in told:
        typer.echo(f"{name:<{width}}  {text}")


def show_files(output: Sequence[Path], html: Path | None) -> None:
    """Print which files were written."""
    show_rows([*(("output", str(one)) for one in output), ("page", str(html or ""))])


def show_findings(findings: Iterable[tuple[str, str, int]]) -> None:
    """Print what was found in labels: names, texts and numbers."""
    for name, text, count in findings:
        typer.echo(f"{count:>8,}  {text} ({name})")


def _show_table(table: gpd.GeoDataFrame, columns: Mapping[str, str]) -> None:
    """Print the first zones, where there are several, and the total."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(box=None, padding=(0, 2, 0, 0))
    shown.add_column("zone", no_wrap=True)
    for heading in columns.values():
        shown.add_column(heading, justify="right")
    zones, total = table.iloc[:-1], table.iloc[-1:]
    listed = ROWS_SHOWN if len(zones) > 1 else 0
    rows = [*zones.head(listed).to_dict("records"), *total.to_dict("records")]
    for row in rows:
        shown.add_row(escape(row["zone"]), *(_figure(name, row[name]) for name in columns))
    console = Console()
    console.print(shown)
    if len(zones) > ROWS_SHOWN:
        more = counted(len(zones) - ROWS_SHOWN, "more zone")
        console.print(f"and {more}; -o writes all of them")


def _figure(name: str, value: Any) -> str:  # noqa: ANN401  # a cell of a table
    if value != value:  # noqa: PLR0124  # NaN
        return ""
    if name.endswith("_ratio"):
        return f"{value:.1%}"
    return f"{value:+,.0f}" if name.endswith("_change_m2") else f"{value:,.0f}"

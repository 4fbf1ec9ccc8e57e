"""Tables that verbs print at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.cli.answers import answer_json, note, wrote

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
    columns: tuple[str, ...],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print the summary, or the table and what the user should know."""
    if as_json:
        answer_json(result.as_dict(), output=output, html=html)
    elif not quiet:
        _show_table(result.table, columns)
        note(result.notes)
        wrote([*output, *([html] if html else [])])


def show_rows(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and texts side by side."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, text in rows:
        table.add_row(name, escape(text))
    Console().print(table)


def _show_table(table: gpd.GeoDataFrame, columns: tuple[str, ...]) -> None:
    """Print the first zones and the total."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(box=None, padding=(0, 2, 0, 0))
    shown.add_column("zone", no_wrap=True)
    for name in columns:
        shown.add_column(name, justify="right")
    zones, total = table.iloc[:-1], table.iloc[-1:]
    rows = [*zones.head(ROWS_SHOWN).to_dict("records"), *total.to_dict("records")]
    for row in rows:
        shown.add_row(escape(row["zone"]), *(_figure(row[name]) for name in columns))
    console = Console()
    console.print(shown)
    if len(zones) > ROWS_SHOWN:
        console.print(f"and {len(zones) - ROWS_SHOWN} more zones; -o writes all of them")


def _figure(value: Any) -> str:  # noqa: ANN401  # a cell of a table
    if value != value:  # noqa: PLR0124  # NaN
        return ""
    small = isinstance(value, float) and abs(value) < 10  # noqa: PLR2004
    return f"{value:,.4g}" if small else f"{value:,.0f}"

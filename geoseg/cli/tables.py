"""Tables that verbs print at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.languages.counting import counted

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.change.build import Comparison
    from geoseg.statistics.build import AreaReport

Cell = Callable[[dict[str, Any]], str]
"""A cell of a row."""
FILES_SHOWN = ("output", "page", "curves")
"""Rows of files that were written: by absolute paths, whatever the user gave."""
ROWS_SHOWN = 40
"""Zones that the terminal lists."""
CORRECTED = (
    "{names} are corrected by the sample, with 95 % intervals; the last columns are what the model found. "
    "Zones with too few plots have no figures of their own."
)
"""Said below a table with corrected figures."""


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
        shown = Path(text).absolute() if name in FILES_SHOWN else text
        typer.echo(f"{name:<{width}}  {shown}")


def show_files(output: Sequence[Path], html: Path | None) -> None:
    """Print which files were written."""
    show_rows([*(("output", str(one)) for one in output), ("page", str(html or ""))])


def show_findings(findings: Iterable[tuple[str, str, int]]) -> None:
    """Print what was found in labels: names, texts and numbers."""
    for name, text, count in findings:
        typer.echo(f"{count:>8,}  {text} ({name})")


def _show_table(table: gpd.GeoDataFrame, columns: Mapping[str, str]) -> None:
    """Print the first zones, where there are several, and the total.

    Where a sample corrects some of the columns these alone are shown: corrected, with 95 % intervals, and
    beside them what the model found.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    columns = {name: text for name, text in columns.items() if name in table}
    shown = Table(box=None, padding=(0, 2, 0, 0))
    shown.add_column("zone", overflow="fold")  # a long name takes lines, and no room from figures
    corrected = {name: text for name, text in columns.items() if f"{name}_corrected" in table}
    cells = _with_intervals(corrected) or [(text, _value(name)) for name, text in columns.items()]
    for heading, _ in cells:
        shown.add_column(heading, justify="right", overflow="fold")
    zones, total = table.iloc[:-1], table.iloc[-1:]
    listed = ROWS_SHOWN if len(zones) > 1 else 0
    rows = [*zones.head(listed).to_dict("records"), *total.to_dict("records")]
    for row in rows:
        shown.add_row(escape(row["zone"]), *(cell(row) for _, cell in cells))
    console = Console()
    console.print(shown)
    if corrected:
        console.print(CORRECTED.format(names=" and ".join(corrected.values())))
    if len(zones) > ROWS_SHOWN:
        more = counted(len(zones) - ROWS_SHOWN, "more zone")
        console.print(f"and {more}; -o writes all of them")


def _with_intervals(columns: Mapping[str, str]) -> list[tuple[str, Cell]]:
    """Headings and cells of corrected columns, and of what the model found."""
    cells: list[tuple[str, Cell]] = []
    for name, heading in columns.items():
        cells += [(heading, _value(f"{name}_corrected")), ("95 %", _interval(name))]
    return [*cells, *((f"model:\n{heading}", _value(name)) for name, heading in columns.items())]


def _value(name: str) -> Cell:
    return lambda row: _figure(name, row[name])


def _interval(name: str) -> Cell:
    def text(row: dict[str, Any]) -> str:
        low, high = (_figure(name, row[f"{name}_{end}"]) for end in ("low", "high"))
        return f"{low}-{high}" if low else ""

    return text


def _figure(name: str, value: Any) -> str:  # noqa: ANN401  # a cell of a table
    if value != value:  # noqa: PLR0124  # NaN
        return ""
    if name.endswith("_ratio"):
        return f"{value:.1%}"
    return f"{value:+,.0f}" if name.endswith("_change_m2") else f"{value:,.0f}"

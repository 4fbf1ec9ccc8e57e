"""The formats of reports: tables with notes and provenance, files complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import geopandas as gpd
import numpy as np

from geoseg.errors import MissingDependencyError
from geoseg.export.output import WRITERS
from geoseg.files.atomic import output_errors, replacing, write_text
from geoseg.files.cells import as_cell
from geoseg.files.several import require_free_parts
from geoseg.files.target import check_file_or_page, extension_of
from geoseg.languages.language import ENGLISH, Language
from geoseg.pages.document import readable
from geoseg.pages.pdf import print_page, require_browser
from geoseg.statistics.build import plain
from geoseg.statistics.page import Column, Page, table_values, zone_names
from geoseg.statistics.render import render
from geoseg.statistics.zones import Zones

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

TABLES = (".csv", ".xlsx", ".json", ".pdf")
"""Rows without their outlines."""
EXTENSIONS = (*TABLES, *(extension for extension in WRITERS if extension not in TABLES))
"""Tables, then layers of polygons; pages have an option of their own."""


ALONE = 2
"""Rows of a table of one zone: the zone, and the total, which says the same."""
MOST_NARROW, WIDE = 11, 26
"""Width of columns of numbers at least, and of names, characters."""


class Result(Protocol):
    """What a report and a comparison have in common."""

    @property
    def table(self) -> gpd.GeoDataFrame:
        """One row per zone, then the total."""
        ...

    @property
    def zones(self) -> Zones:
        """The zones."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader should know, one sentence each."""
        ...

    @property
    def provenance(self) -> dict[str, Any]:
        """How the figures were made."""
        ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Forms(Generic[R]):
    """How a kind of result is shown and written."""

    columns: Sequence[Column]
    """Headings and decimals of the table."""
    layers: Callable[[R, Path], None]
    """Writes a file of polygon layers."""
    page: Callable[[R], Page]
    """What the HTML page shows."""


def check_output(path: Path, *, overwrite: bool) -> Path:
    """Find out before any work whether this file can be written; see ``check_target``."""
    check_file_or_page(path, EXTENSIONS, overwrite=overwrite)
    if extension_of(path) not in TABLES:
        require_free_parts(path, overwrite=overwrite)
    if path.suffix.lower() == ".xlsx":
        _require_openpyxl()
    if path.suffix.lower() == ".pdf":
        require_browser()
    return path


def write_result(result: R, path: Path, forms: Forms[R], language: Language = ENGLISH) -> None:
    """Write in the format of the extension.

    Args:
        result: What to write.
        path: A name that :func:`check_output` let pass.
        forms: How it is shown and written.
        language: Of pages and workbooks.

    Raises:
        OutputError: disk full, no permission.
    """
    with output_errors(path):
        match path.suffix.lower():
            case ".csv":
                write_text(_csv(result.table), path)
            case ".xlsx":
                _write_xlsx(result, forms.columns, path, language)
            case ".json":
                write_text(_json(result), path)
            case ".html" | ".htm":
                write_text(render(forms.page(result), language), path)
            case ".pdf":
                print_page(render(forms.page(result), language), path)
            case _:
                forms.layers(result, path)


def _csv(table: gpd.GeoDataFrame) -> str:
    """The table without geometry as CSV, numbers in full precision, no text a formula."""
    flat = table.drop(columns=table.geometry.name)
    texts = flat.select_dtypes(exclude="number").columns
    cells = flat.assign(**{name: flat[name].map(as_cell) for name in texts})
    return str(cells.rename(columns=as_cell).to_csv(index=False, lineterminator="\n"))


def _rows(table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """The table without geometry as plain rows."""
    flat = table.drop(columns=table.geometry.name)
    names = list(flat.columns)
    return [
        {name: plain(value) for name, value in zip(names, row, strict=True)}
        for row in flat.itertuples(index=False, name=None)
    ]


def _json(result: Result) -> str:
    """Rows, notes and provenance as one JSON object."""
    notes, provenance = list(result.notes), result.provenance
    content = {"rows": _rows(result.table), "notes": notes, "provenance": provenance}
    return json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"


def _write_xlsx(result: Result, columns: Sequence[Column], path: Path, language: Language) -> None:
    """A workbook with the sheets ``zones``, ``notes`` and ``columns``, by their names in a language.

    Numbers stay numbers: the spreadsheet program sets their marks.
    """
    from openpyxl import Workbook

    book, word = Workbook(write_only=True), language.word
    sheet = book.create_sheet(word("zones"))
    sheet.freeze_panes = "B2"
    headings = [str(language.say(column.label)) for column in columns]
    for place, heading in enumerate(headings, start=1):
        width = max(MOST_NARROW, len(heading) + 2) if place > 1 else WIDE
        sheet.column_dimensions[_letter(place)].width = width
    sheet.append([_heading(sheet, heading) for heading in headings])
    for row in _shown(result):
        cells = zip(row, columns, strict=True)
        sheet.append([_cell(sheet, language.say(value), one.decimals) for value, one in cells])
    about = book.create_sheet(word("notes"))
    about.column_dimensions["A"].width = WIDE
    for note in result.notes:
        about.append([_cell(about, language.say(note))])
    for name, text in readable(result.provenance, language):
        about.append([_cell(about, name), _cell(about, text)])
    named = book.create_sheet(word("columns"))
    named.column_dimensions["A"].width = named.column_dimensions["B"].width = WIDE
    titles = word("heading"), word("column in the other formats")
    named.append([_heading(named, title) for title in titles])
    for heading, column in zip(headings, columns, strict=True):
        named.append([_cell(named, heading), _cell(named, column.name)])
    with replacing(path) as temporary:
        book.save(temporary)


def _shown(result: Result) -> list[list[Any]]:
    """Rows of the workbook, the names of zones as they are said; of one zone the total alone."""
    rows = np.arange(len(result.table))
    values = table_values(result.table, zone_names(result.zones, rows))
    shown = values[-1:] if len(rows) == ALONE else values
    return [[row[0], *map(plain, row[1:])] for row in shown]


def _letter(place: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place))


def _heading(sheet: WriteOnlyWorksheet, text: str) -> WriteOnlyCell:
    from openpyxl.styles import Alignment, Font

    cell = _cell(sheet, text)
    cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: object, decimals: int | None = None) -> WriteOnlyCell:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str):
        number = WriteOnlyCell(sheet, value)
        if decimals is not None:
            number.number_format = f"#,##0.{'0' * decimals}".rstrip(".")
        return number
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
    # A zone named "=1+1" is a name, not a formula.
    cell.data_type = "s"
    return cell


def _require_openpyxl() -> None:
    try:
        import openpyxl  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "XLSX needs the package openpyxl: pip install 'geoseg[report]'"
        ) from error

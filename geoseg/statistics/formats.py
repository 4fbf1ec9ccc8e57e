"""The formats of reports: tables with notes and provenance, files complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import geopandas as gpd

from geoseg.errors import MissingDependencyError
from geoseg.export.output import WRITERS
from geoseg.files.atomic import output_errors, replacing, write_text
from geoseg.files.cells import as_cell
from geoseg.files.several import require_free_parts
from geoseg.files.target import check_file_or_page, extension_of
from geoseg.pages.pdf import print_page, require_browser
from geoseg.statistics.build import plain
from geoseg.statistics.page import Page
from geoseg.statistics.render import render

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

TABLES = (".csv", ".xlsx", ".json", ".pdf")
"""Rows without their outlines."""
EXTENSIONS = (*TABLES, *(extension for extension in WRITERS if extension not in TABLES))
"""Tables, then layers of polygons; pages have an option of their own."""


class Result(Protocol):
    """What a report and a comparison have in common."""

    @property
    def table(self) -> gpd.GeoDataFrame:
        """One row per zone, then the total."""
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


def write_result(
    result: R, path: Path, *, layers: Callable[[R, Path], None], page: Callable[[R], Page]
) -> None:
    """Write in the format of the extension.

    Args:
        result: What to write.
        path: A name that :func:`check_output` let pass.
        layers: Writes a file of polygon layers.
        page: What the HTML page shows.

    Raises:
        OutputError: disk full, no permission.
    """
    with output_errors(path):
        match path.suffix.lower():
            case ".csv":
                write_text(_csv(result.table), path)
            case ".xlsx":
                _write_xlsx(result, path)
            case ".json":
                write_text(_json(result), path)
            case ".html" | ".htm":
                write_text(render(page(result)), path)
            case ".pdf":
                print_page(render(page(result)), path)
            case _:
                layers(result, path)


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


def _write_xlsx(result: Result, path: Path) -> None:
    """A workbook with the sheets ``zones`` and ``notes``."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("zones")
    sheet.freeze_panes = "B2"
    rows = _rows(result.table)
    for row in ([*rows[0]], *([*row.values()] for row in rows)):
        sheet.append([_cell(sheet, value) for value in row])
    about = book.create_sheet("notes")
    for note in result.notes:
        about.append([_cell(about, note)])
    for name, value in result.provenance.items():
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        about.append([_cell(about, name), _cell(about, text)])
    with replacing(path) as temporary:
        book.save(temporary)


def _cell(sheet: WriteOnlyWorksheet, value: object) -> WriteOnlyCell:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
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

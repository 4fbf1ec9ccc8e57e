"""Writing a report: one function per file format, files complete or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from geoseg.errors import MissingDependencyError, OutputExistsError
from geoseg.export.atomic import output_errors, replacing, write_text
from geoseg.export.target import check_target, require_other, same_file
from geoseg.statistics.build import AreaReport, plain
from geoseg.statistics.geopackage import has_layer, write_layers
from geoseg.statistics.layers import VectorInput
from geoseg.statistics.page import area_page
from geoseg.statistics.render import render
from geoseg.statistics.style import choropleth

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

ZONES_LAYER = "zones"
"""Layer of the table in a GeoPackage."""
SHADED_BY = "density_per_km2"
"""Column that colours the zones."""


def open_outputs(
    paths: Sequence[str | Path], source: VectorInput, *, overwrite: bool
) -> tuple[Path, ...]:
    """Find out before any work whether all outputs can be written.

    The GeoPackage of the buildings itself is a welcome output: the zones become a layer of it.

    Raises:
        UsageError: an extension is not known, or an output is the input.
        OutputExistsError: a file is there already and may not be replaced.
        OutputError: a folder is missing.
    """
    return tuple(_open_output(Path(path), source, overwrite=overwrite) for path in paths)


def _open_output(path: Path, source: VectorInput, *, overwrite: bool) -> Path:
    if path.suffix.lower() != ".gpkg":
        require_other(path, [source])
    is_source = same_file(path, source)
    if is_source and not overwrite and has_layer(path, ZONES_LAYER):
        raise OutputExistsError(
            f"{path} has a layer {ZONES_LAYER!r} already; give another name, or --overwrite to "
            "replace the layer"
        )
    return check_output(path, overwrite=overwrite or is_source)


def check_output(path: Path, *, overwrite: bool) -> Path:
    """Refuse a file for tables that cannot be written; see :func:`open_outputs`."""
    check_target(path, WRITERS, overwrite=overwrite)
    if path.suffix.lower() == ".xlsx":
        _require_openpyxl()
    return path


def write_report(report: AreaReport, path: Path) -> None:
    """Write the report in the format of the extension.

    Raises:
        OutputError: disk full, no permission.
    """
    with output_errors(path):
        WRITERS[path.suffix.lower()](report, path)


def table_csv(table: gpd.GeoDataFrame) -> str:
    """The table without geometry as CSV, numbers in full precision."""
    return str(table.drop(columns=table.geometry.name).to_csv(index=False, lineterminator="\n"))


def table_rows(table: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """The table without geometry as plain rows."""
    flat = table.drop(columns=table.geometry.name)
    names = list(flat.columns)
    return [
        {name: plain(value) for name, value in zip(names, row, strict=True)}
        for row in flat.itertuples(index=False, name=None)
    ]


def write_json(
    table: gpd.GeoDataFrame, notes: Sequence[str], provenance: dict[str, Any], path: Path
) -> None:
    """Rows, notes and provenance as one JSON object."""
    content = {"rows": table_rows(table), "notes": list(notes), "provenance": provenance}
    write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n", path)


def write_xlsx(
    table: gpd.GeoDataFrame, notes: Sequence[str], provenance: dict[str, Any], path: Path
) -> None:
    """A workbook with the sheets ``zones`` and ``notes``."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("zones")
    sheet.freeze_panes = "B2"
    rows = table_rows(table)
    for row in ([*rows[0]], *([*row.values()] for row in rows)):
        sheet.append([_cell(sheet, value) for value in row])
    about = book.create_sheet("notes")
    for note in notes:
        about.append([_cell(about, note)])
    for name, value in provenance.items():
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


def _write_gpkg(report: AreaReport, path: Path) -> None:
    qml = choropleth(report.table[SHADED_BY].iloc[:-1].to_numpy(), SHADED_BY, "buildings per km²")
    write_layers(path, {ZONES_LAYER: (report.table, qml)}, keep=same_file(path, report.source))


WRITERS: dict[str, Callable[[AreaReport, Path], None]] = {
    ".csv": lambda report, path: write_text(table_csv(report.table), path),
    ".xlsx": lambda report, path: write_xlsx(report.table, report.notes, report.provenance, path),
    ".gpkg": _write_gpkg,
    ".json": lambda report, path: write_json(report.table, report.notes, report.provenance, path),
    ".html": lambda report, path: write_text(render(area_page(report)), path),
}
"""The writer of each extension."""

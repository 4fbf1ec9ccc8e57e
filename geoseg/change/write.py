"""Writing a comparison: one function per file format, files complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from geoseg.change.build import Comparison
from geoseg.change.page import CHANGE_COLOURS, change_page
from geoseg.export.atomic import output_errors, write_text
from geoseg.export.target import require_other
from geoseg.statistics.geopackage import write_layers
from geoseg.statistics.layers import VectorInput
from geoseg.statistics.render import render
from geoseg.statistics.style import categories, choropleth
from geoseg.statistics.write import check_output, table_csv, write_json, write_xlsx

CHANGES_LAYER = "changes"
"""Layer of the buildings in a GeoPackage."""
ZONES_LAYER = "change_zones"
"""Layer of the table in a GeoPackage."""


def open_outputs(
    paths: Sequence[str | Path], inputs: tuple[VectorInput, VectorInput], *, overwrite: bool
) -> tuple[Path, ...]:
    """Find out before any work whether all outputs can be written.

    Raises:
        UsageError: an extension is not known, or an output is an input.
        OutputExistsError: a file is there already and may not be replaced.
        OutputError: a folder is missing.
    """
    for path in paths:
        require_other(Path(path), inputs)
    return tuple(check_output(Path(path), overwrite=overwrite) for path in paths)


def write_comparison(result: Comparison, path: Path) -> None:
    """Write the comparison in the format of the extension.

    Raises:
        OutputError: disk full, no permission.
    """
    with output_errors(path):
        WRITERS[path.suffix.lower()](result, path)


def _write_gpkg(result: Comparison, path: Path) -> None:
    shade = choropleth(result.table["new"].iloc[:-1].to_numpy(dtype=float), "new", "new buildings")
    layers = {
        ZONES_LAYER: (result.table, shade),
        CHANGES_LAYER: (result.changes, categories("change", CHANGE_COLOURS)),
    }
    write_layers(path, layers, keep=False)


WRITERS: dict[str, Callable[[Comparison, Path], None]] = {
    ".csv": lambda result, path: write_text(table_csv(result.table), path),
    ".xlsx": lambda result, path: write_xlsx(result.table, result.notes, result.provenance, path),
    ".gpkg": _write_gpkg,
    ".json": lambda result, path: write_json(result.table, result.notes, result.provenance, path),
    ".html": lambda result, path: write_text(render(change_page(result)), path),
}
"""The writer of each extension."""

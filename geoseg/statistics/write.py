"""A report's files: refused before the work, or written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from geoseg.errors import OutputExistsError
from geoseg.export.frames import FrameLayer
from geoseg.export.gpkg import has_layer
from geoseg.export.output import write_layers
from geoseg.export.styles.zones import choropleth
from geoseg.export.zoom import Zooms
from geoseg.files.target import require_other, same_file
from geoseg.languages.language import ENGLISH, Language
from geoseg.statistics.build import AreaReport
from geoseg.statistics.formats import Forms, check_output, write_result
from geoseg.statistics.page import LABELS, area_page, size_labels, table_columns
from geoseg.vectors.layers import VectorInput

ZONES_LAYER = "zones"
"""Layer of the table, in formats that name layers."""
SHADED_BY = "density_per_km2"
"""Column that colours the zones."""


def open_outputs(
    paths: Sequence[Path], source: VectorInput, others: Sequence[object], *, overwrite: bool
) -> tuple[Path, ...]:
    """Find out before any work whether all outputs can be written.

    The GeoPackage of the buildings itself is a welcome output: the zones become a layer of it. What
    else is read, ``others``, is none.

    Raises:
        UsageError: an extension is not known, or an output is the input.
        OutputExistsError: a file is there already and may not be replaced.
        OutputError: a folder is missing.
    """
    for path in paths:
        require_other(path, others)
    return tuple(_open_output(path, source, overwrite=overwrite) for path in paths)


def _open_output(path: Path, source: VectorInput, *, overwrite: bool) -> Path:
    if path.suffix.lower() != ".gpkg":
        require_other(path, [source])
    is_source = same_file(path, source)
    if is_source and not overwrite and has_layer(path, ZONES_LAYER):
        raise OutputExistsError(
            f"{path} has a layer {ZONES_LAYER!r} already; give another name, or --overwrite to "
            "replace the layer"
        )
    return path if is_source else check_output(path, overwrite=overwrite)


def write_report(
    report: AreaReport, path: Path, language: Language = ENGLISH, *, zoom: Zooms | None = None
) -> None:
    """Write the report in the format of the extension, what people read in a language.

    Raises:
        OutputError: disk full, no permission.
    """
    columns = table_columns(report.table, size_labels(report.classes))
    how = Forms(columns, partial(_write_layers, zoom=zoom), area_page)
    write_result(report, path, how, language)


def _write_layers(report: AreaReport, path: Path, *, zoom: Zooms | None) -> None:
    labels = {**LABELS, **size_labels(report.classes)}
    style = choropleth(report.table, SHADED_BY, "buildings per km²", labels)
    zones = FrameLayer(ZONES_LAYER, report.table, (style,))
    write_layers([zones], path, keep=same_file(path, report.source), zoom=zoom)

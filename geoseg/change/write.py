"""A comparison's files: refused before the work, or written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from geoseg.change.build import Comparison
from geoseg.change.page import CHANGE_COLOURS, LABELS, change_page
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_layers
from geoseg.export.styles.zones import categories, choropleth
from geoseg.export.zoom import Zooms
from geoseg.files.target import require_other
from geoseg.languages.language import ENGLISH, Language
from geoseg.statistics.formats import Forms, check_output, write_result
from geoseg.statistics.page import table_columns

CHANGES_LAYER = "changes"
"""Layer of the buildings, in formats that name layers."""
ZONES_LAYER = "change_zones"
"""Layer of the table in a GeoPackage."""
_OF_BUILDINGS: dict[str, tuple[str, int | None]] = {
    "change": ("Change", None),
    "iou": ("Alike (0..1)", 2),
    "old_id": ("Building before", None),
    "new_id": ("Building after", None),
    "p_noise": ("Differs anyway (0..1)", 2),
    "likely": ("Stands out", None),
}
"""Heading and decimals of the columns that only buildings have."""


def open_outputs(
    paths: Sequence[Path], inputs: Sequence[object], *, overwrite: bool
) -> tuple[Path, ...]:
    """Find out before any work whether all outputs can be written.

    Raises:
        UsageError: an extension is not known, or an output is an input.
        OutputExistsError: a file is there already and may not be replaced.
        OutputError: a folder is missing.
    """
    for path in paths:
        require_other(path, inputs)
    return tuple(check_output(path, overwrite=overwrite) for path in paths)


def write_comparison(
    result: Comparison, path: Path, language: Language = ENGLISH, *, zoom: Zooms | None = None
) -> None:
    """Write the comparison in the format of the extension, what people read in a language.

    Raises:
        OutputError: disk full, no permission.
    """
    columns = table_columns(result.table, LABELS)
    layers = partial(_write_layers, zoom=zoom)
    write_result(result, path, Forms(columns, layers, change_page), language)


def _write_layers(result: Comparison, path: Path, *, zoom: Zooms | None) -> None:
    labels = {"zone": ("Zone", None), **LABELS}
    shade = choropleth(result.table, "new", "new buildings", labels)
    kinds = categories(result.changes, "change", CHANGE_COLOURS, {**_OF_BUILDINGS, **labels})
    buildings = FrameLayer(CHANGES_LAYER, result.changes, (kinds,))
    write_layers([buildings, FrameLayer(ZONES_LAYER, result.table, (shade,))], path, zoom=zoom)

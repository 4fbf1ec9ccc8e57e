"""An update's files: refused before the work, or written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from geoseg.export.frames import FrameLayer
from geoseg.export.opening import open_output
from geoseg.export.output import require_held, write_layers
from geoseg.export.schema import LAYER
from geoseg.export.styles.zones import categories
from geoseg.export.zoom import Zooms
from geoseg.files.target import check_target, require_other
from geoseg.upkeep.old import OldLayer
from geoseg.upkeep.outcome import Updated
from geoseg.upkeep.rows import EVIDENCE
from geoseg.vectors.observed import parts_of

COLOURS = {
    "kept": "#b8bec5",
    "moved": "#7d8fc9",
    "changed": "#f2b134",
    "split": "#d98cb3",
    "merged": "#8a5a99",
    "new": "#1597ab",
    "gone": "#c22f40",
    "unseen": "#ffffff",
}
"""Fill colours of decisions; those that ``geoseg compare`` knows are its own."""
REVIEW, SHIFTS = "review", "shifts"
"""Layers of a GeoPackage beside the rows."""
_DECIMALS = {"m²": 1}
"""Of numbers of a unit; two of all others."""
_OF_REVIEW: dict[str, tuple[str, int | None]] = {
    "proposal": ("Proposal", None),
    "decision": ("Decision", None),
    "reason": ("Reason", None),
    "sure": ("Sure (0..1)", 2),
    "row": ("Row", None),
    "id": ("Id", None),
    "area_m2": ("Area m²", 1),
}
"""Heading and decimals of the columns of the layer review."""
DESCRIPTION = "An older layer of buildings, brought up to date."
EXTENT_DESCRIPTION = "Ground that the old or the new layer is complete on."
LINES = (".geojson", ".geojsonl", ".json", ".jsonl")
"""Extensions of proposals."""


def open_outputs(
    output: str | Path | None,
    proposals: Sequence[str | Path | None],
    inputs: Sequence[object],
    *,
    overwrite: bool,
) -> Path | None:
    """Find out before any work whether all files can be written.

    Raises:
        UsageError: an extension is not known, or an output is an input.
        OutputExistsError: a file is there already and may not be replaced.
        OutputError: a folder is missing.
    """
    for path in (output, *proposals):
        if path is not None:
            require_other(Path(path), inputs)
    for path in proposals:
        if path is not None:
            check_target(Path(path), LINES, overwrite=overwrite)
    return None if output is None else open_output(output, overwrite=overwrite)


def require_columns(old: OldLayer, target: Path | None) -> None:
    """Find out before any work whether the format holds the old columns.

    Raises:
        UsageError: it does not.
    """
    if target is not None:
        require_held(old.frame, target, added=len(EVIDENCE))


def write_update(result: Updated, path: Path, *, zoom: Zooms | None = None) -> None:
    """Write the rows; a GeoPackage holds what to look at and the shifts as well.

    Args:
        result: What was decided.
        path: Where to.
        zoom: First and last zoom of tiles; None: what suits the area.

    Raises:
        OutputError: disk full, no permission.
    """
    told = {one.name: (one.title, _DECIMALS.get(one.unit, 2)) for one in result.columns}
    style = categories(result.rows, result.record["decision_column"], COLOURS, told)
    rows = FrameLayer(
        LAYER, result.rows, (style,), description=DESCRIPTION, columns=result.columns,
        run={"update": result.record}, heights=True,
        extent=None if result.observed is None else parts_of(result.observed),
        extent_description=EXTENT_DESCRIPTION,
    )  # fmt: skip
    asked = categories(result.review, "proposal", COLOURS, _OF_REVIEW)
    review = FrameLayer(REVIEW, result.review, (asked,))
    write_layers([rows, review, FrameLayer(SHIFTS, result.shifts)], path, zoom=zoom)


def with_output(result: Updated, path: Path) -> Updated:
    """The result with the name of its file."""
    return replace(result, output=path)

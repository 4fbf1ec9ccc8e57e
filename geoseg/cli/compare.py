"""``geoseg compare``: buildings of two dates in, what changed out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.options import LAYER_FORMATS, Html, Json, Overwrite, Progress, Quiet, Verbose
from geoseg.cli.progress import watching
from geoseg.cli.tables import show
from geoseg.cli.telling import tell
from geoseg.cli.zones import GridCells, H3Cells, NameColumn, Zones, ZonesLayer

SHOWN = ("unchanged", "changed", "gone", "new", "area_change_m2")
"""Columns that the terminal lists."""


def compare(
    old: Annotated[str, typer.Argument(help="Buildings of the earlier date.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Buildings of the later date.", show_default=False)],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help=f".csv, .xlsx, .json, .pdf, or the buildings as {LAYER_FORMATS}; may be repeated.",
        ),
    ] = None,
    old_layer: Annotated[
        str | None, typer.Option(help="Layer of the earlier date, where there are several.")
    ] = None,
    new_layer: Annotated[
        str | None, typer.Option(help="Layer of the later date, where there are several.")
    ] = None,
    zones: Zones = None,
    zones_layer: ZonesLayer = None,
    name_column: NameColumn = None,
    grid: GridCells = None,
    h3: H3Cells = None,
    unchanged: Annotated[
        float, typer.Option(help="Intersection over union from which nothing changed.")
    ] = 0.5,
    match: Annotated[
        float, typer.Option(help="Intersection over union from which it is the same building.")
    ] = 0.1,
    html: Html = None,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Find new, gone and changed buildings between two dates.

    geoseg compare 2019.gpkg 2024.gpkg -o changes.gpkg --html changes.html
    """
    tell(verbose)
    from geoseg.change import compare as hold_against

    with watching(progress, quiet=quiet) as told:
        result = hold_against(
            old, new, output, old_layer=old_layer, new_layer=new_layer, zones=zones,
            zones_layer=zones_layer, name_column=name_column, grid=grid, h3=h3,
            unchanged_iou=unchanged, match_iou=match, html=html, overwrite=overwrite, progress=told,
        )  # fmt: skip
    show(result, output or (), html, SHOWN, as_json=as_json, quiet=quiet)

"""``geoseg compare``: buildings of two dates in, what changed out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.doubts import Age, Recall, Sure
from geoseg.cli.options import (
    BESIDE_TABLES,
    Device,
    Html,
    Json,
    Language,
    ModelName,
    Overwrite,
    Precision,
    Progress,
    Quiet,
    Runtime,
    Tta,
    Verbose,
    Zoom,
    parse_zoom,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show
from geoseg.cli.telling import tell
from geoseg.cli.zones import GridCells, H3Cells, NameColumn, Zones, ZonesLayer

NOISE = "Changes told apart from noise"
SHOWN = {
    "unchanged": "unchanged", "changed": "changed", "gone": "gone", "new": "new",
    "area_change_m2": "roof m²",
}  # fmt: skip
"""Columns that the terminal lists, with short headings."""


def compare(
    old: Annotated[str, typer.Argument(help="Buildings of the earlier date.", show_default=False)],
    new: Annotated[str, typer.Argument(help="Buildings of the later date.", show_default=False)],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help=f".csv, .xlsx, .json, .pdf, or the buildings as {BESIDE_TABLES}; may be repeated.",
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
    likely: Annotated[
        bool,
        typer.Option(
            "--likely",
            help="Say how likely each difference would be there anyway, and which stand out.",
            rich_help_panel=NOISE,
        ),
    ] = False,
    old_raster: Annotated[
        list[str] | None,
        typer.Option(
            help="Imagery of the earlier date: the model looks under new buildings; may be repeated.",
            show_default=False,
            rich_help_panel=NOISE,
        ),
    ] = None,
    new_raster: Annotated[
        list[str] | None,
        typer.Option(
            help="Imagery of the later date: the model looks under gone ones; may be repeated.",
            show_default=False,
            rich_help_panel=NOISE,
        ),
    ] = None,
    age: Age = 5.0,
    sure: Sure = 0.9,
    recall: Recall = None,
    model: ModelName = "default",
    tta: Tta = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    html: Html = None,
    language: Language = "en",
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Find new, gone and changed buildings between two dates.

    geoseg compare 2019.gpkg 2024.gpkg -o changes.gpkg --html changes.html

    geoseg compare 2019.gpkg 2024.gpkg --likely --old-raster 2019.tif --new-raster 2024.tif -o changes.gpkg
    """
    tell(verbose)
    from geoseg.change import compare as hold_against

    with watching(progress, quiet=quiet) as told:
        result = hold_against(
            old, new, output, old_layer=old_layer, new_layer=new_layer, zones=zones,
            zones_layer=zones_layer, name_column=name_column, grid=grid, h3=h3,
            unchanged_iou=unchanged, match_iou=match, likely=likely, old_raster=old_raster,
            new_raster=new_raster, age_years=age, sure=sure, recall=recall, model=model, tta=tta,
            device=device, precision=precision, runtime=runtime, html=html, language=language, overwrite=overwrite, zoom=parse_zoom(zoom), progress=told,
        )  # fmt: skip
    show(result, output or (), html, SHOWN, as_json=as_json, quiet=quiet)

"""``geoseg evaluate``: predictions and truth in, how good they are out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.cli.options import (
    Device,
    Html,
    Json,
    Language,
    Overwrite,
    Precision,
    Progress,
    Quiet,
    Runtime,
    Tta,
    Verbose,
    area_option,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_files
from geoseg.cli.telling import tell
from geoseg.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoseg.accuracy.evaluation import Evaluation

LAYERS = "Two layers"
MODEL = "A model over packed scenes"
OF_SCENES = "--scenes: packed scenes know their places, pixel sizes, photos and what to ignore"
OF_LAYERS = "two layers, as no model runs; name packed scenes with --scenes, or leave it out"
SHOWN = {
    "true": "True", "predicted": "Found", "f1": "F1", "precision": "Prec.", "recall": "Rec.",
    "ap": "AP", "ap50": "AP50", "pq": "PQ", "pixel_iou": "Pixel", "area_bias": "Area",
    "ece": "ECE",
}  # fmt: skip
"""Figures that the terminal lists, with short headings."""


def evaluate(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PREDICTIONS TRUTH]...",
            help="Polygon layers of any format and CRS; several pairs are several places.",
            show_default=False,
        ),
    ] = None,
    review: Annotated[
        str | None,
        typer.Option(
            help="A file by geoseg review instead of the truth: its checked plots, with intervals for "
            "all ground.",
            rich_help_panel=LAYERS,
            show_default=False,
        ),
    ] = None,
    aoi: Annotated[
        str | None,
        area_option("Where the truth is complete", LAYERS),
    ] = None,
    aoi_layer: Annotated[
        str | None,
        typer.Option(help="Layer of --aoi, where there are several.", rich_help_panel=LAYERS),
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(help="Polygons where nobody knows.", rich_help_panel=LAYERS)
    ] = None,
    ignore_layer: Annotated[
        str | None,
        typer.Option(help="Layer of --ignore, where there are several.", rich_help_panel=LAYERS),
    ] = None,
    place_column: Annotated[
        str | None,
        typer.Option(
            help="Column that names places: of --aoi, else of both layers.", rich_help_panel=LAYERS
        ),
    ] = None,
    confidence: Annotated[
        str, typer.Option(help="Column of the confidence.", rich_help_panel=LAYERS)
    ] = "confidence",
    layer: Annotated[
        str | None,
        typer.Option(help="Layer of the predictions, of several.", rich_help_panel=LAYERS),
    ] = None,
    truth_layer: Annotated[
        str | None, typer.Option(help="Layer of the truth, of several.", rich_help_panel=LAYERS)
    ] = None,
    gsd: Annotated[
        float | None,
        typer.Option(
            help="Pixel size of the pixel measures, metres.",
            show_default="that of the imagery by the predictions' metadata, else 0.3",
            rich_help_panel=LAYERS,
        ),
    ] = None,
    raster: Annotated[
        list[Path] | None,
        typer.Option(help="Photo for the page; may be repeated.", rich_help_panel=LAYERS),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="As in geoseg predict.", rich_help_panel=MODEL),
    ] = None,
    scenes: Annotated[
        Path | None, typer.Option(help="Folder of packed scenes (*.npz).", rich_help_panel=MODEL)
    ] = None,
    split: Annotated[
        str, typer.Option(help="Scenes to take: val, train or all.", rich_help_panel=MODEL)
    ] = "val",
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    tta: Tta = None,
    boundary: Annotated[
        float, typer.Option(help="Width of the band of the boundary IoU, metres.")
    ] = 1.0,
    min_area: Annotated[float, typer.Option(help="Smaller buildings do not count, m2.")] = 0.0,
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help="All figures as .json, a row per place as .csv; may be repeated.",
            show_default=False,
        ),
    ] = None,
    html: Html = None,
    language: Language = "en",
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Measure predicted buildings against true ones.

    geoseg evaluate predictions.gpkg truth.gpkg --raster ortho.tif --html report.html

    geoseg evaluate predictions.gpkg --review plots.gpkg

    geoseg evaluate --model weights.safetensors --scenes chips/ --html report.html
    """
    tell(verbose)
    from geoseg.accuracy import evaluate as compare
    from geoseg.accuracy import evaluate_model

    given = list(paths or [])
    _check_usage(given, model, scenes, review)
    if scenes is not None:
        of_layers = {
            "--aoi": aoi, "--aoi-layer": aoi_layer, "--ignore": ignore,
            "--ignore-layer": ignore_layer, "--place-column": place_column, "--gsd": gsd,
            "--review": review, "--layer": layer, "--truth-layer": truth_layer, "--raster": raster,
        }  # fmt: skip
        _refuse(of_layers, OF_SCENES)
    else:
        of_model = {
            "--split": split != "val", "--device": device != "auto",
            "--precision": precision != "auto", "--runtime": runtime != "auto",
            "--tta": tta is not None,
        }  # fmt: skip
        _refuse(of_model, OF_LAYERS)
    shared: dict[str, Any] = {
        "boundary_m": boundary, "min_area_m2": min_area, "output": output, "html": html,
        "language": language, "overwrite": overwrite,
    }  # fmt: skip
    running: dict[str, Any] = {
        "split": split, "device": device, "precision": precision, "runtime": runtime,
        "tta": tta,
    }  # fmt: skip
    with watching(progress, quiet=quiet) as told:
        if scenes is not None:
            result = evaluate_model(model or "default", scenes, progress=told, **running, **shared)
        else:
            ours, theirs = (given, None) if review else (given[::2], given[1::2])
            result = compare(
                ours, theirs, review=review, aoi=aoi, aoi_layer=aoi_layer, ignore=ignore, ignore_layer=ignore_layer,
                place_column=place_column,
                confidence=confidence, gsd_m=gsd, layer=layer, truth_layer=truth_layer,
                raster=raster or (), progress=told, **shared,
            )  # fmt: skip
    if as_json:
        answer_json(result.as_dict(), output=output or (), html=html)
    elif not quiet:
        _show(result)
        show_files(output or (), html)
        note(result.notes)


def _check_usage(
    paths: list[str], model: str | None, scenes: Path | None, review: str | None
) -> None:
    if scenes is None and model is not None:
        raise UsageError("--model needs --scenes, a folder of packed scenes to run it on")
    if scenes is not None and paths:
        raise UsageError("give either two layers or --model and --scenes, not both")
    if review is not None and len(paths) != 1:
        raise UsageError(f"--review takes one layer of predictions beside it; got {len(paths)}")
    if scenes is None and review is None and (not paths or len(paths) % 2):
        raise UsageError(
            "give predictions and truth in turn, such as predictions.gpkg truth.gpkg, or --model "
            f"and --scenes; got {len(paths)} layers"
        )


def _refuse(given: Mapping[str, object], why: str) -> None:
    names = ", ".join(name for name, value in given.items() if value)
    if names:
        raise UsageError(f"{names} cannot be used with {why}")


def _show(result: Evaluation) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from geoseg.accuracy.columns import COLUMNS

    columns = [column for column in COLUMNS if column.name in SHOWN]
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("Place", overflow="fold")
    for column in columns:
        table.add_column(SHOWN[column.name], justify="right", no_wrap=True)
    for row in result.rows:
        name = f"{row.place} (blobs)" if row.blobs else row.place
        table.add_row(escape(name), *(column.text(row) for column in columns))
    Console().print(table)

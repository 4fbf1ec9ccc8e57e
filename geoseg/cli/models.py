"""``geoseg models``: which models there are, and what a model file holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import Html, Json, Overwrite, Quiet, Verbose
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from geoseg.models.catalogue import ModelEntry

SCORES = {"buildings": ".0f", "f1": ".2f", "pixel_iou": ".2f", "area_bias": "+.0%"}
"""Scores that are shown, with their format; --json has all of them."""


def models(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILE]...",
            help='Model files (.safetensors), or "default". Without: the models that come with geoseg.',
            show_default=False,
        ),
    ] = None,
    *,
    html: Html = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Show the built-in model, or what is in model files: scores, sources, licences.

    geoseg models

    geoseg models mine.safetensors
    """
    tell(verbose)
    from geoseg.models import list_models

    entries = list_models(files or (), html=html, overwrite=overwrite)
    if as_json:
        typer.echo(json.dumps([entry.as_dict() for entry in entries]))
        return
    for number, entry in enumerate(() if quiet else entries):
        if number:
            typer.echo()
        _show(entry)


def _show(entry: ModelEntry) -> None:
    from rich.console import Console

    show_rows(_rows(entry))
    if entry.scores:
        Console(highlight=False).print(_scores(entry))


def _views(entry: ModelEntry) -> str:
    if entry.tta:
        return "averaged over two, unless --no-tta"
    if entry.tta_native:
        return "averaged over two where photos need not be enlarged, unless --no-tta; else one, unless --tta"
    return "one, unless --tta"


def _rows(entry: ModelEntry) -> Iterator[tuple[str, str]]:
    yield "model", entry.name
    yield "use", f"--model {entry.use}"
    yield "file", f"{entry.file} ({entry.size_mb:g} MB, sha256 {entry.sha256[:12]})"
    yield "network", entry.network
    yield "predicts", f"{entry.kind}: {', '.join(entry.heads)}"
    yield "pixel size", "any" if entry.gsd_m is None else _sizes(*entry.gsd_m)
    yield "exact", _exactness(entry)
    yield "int8", f"no: {entry.int8_lacks}" if entry.int8_lacks else "yes, by --precision int8"
    if entry.kind == "maps":
        yield "views", _views(entry)
    yield "thresholds", ", ".join(f"{name} {value:g}" for name, value in entry.thresholds.items())
    yield (
        "confidence",
        "calibrated probability" if entry.calibrated else "raw score, not calibrated",
    )
    for source in entry.sources:
        yield "learnt from", f"{source['name']}: {source['licence'] or 'licence not known'}"
    if entry.training:
        yield "training", ", ".join(f"{name} {value}" for name, value in entry.training.items())


def _exactness(entry: ModelEntry) -> str:
    if not entry.exact:
        return "no: every tile is seen by itself, and pieces of buildings are united"
    return f"yes: halo {entry.halo_px} px, stride {entry.stride_px} px; geoseg certify shows it"


def _scores(entry: ModelEntry) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("held-out place", overflow="fold")
    for name in SCORES:
        table.add_column(name.replace("_", " "), justify="right")
    for place, scores in entry.scores.items():
        cells = (format(scores[n], form) if n in scores else "" for n, form in SCORES.items())
        table.add_row(place, *cells)
    return table


def _sizes(low: float, high: float) -> str:
    return f"{low:g} m" if low == high else f"{low:g} to {high:g} m"

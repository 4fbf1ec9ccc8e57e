"""``geoseg info``: what a raster holds, and what the model would do with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import ModelName, parse_whole_numbers

if TYPE_CHECKING:
    from geoseg.models import DenseModel
    from geoseg.preview.describe import MosaicInfo, RasterInfo
    from geoseg.preview.estimate import Estimate

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class _Needs:
    gsd_m: tuple[float, float] | None
    halo_px: int
    stride_px: int
    tta: bool


def info(
    rasters: Annotated[
        list[str],
        typer.Argument(
            metavar="RASTER...",
            help="One or more rasters (together one mosaic).",
            show_default=False,
        ),
    ],
    model: ModelName = DEFAULT,
    gsd: Annotated[float | None, typer.Option(help="Pixel size to analyse at, metres.")] = None,
    bands: Annotated[
        str | None, typer.Option(help="Red, green and blue band, such as 3,2,1.")
    ] = None,
    tile: Annotated[
        int | None, typer.Option(help="Side of the window the network sees, pixels.")
    ] = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Run the model on one tile, to say how long a run takes."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Show what a raster holds and what the model would do with it.

    geoseg info ortho.tif
    """
    from geoseg.preview.describe import describe

    needs = _needs(model)
    result = describe(
        rasters,
        needs,
        gsd_m=gsd,
        bands=parse_whole_numbers(bands, "--bands"),
        tile_px=tile,
        tta=needs.tta,
        measure=_loaded(model) if measure else None,
    )
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        _show(result)


def _needs(model: str) -> _Needs:
    """Range, context and stride, from the file's header alone."""
    from geoseg.models import DEFAULT_WEIGHTS
    from geoseg.models.weights import read_metadata

    metadata = read_metadata(DEFAULT_WEIGHTS if model == DEFAULT else Path(model))
    stride_px = metadata.architecture.stride_px
    return _Needs(metadata.gsd_m, metadata.halo_px, stride_px, metadata.tta)


def _loaded(model: str) -> DenseModel:
    from geoseg.errors import UsageError
    from geoseg.models import DenseModel, load_model
    from geoseg.models.averaged import averaged_if

    loaded = averaged_if(load_model(model), None)
    if not isinstance(loaded, DenseModel):
        raise UsageError(f"--measure works with models that predict maps, and {model} does not")
    return loaded


def _show(result: MosaicInfo) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for raster in result.rasters:
        for name, value in _raster_rows(raster):
            table.add_row(name, escape(value))
        table.add_row()
    for name, value in _run_rows(result):
        table.add_row(name, escape(value))
    console = Console(highlight=False)
    console.print(table)
    for warning in result.warnings:
        console.print(f"[yellow]Warning:[/yellow] {escape(warning)}")


def _raster_rows(raster: RasterInfo) -> list[tuple[str, str]]:
    rgb = ", ".join(map(str, dict.fromkeys(raster.rgb)))
    return [
        ("raster", raster.path),
        ("size", f"{raster.width:,} x {raster.height:,} px"),
        ("CRS", raster.crs),
        ("pixel", f"{raster.gsd_m:.3f} m on the ground"),
        ("bands", f"{raster.bands} of {raster.dtype}, used: {rgb}"),
        ("valid", f"about {raster.valid_share:.1%} (marked by: {raster.validity})"),
        ("layout", raster.layout),
    ]


def _run_rows(result: MosaicInfo) -> list[tuple[str, str]]:
    pixels = "resampled" if result.resampled else "as they are"
    grid = f"{result.grid_width:,} x {result.grid_height:,} px of {result.grid_gsd_m:.3f} m"
    stretch = "none" if result.stretch is None else "{:g} to {:g}".format(*result.stretch)
    return [
        ("analysis", f"{grid}, {result.megapixels:,.1f} MP, {result.grid_crs}"),
        ("pixels", pixels),
        ("stretch", stretch),
        ("tiles", f"{result.tiles:,}"),
        ("time", _duration(result.time)),
    ]


def _duration(time: Estimate) -> str:
    """A range in minutes or hours; the run is quick wherever its upper end is."""
    if time.most_minutes < 1:
        return f"less than a minute ({time.basis})"
    unit, divisor = ("hours", 60) if time.least_minutes > 120 else ("minutes", 1)  # noqa: PLR2004
    least, most = (minutes / divisor for minutes in (time.least_minutes, time.most_minutes))
    return f"{least:,.2g} to {most:,.2g} {unit} ({time.basis})"

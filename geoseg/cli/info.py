"""``geoseg info``: what a raster holds, and what the model would do with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import (
    Bands,
    Device,
    Json,
    KeepBlank,
    ModelName,
    Nodata,
    Overlap,
    Precision,
    Quiet,
    Runtime,
    Stretch,
    Tile,
    Tta,
    Verbose,
    area_option,
    parse_nodata,
    parse_range,
    parse_whole_numbers,
)
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell

if TYPE_CHECKING:
    from geoseg.preview.describe import MosaicInfo


def info(
    rasters: Annotated[
        list[str],
        typer.Argument(
            metavar="RASTER...",
            help="One or more rasters (together one mosaic).",
            show_default=False,
        ),
    ],
    model: ModelName = "default",
    gsd: Annotated[float | None, typer.Option(help="Pixel size to analyse at, metres.")] = None,
    bands: Bands = None,
    stretch: Stretch = None,
    nodata: Nodata = None,
    keep_blank: KeepBlank = False,
    tile: Tile = None,
    overlap: Overlap = None,
    tta: Tta = None,
    aoi: Annotated[
        str | None, area_option("Only tiles that it needs; services are cut to it")
    ] = None,
    aoi_layer: Annotated[
        str | None, typer.Option(help="Layer of --aoi, where the file has several.")
    ] = None,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Run the model on one tile, to say how long a run takes."),
    ] = False,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Show what a raster holds and what the model would do with it.

    geoseg info ortho.tif
    """
    tell(verbose)
    from geoseg.preview import info as look

    result = look(
        rasters,
        model=model,
        gsd_m=gsd,
        bands=parse_whole_numbers(bands, "--bands"),
        stretch=parse_range(stretch, "--stretch"),
        nodata=parse_nodata(nodata),
        keep_blank=keep_blank,
        tile_px=tile,
        overlap_px=overlap,
        tta=tta,
        device=device,
        precision=precision,
        runtime=runtime,
        aoi=aoi,
        aoi_layer=aoi_layer,
        measure=measure,
    )
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    elif not quiet:
        _show(result)


def _show(result: MosaicInfo) -> None:
    for raster in result.rasters:
        show_rows(raster.in_words())
        typer.echo()
    show_rows(result.in_words())
    for warning in result.warnings:
        typer.echo(f"Warning: {warning}")

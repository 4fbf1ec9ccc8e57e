"""``geoseg maps``: rasters in, stored maps out; or stored maps in, probabilities out."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import (
    Bands,
    Batch,
    Device,
    Exact,
    Json,
    KeepBlank,
    ModelName,
    Nodata,
    Output,
    Overlap,
    Overwrite,
    Precision,
    Progress,
    Quiet,
    Readers,
    Runtime,
    SkipErrors,
    Stretch,
    Tile,
    Tta,
    Verbose,
    parse_nodata,
    parse_range,
    parse_whole_numbers,
    with_output,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell

EXAMPLE = "geoseg maps ortho.tif run/ --part 0/4"


def maps(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="RASTER... [OUTPUT]",
            help="Rasters or patterns, together one mosaic; then a folder for the maps. Or that folder; then "
            "a .tif for the probabilities.",
            show_default=False,
        ),
    ],
    output: Output = None,
    part: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="One of N parts, counted from 0; /N takes I from a job array of SLURM, AWS Batch or "
            "Kubernetes.",
            show_default="as the job array says, else all",
        ),
    ] = None,
    model: ModelName = "default",
    gsd: Annotated[
        float | None, typer.Option(help="Pixel size to analyse at, metres.", show_default=False)
    ] = None,
    bands: Bands = None,
    stretch: Stretch = None,
    nodata: Nodata = None,
    keep_blank: KeepBlank = False,
    tile: Tile = None,
    overlap: Overlap = None,
    batch: Batch = None,
    readers: Readers = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: Exact = False,
    tta: Tta = None,
    skip_errors: SkipErrors = False,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Store the network's maps of a part of a raster, for geoseg predict --maps; or write them as a raster.

    geoseg maps ortho.tif run/ --part 0/4

    geoseg maps run/ -o probability.tif
    """
    tell(verbose)
    sources, output = with_output(paths, output, inputs=0, example=EXAMPLE)
    from geoseg.run.storing import maps as store

    with watching(progress, quiet=quiet) as told:
        stored = store(
            sources,
            output,
            part=part,
            model=model,
            gsd_m=gsd,
            bands=parse_whole_numbers(bands, "--bands"),
            stretch=parse_range(stretch, "--stretch"),
            nodata=parse_nodata(nodata),
            keep_blank=keep_blank,
            tile_px=tile,
            overlap_px=overlap,
            batch=batch,
            readers=readers,
            tta=tta,
            skip_errors=skip_errors,
            device=device,
            precision=precision,
            runtime=runtime,
            exact=exact,
            overwrite=overwrite,
            progress=told,
        )
    if as_json:
        answer_json(stored.as_dict())
    elif not quiet:
        show_result(stored)

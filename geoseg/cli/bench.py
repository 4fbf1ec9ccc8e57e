"""``geoseg bench``: how fast geoseg is on this machine, and by which setting."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import (
    Device,
    Json,
    ModelName,
    Precision,
    Progress,
    Quiet,
    Runtime,
    Tta,
    Verbose,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell


def bench(
    raster: Annotated[
        str | None,
        typer.Argument(
            help="A raster of the kind that you have; without one a town is drawn.",
            show_default=False,
        ),
    ] = None,
    model: ModelName = "default",
    megapixels: Annotated[
        float, typer.Option(help="Run over so many of the analysis grid: a larger raster's middle.")
    ] = 3.5,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Also try so many worker processes; 1: none.",
            show_default="one per core, at most 8",
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep/--no-keep", help="Let geoseg info say by it how long runs take here."),
    ] = True,
    tta: Tta = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Measure each stage of a run on this machine, its memory, and which setting is best here.

    Takes a minute or two; other programs should rest meanwhile.

    geoseg bench

    geoseg bench ortho.tif --megapixels 20
    """
    tell(verbose)
    from geoseg.checkup.bench import bench as measure

    with watching(progress, quiet=quiet) as told:
        found = measure(
            raster, model=model, megapixels=megapixels, workers=workers, tta=tta, device=device,
            precision=precision, runtime=runtime, keep=keep, progress=told,
        )  # fmt: skip
    if as_json:
        answer_json(found.as_dict())
    elif not quiet:
        show_result(found)

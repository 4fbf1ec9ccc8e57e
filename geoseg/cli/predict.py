"""``geoseg predict``: rasters in, buildings out."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.cli.options import (
    LAYER_FORMATS,
    RUN,
    SURFACE,
    TILES,
    Batch,
    Devices,
    Dsm,
    Dtm,
    Exact,
    HeightUnitOption,
    Json,
    KeepBlank,
    ModelName,
    Ndsm,
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
    Tile,
    Tta,
    Verbose,
    Zoom,
    area_option,
    parse_nodata,
    parse_range,
    parse_whole_numbers,
    parse_zoom,
    with_output,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell
from geoseg.types import Shape

EXAMPLE = "geoseg predict ortho.tif buildings.gpkg"
GRID = "Analysis grid"
SHAPES = "Buildings"
NOTHING = (
    "no building was found; geoseg info, with the same files, says which bands, pixel size, values and "
    "blank areas were taken, and --min-confidence 0 shows what was doubted"
)


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="RASTER... [OUTPUT]",
            help="Rasters or patterns, together one mosaic; then what to write: "
            f"{LAYER_FORMATS}, or a folder/ for one .gpkg per raster.",
            show_default=False,
        ),
    ],
    output: Output = None,
    model: ModelName = "default",
    gsd: Annotated[
        float | None,
        typer.Option(help="Pixel size to analyse at, metres.", rich_help_panel=GRID),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(help="Red, green and blue band, such as 3,2,1.", rich_help_panel=GRID),
    ] = None,
    stretch: Annotated[
        str | None,
        typer.Option(help="Values shown as black and white: lo,hi.", rich_help_panel=GRID),
    ] = None,
    nodata: Nodata = None,
    keep_blank: KeepBlank = False,
    tile: Tile = None,
    overlap: Overlap = None,
    strip: Annotated[
        int,
        typer.Option(help="Rows of pixels decoded at a time.", rich_help_panel=TILES),
    ] = 128,
    aoi: Annotated[
        str | None,
        area_option("Only buildings inside", GRID),
    ] = None,
    aoi_layer: Annotated[
        str | None,
        typer.Option(help="Layer of --aoi, where the file has several.", rich_help_panel=GRID),
    ] = None,
    min_area: Annotated[
        float,
        typer.Option(help="Drop buildings smaller than this, m2.", rich_help_panel=SHAPES),
    ] = 6.0,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            help="Drop buildings below this confidence, 0..1, as it is written in the output: a "
            "probability with a calibrated model. Without: the model's own limit.",
            rich_help_panel=SHAPES,
        ),
    ] = None,
    shape: Annotated[
        Shape,
        typer.Option(
            help="Along pixel edges, with fewer vertices, or with straight walls.",
            rich_help_panel=SHAPES,
        ),
    ] = "regularized",
    date: Annotated[
        str | None,
        typer.Option(
            help="Day of the imagery, such as 2024-05-17, for the column image_date.",
            show_default="as each raster states it",
            rich_help_panel=SHAPES,
        ),
    ] = None,
    batch: Batch = None,
    readers: Readers = 1,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes of this machine that look at tiles and draw outlines; 1: a single one.",
            show_default="one looks, others draw where there are two cores or more",
            rich_help_panel=RUN,
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask cluster instead: its scheduler's address, such as tcp://host:8786, or its JSON file.",
            show_default=False,
            rich_help_panel=RUN,
        ),
    ] = None,
    cluster_timeout: Annotated[
        float,
        typer.Option(
            help="How long to wait for the cluster's first worker, or for another once all are gone, seconds.",
            rich_help_panel=RUN,
        ),
    ] = 300.0,
    any_processor: Annotated[
        bool,
        typer.Option(
            "--any-processor",
            help="Take workers on other kinds of processor, which round otherwise.",
            rich_help_panel=RUN,
        ),
    ] = False,
    maps: Annotated[
        str | None,
        typer.Option(
            help="A folder that geoseg maps filled from this raster: no network runs.",
            show_default=False,
            rich_help_panel=RUN,
        ),
    ] = None,
    device: Devices = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: Exact = False,
    tta: Tta = None,
    skip_errors: SkipErrors = False,
    dsm: Dsm = None,
    dtm: Dtm = None,
    ndsm: Ndsm = None,
    height_unit: HeightUnitOption = None,
    min_height: Annotated[
        float,
        typer.Option(
            help="With a surface: drop what rises by less, metres.", rich_help_panel=SURFACE
        ),
    ] = 2.0,
    nir: Annotated[
        int | None,
        typer.Option(
            "--nir",
            help="With a surface: the photo's band of near infrared, which tells trees.",
            show_default="as the raster says",
            rich_help_panel=SURFACE,
        ),
    ] = None,
    keep_reviewed: Annotated[
        str | None,
        typer.Option(
            help="A file by geoseg review in which somebody has worked: what was checked goes into the "
            "result with id and outline.",
            show_default=False,
            rich_help_panel=SHAPES,
        ),
    ] = None,
    project: Annotated[
        bool,
        typer.Option(
            "--project",
            help="Put a QGIS project into the .gpkg, with the rasters beneath the buildings.",
            rich_help_panel=RUN,
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with an interrupted run.", rich_help_panel=RUN),
    ] = False,
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Into a folder: leave rasters whose output is there.",
            rich_help_panel=RUN,
        ),
    ] = False,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Find the buildings of an orthophoto mosaic of any size.

    geoseg predict ortho.tif buildings.gpkg

    geoseg predict "tiles/*.tif" -o out/
    """
    tell(verbose)
    rasters, output = with_output(paths, output, inputs=0, example=EXAMPLE)
    from geoseg.run.predicting import predict as run

    if not quiet:
        _tell_of_compiling()
    # Numbers and names are checked by what they are given to.
    with watching(progress, quiet=quiet) as told:
        summary = run(
            rasters,
            output,
            model=model,
            device=device,
            precision=precision,
            runtime=runtime,
            exact=exact,
            project=project,
            overwrite=overwrite,
            zoom=parse_zoom(zoom),
            resume=resume,
            skip_existing=skip_existing,
            progress=told,
            gsd_m=gsd,
            bands=parse_whole_numbers(bands, "--bands"),
            stretch=parse_range(stretch, "--stretch"),
            nodata=parse_nodata(nodata),
            keep_blank=keep_blank,
            tile_px=tile,
            overlap_px=overlap,
            strip_px=strip,
            aoi=aoi,
            aoi_layer=aoi_layer,
            min_area_m2=min_area,
            min_confidence=min_confidence,
            shape=shape,
            date=date,
            batch=batch,
            readers=readers,
            workers=workers,
            cluster=cluster,
            cluster_timeout_s=cluster_timeout,
            any_processor=any_processor,
            maps=maps,
            tta=tta,
            skip_errors=skip_errors,
            dsm=dsm,
            dtm=dtm,
            ndsm=ndsm,
            height_unit=height_unit,
            min_height_m=min_height,
            nir=nir,
            keep_reviewed=keep_reviewed,
        )
    if as_json:
        answer_json(summary.as_dict())
    elif not quiet:
        show_result(summary)
    if not quiet:
        _tell_of_nothing(summary)
    if getattr(summary, "failed", 0):
        raise typer.Exit(1)


def _tell_of_nothing(summary: object) -> None:
    if getattr(summary, "buildings", None) == 0:
        note([NOTHING])


def _tell_of_compiling() -> None:
    from geoseg.kernels.keeping import is_compiled

    if not is_compiled():
        note(
            [
                "the first run compiles geoseg's loops, about half a minute of one core; later runs do not"
            ]
        )

"""``geoseg update``: an old layer and a new one in, the old one brought up to date out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.doubts import Age, Recall, Sure
from geoseg.cli.options import (
    LAYER_FORMATS,
    Device,
    Json,
    ModelName,
    Overwrite,
    Precision,
    Progress,
    Quiet,
    Runtime,
    Tta,
    Verbose,
    Zoom,
    area_option,
    parse_zoom,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell

JUDGING = "What counts as a change"
LOOKING = "Looking again where nothing was found"
OSM = "Proposals for OpenStreetMap"


def update(
    old: Annotated[
        str,
        typer.Argument(help="The layer to bring up to date: a cadastre, OSM.", show_default=False),
    ],
    new: Annotated[
        str, typer.Argument(help="What predict found, or a newer layer.", show_default=False)
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help=f"{LAYER_FORMATS}.", show_default=False
        ),
    ],
    old_layer: Annotated[
        str | None, typer.Option(help="Layer of the old file, where there are several.")
    ] = None,
    new_layer: Annotated[
        str | None, typer.Option(help="Layer of the new file, where there are several.")
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Column of the old layer that tells rows apart.",
            show_default="found by its name",
        ),
    ] = None,
    raster: Annotated[
        list[str] | None,
        typer.Option(
            "--raster",
            help="Imagery of the new layer: the model looks under old outlines that were not found; "
            "may be repeated.",
            show_default=False,
            rich_help_panel=LOOKING,
        ),
    ] = None,
    maps: Annotated[
        Path | None,
        typer.Option(
            help="Instead of --raster: the folder in which geoseg maps stored the network's maps of it, or "
            "the .tif made of that; no network runs.",
            show_default=False,
            rich_help_panel=LOOKING,
        ),
    ] = None,
    model: ModelName = "default",
    tta: Tta = None,
    recall: Recall = None,
    age: Age = 5.0,
    eaves: Annotated[
        float,
        typer.Option(
            help="How far roofs may stand out over walls, metres.", rich_help_panel=JUDGING
        ),
    ] = 0.6,
    tolerance: Annotated[
        float,
        typer.Option(
            help="Differences of outlines no thicker than this are drawing, metres.",
            rich_help_panel=JUDGING,
        ),
    ] = 1.0,
    moved: Annotated[
        float,
        typer.Option(
            help="A building has moved from this on, metres, beyond the shift of its quarter.",
            rich_help_panel=JUDGING,
        ),
    ] = 2.0,
    quarter: Annotated[
        float,
        typer.Option(
            help="Side of the quarters that have a shift of their own, metres.",
            rich_help_panel=JUDGING,
        ),
    ] = 500.0,
    sure: Sure = 0.9,
    aoi: Annotated[
        str | None,
        area_option("Where the new layer is complete; old buildings elsewhere are unseen", JUDGING),
    ] = None,
    aoi_layer: Annotated[
        str | None, typer.Option(help="Layer of --aoi, where there are several.")
    ] = None,
    josm: Annotated[
        Path | None,
        typer.Option(
            help="GeoJSON for JOSM to write as well.", show_default=False, rich_help_panel=OSM
        ),
    ] = None,
    maproulette: Annotated[
        Path | None,
        typer.Option(
            help="GeoJSON for MapRoulette to write as well, a task per line.",
            show_default=False,
            rich_help_panel=OSM,
        ),
    ] = None,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Bring an older layer of buildings up to date.

    Every old row stays, with its columns and, unless it changed, its outline; a column "decision" says
    what became of it: kept, moved, changed, split, merged, gone or unseen. New buildings are added. What
    is not sure is listed in the layer "review".

    geoseg update cadastre.gpkg buildings.gpkg --raster ortho.tif -o updated.gpkg

    geoseg update cadastre.gpkg buildings.gpkg --maps run/ -o updated.gpkg
    """
    tell(verbose)
    from geoseg.upkeep import update as bring_up_to_date

    with watching(progress, quiet=quiet) as told:
        done = bring_up_to_date(
            old, new, output, old_layer=old_layer, new_layer=new_layer, id_column=id_column,
            eaves_m=eaves, tolerance_m=tolerance, moved_m=moved, quarter_m=quarter, age_years=age,
            sure=sure, recall=recall, aoi=aoi, aoi_layer=aoi_layer, raster=raster, maps=maps, model=model, tta=tta,
            josm=josm, maproulette=maproulette, device=device, precision=precision, runtime=runtime,
            overwrite=overwrite, zoom=parse_zoom(zoom), progress=told,
        )  # fmt: skip
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_result(done, ("JOSM", str(josm or "")), ("MapRoulette", str(maproulette or "")))

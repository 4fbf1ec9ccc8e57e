"""``geoseg heights``: footprints and a surface in, heights out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import (
    LAYER_FORMATS,
    Dsm,
    Dtm,
    HeightUnitOption,
    Json,
    Layer,
    Ndsm,
    Output,
    Overwrite,
    Progress,
    Quiet,
    Verbose,
    Zoom,
    parse_zoom,
    with_output,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell

EXAMPLE = "geoseg heights footprints.gpkg --dsm dsm.tif -o heights.gpkg"


def heights(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOOTPRINTS [OUTPUT]",
            help=f"A layer of polygons, any format and CRS; then what to write: {LAYER_FORMATS}.",
            show_default=False,
        ),
    ],
    output: Output = None,
    dsm: Dsm = None,
    dtm: Dtm = None,
    ndsm: Ndsm = None,
    height_unit: HeightUnitOption = None,
    layer: Layer = None,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Measure how high footprints rise, from a surface model.

    Attributes and their order are kept; ground_m, height_m, height_max_m, eaves_m, volume_m3, roof and
    height_coverage are added.

    geoseg heights footprints.gpkg --dsm dsm.tif -o heights.gpkg
    """
    tell(verbose)
    (footprints,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.heights import add_heights

    with watching(progress, quiet=quiet) as told:
        done = add_heights(
            footprints,
            output,
            dsm=dsm,
            dtm=dtm,
            ndsm=ndsm,
            height_unit=height_unit,
            layer=layer,
            overwrite=overwrite,
            zoom=parse_zoom(zoom),
            progress=told,
        )
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_rows(done.in_words())

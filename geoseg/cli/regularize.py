"""``geoseg regularize``: footprints of any origin in, straight walls out."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import (
    LAYER_FORMATS,
    Json,
    Layer,
    Output,
    Overwrite,
    Quiet,
    Verbose,
    Zoom,
    parse_zoom,
    with_output,
)
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell

EXAMPLE = "geoseg regularize footprints.gpkg straight.gpkg"


def regularize(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FOOTPRINTS [OUTPUT]",
            help=f"A layer of polygons, any format and CRS; then what to write: {LAYER_FORMATS}.",
            show_default=False,
        ),
    ],
    output: Output = None,
    gsd: Annotated[
        float | None,
        typer.Option(
            help="Ground size, in metres, of a pixel of the imagery they come from.",
            show_default="as the file was drawn or its run looked, else 0.3",
        ),
    ] = None,
    snap: Annotated[
        float | None,
        typer.Option(
            help="Walls nearer than this become one, metres.",
            show_default="as the file was drawn, else half a pixel",
        ),
    ] = None,
    oblique: Annotated[
        float | None,
        typer.Option(
            metavar="FACTOR",
            help="How many times as dear walls are that follow neither direction of their building: 3 draws what "
            "networks predicted square, 1 keeps odd angles.",
            show_default="as the file was drawn; else 3 where geoseg predicted it, and 1 elsewhere",
        ),
    ] = None,
    layer: Layer = None,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Redraw footprints with straight walls, right angles and shared walls.

    Attributes and their order are kept; a column "shape" tells how each footprint was drawn. What
    "geoseg predict" measured is measured again.

    geoseg regularize footprints.gpkg straight.gpkg
    """
    tell(verbose)
    (footprints,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.redraw import regularize as redraw

    done = redraw(
        footprints,
        output,
        layer=layer,
        gsd_m=gsd,
        snap_m=snap,
        oblique=oblique,
        overwrite=overwrite,
        zoom=parse_zoom(zoom),
    )
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_result(done)

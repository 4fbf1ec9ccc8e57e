"""``geoseg recompute``: buildings that somebody edited in, their measures anew out."""

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

EXAMPLE = "geoseg recompute edited.gpkg measured.gpkg"


def recompute(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="BUILDINGS [OUTPUT]",
            help=f"A layer of polygons, any format and CRS; then what to write: {LAYER_FORMATS}.",
            show_default=False,
        ),
    ],
    output: Output = None,
    layer: Layer = None,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Measure buildings anew after editing by hand.

    Areas, lengths and orientations follow the outlines, invalid outlines are repaired, ids are kept,
    and rows without one get a new one.

    geoseg recompute edited.gpkg measured.gpkg
    """
    tell(verbose)
    (buildings,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.redraw import recompute as measure

    done = measure(buildings, output, layer=layer, overwrite=overwrite, zoom=parse_zoom(zoom))
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_result(done)

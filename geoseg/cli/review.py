"""``geoseg review``: buildings in, plots by lot for a person to check out."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import Json, Layer, Output, Overwrite, Quiet, Verbose, with_output
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell

EXAMPLE = "geoseg review buildings.gpkg -o plots.gpkg"


def review(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="BUILDINGS [OUTPUT]",
            help="A file by geoseg predict, or any polygon layer; then the GeoPackage to write.",
            show_default=False,
        ),
    ],
    output: Output = None,
    plots: Annotated[int, typer.Option(help="Plots to draw; 0: none, with --queue alone.")] = 30,
    seed: Annotated[int, typer.Option(help="Of the lot: the same number, the same plots.")] = 1,
    zones: Annotated[
        str | None, typer.Option(help="Polygons of any CRS: plots lie in these alone.")
    ] = None,
    zones_layer: Annotated[
        str | None, typer.Option(help="Layer of the zones, where there are several.")
    ] = None,
    plot_size: Annotated[
        float | None,
        typer.Option(
            help="Side of a plot, metres.", show_default="so that about 8 buildings lie in one"
        ),
    ] = None,
    queue: Annotated[
        int, typer.Option(help="Rank so many buildings by what a check would teach.")
    ] = 0,
    layer: Layer = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Draw plots by lot in which a person checks every building.

    geoseg review buildings.gpkg --plots 30 -o plots.gpkg
    """
    tell(verbose)
    (buildings,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.reviewing import review as draw

    done = draw(
        buildings, output, plots=plots, seed=seed, zones=zones, zones_layer=zones_layer,
        plot_size_m=plot_size, queue=queue, layer=layer, overwrite=overwrite,
    )  # fmt: skip
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_result(done)

"""``geoseg convert``: buildings in, another format or a 3D town out."""

from __future__ import annotations

from pathlib import Path
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

EXAMPLE = "geoseg convert heights.gpkg town.city.json"


def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUILDINGS [OUTPUT]",
            help=f"A layer of polygons, any format and CRS; then what to write: {LAYER_FORMATS}; or, of "
            "buildings with the columns height_m and ground_m, as geoseg heights writes them, a town: "
            ".city.json (CityJSON 2.0) or .gpkg (MultiPolygonZ).",
            show_default=False,
        ),
    ],
    output: Output = None,
    layer: Layer = None,
    crs: Annotated[
        str | None,
        typer.Option(
            help="The 3D CRS, such as EPSG:7415.",
            show_default="that of the surface, where it stated one",
        ),
    ] = None,
    solids: Annotated[
        bool | None,
        typer.Option(
            "--solids/--outlines",
            help="Blocks, or outlines with all their columns.",
            show_default="blocks to .city.json, and to .gpkg where there are heights",
        ),
    ] = None,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write buildings in another format, or those with heights as a 3D town.

    geoseg convert buildings.gpkg buildings.shp.zip

    geoseg convert heights.gpkg town.city.json
    """
    tell(verbose)
    (buildings,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.city import convert as make

    done = make(
        buildings, output, layer=layer, crs=crs, solids=solids, overwrite=overwrite,
        zoom=parse_zoom(zoom),
    )  # fmt: skip
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_result(done)

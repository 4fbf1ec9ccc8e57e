"""``geoseg convert``: footprints with heights in, a 3D town out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.answers import answer_counts, answer_json, note
from geoseg.cli.options import Json, Layer, Output, Overwrite, Quiet, Verbose, with_output
from geoseg.cli.telling import tell

EXAMPLE = "geoseg convert heights.gpkg town.city.json"


def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="BUILDINGS [OUTPUT]",
            help="Polygons with the columns height_m and ground_m, as geoseg heights writes them; then "
            "the town: .city.json (CityJSON 2.0) or .gpkg (MultiPolygonZ).",
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
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write footprints with heights as a 3D town.

    geoseg convert heights.gpkg town.city.json
    """
    tell(verbose)
    (buildings,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.city import convert as make

    done = make(buildings, output, layer=layer, crs=crs, overwrite=overwrite)
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        answer_counts(output, done.as_dict())
        note(done.notes)

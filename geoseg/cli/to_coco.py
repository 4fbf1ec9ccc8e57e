"""``geoseg to-coco``: buildings in, COCO annotations out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import Json, Output, Overwrite, Quiet, Verbose, with_output
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell

EXAMPLE = "geoseg to-coco buildings.gpkg coco.json --raster ortho.tif"


def to_coco(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="BUILDINGS [OUTPUT]",
            help="A file by geoseg predict, or any polygon layer; then the COCO file, .json.",
            show_default=False,
        ),
    ],
    raster: Annotated[
        list[Path],
        typer.Option(help="The image to annotate; may be repeated.", show_default=False),
    ],
    output: Output = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer of the buildings, where there are several.")
    ] = None,
    masks: Annotated[
        Literal["polygons", "rle"], typer.Option(help="As polygons, courtyards still become RLE.")
    ] = "polygons",
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write buildings as COCO annotations, in the pixels of rasters.

    geoseg to-coco buildings.gpkg coco.json --raster ortho.tif
    """
    tell(verbose)
    (buildings,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.coco import to_coco

    done = to_coco(buildings, output, raster, layer=layer, masks=masks, overwrite=overwrite)
    if as_json:
        answer_json(done.as_dict(), output=output)
    elif not quiet:
        show_result(done, ("output", output))

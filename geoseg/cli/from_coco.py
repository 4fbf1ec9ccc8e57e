"""``geoseg from-coco``: COCO annotations in, polygons on the ground out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import (
    LAYER_FORMATS,
    Json,
    Output,
    Overwrite,
    Quiet,
    Verbose,
    Zoom,
    parse_zoom,
    with_output,
)
from geoseg.cli.tables import show_findings, show_result
from geoseg.cli.telling import tell

EXAMPLE = "geoseg from-coco coco.json labels.gpkg --raster ortho.tif"


def from_coco(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="COCO [OUTPUT]",
            help=f"The COCO file, .json; then what to write: {LAYER_FORMATS}.",
            show_default=False,
        ),
    ],
    raster: Annotated[
        list[Path],
        typer.Option(
            help="The raster of an image, matched by file name and, where that is not enough, by folders; may be "
            "repeated.",
            show_default=False,
        ),
    ],
    output: Output = None,
    category: Annotated[
        str | None,
        typer.Option(help="Category to keep.", show_default="all of them"),
    ] = None,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Read COCO annotations as polygons on the ground.

    geoseg from-coco coco.json labels.gpkg --raster ortho.tif
    """
    tell(verbose)
    (coco,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.coco import from_coco
    from geoseg.coco.findings import FINDINGS

    done = from_coco(
        coco, output, rasters=raster, category=category, overwrite=overwrite, zoom=parse_zoom(zoom)
    )
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        found = ((name, text, done.findings.get(name, 0)) for name, text in FINDINGS.items())
        show_findings(one for one in found if one[2])
        show_result(done)

"""``geoseg to-coco``: buildings in, COCO annotations out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from geoseg.cli.options import Json, Overwrite, Quiet

if TYPE_CHECKING:
    from geoseg.coco.write import Masks


def to_coco(
    buildings: Annotated[
        Path,
        typer.Argument(help="A file by geoseg predict, or any polygon layer.", show_default=False),
    ],
    output: Annotated[
        Path, typer.Argument(help="The COCO file to write, .json.", show_default=False)
    ],
    raster: Annotated[
        list[Path],
        typer.Option(help="The image to annotate; may be repeated.", show_default=False),
    ],
    masks: Annotated[
        str, typer.Option(help="polygons (courtyards still become RLE) or rle.")
    ] = "polygons",
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write buildings as COCO annotations, in the pixels of rasters.

    geoseg to-coco buildings.gpkg coco.json --raster ortho.tif
    """
    from geoseg.coco import to_coco

    done = to_coco(buildings, output, raster, masks=cast("Masks", masks), overwrite=overwrite)
    if as_json:
        typer.echo(json.dumps({**done.as_dict(), "output": str(output)}))
    elif not quiet:
        left = f"; {done.outside} buildings touch no raster" if done.outside else ""
        typer.echo(f"{done.annotations} annotations written to {output}{left}", err=True)

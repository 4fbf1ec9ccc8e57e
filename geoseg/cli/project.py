"""``geoseg project``: a GeoPackage and its photo in, a QGIS project in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import Json, Overwrite, Quiet, Verbose
from geoseg.cli.tables import show_result
from geoseg.cli.telling import tell


def project(
    geopackage: Annotated[
        Path,
        typer.Argument(
            help="A GeoPackage of buildings, zones or changes, as geoseg writes them.",
            show_default=False,
        ),
    ],
    raster: Annotated[
        list[str] | None,
        typer.Option(
            "--raster",
            help="The photo beneath; may be repeated, or a pattern.",
            show_default="the rasters in which the buildings were found",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the project.")] = "geoseg",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A project file instead, .qgz or .qgs, which opens by a double click.",
            show_default="in the GeoPackage",
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Put a QGIS project into a GeoPackage: its layers as they are styled, over the photo.

    Write it again after the file was renamed.

    geoseg project buildings.gpkg --raster ortho.tif
    """
    tell(verbose)
    from geoseg.projects import project as make

    done = make(geopackage, raster=raster, name=name, output=output, overwrite=overwrite)
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        show_result(done)

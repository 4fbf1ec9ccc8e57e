"""A QGIS project in the GeoPackage: ``geoseg.project(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.projects.outcome import Project

NAME = "geoseg"
"""What the project is called unless another name is given."""


@checked_keywords
def project(
    geopackage: str | Path,
    *,
    raster: str | Path | Sequence[str | Path] | None = None,
    name: str = NAME,
    output: str | Path | None = None,
    overwrite: bool = False,
) -> Project:
    """Put a QGIS project into a GeoPackage: its layers as they are styled, over the photo.

    QGIS is not needed for it. Layers and photos are named relative to the file, so that a folder can be
    moved as a whole; once the GeoPackage itself has another name, write the project again.

    Args:
        geopackage: Written by geoseg, or any GeoPackage of polygons.
        raster: The photo, or several, or a pattern; None: the rasters in which the buildings were found,
            as far as they are still there.
        name: Of the project.
        output: A project file beside the GeoPackage instead (.qgz, .qgs), which opens by a double click.
        overwrite: Replace a project of this name that somebody saved in QGIS, or the file ``output``. What
            geoseg wrote is replaced in any case.

    Returns:
        What the project shows.

    Raises:
        UnreadableVectorError: there is no such file, or it holds no polygons.
        UnreadableRasterError: ``raster`` cannot be opened.
        UsageError: the file is no GeoPackage, or the name or the extension is none.
        OutputExistsError: there is such a project or file and it may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.projects.making import make

    return make(
        Path(geopackage),
        raster=raster,
        name=name,
        output=None if output is None else Path(output),
        overwrite=overwrite,
    )

"""Heights of footprints from a surface model: ``geoseg.add_heights(...)``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, overload

from geoseg.keywords import checked_keywords
from geoseg.types import HeightUnit

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.heights.outcome import Heights
    from geoseg.progress import Progress
    from geoseg.raster.given import Raster
    from geoseg.vectors.layers import VectorInput

_log = logging.getLogger(__name__)

SUMMARY = "heights"
"""Key of the counts in the ``attrs`` of a frame."""


@overload
def add_heights(
    footprints: VectorInput,
    output: None = None,
    *,
    dsm: Raster | None = None,
    dtm: Raster | None = None,
    ndsm: Raster | None = None,
    height_unit: HeightUnit | None = None,
    layer: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame: ...


@overload
def add_heights(
    footprints: VectorInput,
    output: str | Path,
    *,
    dsm: Raster | None = None,
    dtm: Raster | None = None,
    ndsm: Raster | None = None,
    height_unit: HeightUnit | None = None,
    layer: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Heights: ...


@checked_keywords
def add_heights(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    footprints: VectorInput,
    output: str | Path | None = None,
    *,
    dsm: Raster | None = None,
    dtm: Raster | None = None,
    ndsm: Raster | None = None,
    height_unit: HeightUnit | None = None,
    layer: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame | Heights:
    """Measure how high footprints rise, from a surface model of any CRS and pixel size.

    Args:
        footprints: Polygons or multipolygons in any CRS: a vector file of any format, or a
            GeoDataFrame.
        output: File to write (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .csv,
            .dxf or .pmtiles), as layer ``buildings``; None returns
            a GeoDataFrame.
        dsm: Surface model, with the elevations of roofs, trees and open ground. A file, VRT or
            address, or an open rasterio dataset.
        dtm: Terrain model, with the elevations of the ground alone; None: the ground is found around
            each building.
        ndsm: Heights above ground, instead of ``dsm`` and ``dtm``.
        height_unit: Unit of the numbers: "m", "cm", "ft" or "us-ft"; None: that of the vertical CRS,
            else that of the band, else metres.
        layer: Layer of the footprints, where there are several; None takes ``buildings`` or the only
            one.
        overwrite: Replace ``output`` if it is there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.
        progress: Called with a ``ProgressReport`` after every place.

    Returns:
        A new frame: same rows, same order, same columns, and ``ground_m, height_m, height_max_m,
        eaves_m, volume_m3, roof, height_coverage`` (those of an earlier surface are replaced);
        ``attrs["heights"]`` counts what was found. With ``output`` these counts.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UnreadableRasterError: a raster cannot be opened or read.
        UnsupportedRasterError: a raster holds no heights, or has no CRS.
        UsageError: no footprint lies on the surface, the terrain lies above it, or another argument
            cannot be used.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.export.zoom import check_zoom
    from geoseg.heights.adding import to_file, to_frame
    from geoseg.heights.finding import HeightInput
    from geoseg.progress import heard

    check_zoom(zoom, output)
    given = HeightInput(dsm, dtm, ndsm, height_unit)
    with heard(progress) as told:
        if output is None:
            frame, found = to_frame(footprints, given, told, layer=layer)
            frame.attrs[SUMMARY] = found.as_dict()
        else:
            found = to_file(
                footprints, Path(output), given, told, layer=layer, overwrite=overwrite, zoom=zoom
            )
    for note in found.notes:
        _log.warning("%s", note)
    return frame if output is None else found

"""Buildings in other formats, 3D towns among them: ``geoseg.convert(...)``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.city.outcome import Converted
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def convert(
    buildings: VectorInput,
    output: str | Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    solids: bool | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> Converted:
    """Write buildings in another format, or those with heights as a 3D town.

    Args:
        buildings: A vector file of any format, or a GeoDataFrame. A town needs the columns ``height_m``
            and ``ground_m``, which ``add_heights`` or ``predict`` with a surface write.
        output: A 3D town: CityJSON 2.0 (.city.json, .json), or a GeoPackage of MultiPolygonZ (.gpkg).
            Or the outlines with all their columns (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip,
            .gdb, .kml, .csv, .dxf or .pmtiles).
        layer: Layer of the buildings, where there are several; None takes ``buildings`` or the only
            one.
        crs: The 3D CRS of a town, such as "EPSG:7415"; None: that of the surface, where it stated one
            and its horizontal part is that of the buildings.
        solids: True: a town; False: outlines; None: a town where the output is CityJSON, or a
            GeoPackage and the buildings have the two columns.
        overwrite: Replace ``output`` if it is there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.

    Returns:
        Counts.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UsageError: there are no heights, the CRS does not fit, a row is no polygon, or the format does
            not hold what is asked for or is not known.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.city.making import Asked, make

    asked = Asked(layer=layer, crs=crs, solids=solids, zoom=zoom, overwrite=overwrite)
    return make(buildings, Path(output), asked)

"""3D towns from footprints with heights: ``geoseg.convert(...)``."""

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
    overwrite: bool = False,
) -> Converted:
    """Write footprints with heights as a 3D town.

    Args:
        buildings: What ``add_heights`` or ``predict`` with a surface wrote, or any polygons with the
            columns ``height_m`` and ``ground_m``: a vector file or a GeoDataFrame.
        output: CityJSON 2.0 (.city.json, .json), or a GeoPackage of MultiPolygonZ (.gpkg).
        layer: Layer of the buildings, where there are several; None takes ``buildings`` or the only
            one.
        crs: The 3D CRS, such as "EPSG:7415"; None: that of the surface, where it stated one and its
            horizontal part is that of the buildings.
        overwrite: Replace ``output`` if it is there already.

    Returns:
        Counts.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UsageError: there are no heights, the CRS does not fit, or the extension is not known.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.city.making import make

    return make(buildings, Path(output), layer=layer, crs=crs, overwrite=overwrite)

"""Footprints of any origin, redrawn with straight walls: ``geoseg.regularize(...)``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.redraw.outcome import Regularized
    from geoseg.shaping import RegularizeSettings
    from geoseg.vectors.layers import VectorInput


@overload
def regularize(
    footprints: VectorInput,
    output: None = None,
    *,
    layer: str | None = None,
    gsd_m: float = 0.3,
    snap_m: float | None = None,
    settings: RegularizeSettings | None = None,
    overwrite: bool = False,
) -> gpd.GeoDataFrame: ...


@overload
def regularize(
    footprints: VectorInput,
    output: str | Path,
    *,
    layer: str | None = None,
    gsd_m: float = 0.3,
    snap_m: float | None = None,
    settings: RegularizeSettings | None = None,
    overwrite: bool = False,
) -> Regularized: ...


@checked_keywords
def regularize(
    footprints: VectorInput,
    output: str | Path | None = None,
    *,
    layer: str | None = None,
    gsd_m: float = 0.3,
    snap_m: float | None = None,
    settings: RegularizeSettings | None = None,
    overwrite: bool = False,
) -> gpd.GeoDataFrame | Regularized:
    """Redraw footprints with straight walls, right angles and shared walls.

    Args:
        footprints: Polygons or multipolygons in any CRS: a vector file of any format, or a
            GeoDataFrame.
        output: File to write (.gpkg, .geojson, .fgb, .parquet), as layer ``buildings``; None
            returns a GeoDataFrame.
        layer: Layer of the footprints, where there are several; None takes ``buildings`` or the
            only one.
        gsd_m: Ground size of a pixel of the imagery that the footprints were drawn from, metres.
        snap_m: Walls nearer to each other than this become one, metres; half a pixel where None.
        settings: Limits and tolerances in pixels.
        overwrite: Replace ``output`` if it is there already.

    Returns:
        A new frame: same rows, same index, same columns, and ``shape``: "regularized", "circle",
        "simplified", or None where there was nothing to draw; ``attrs["regularize"]`` counts what
        was drawn and what was repaired. With ``output`` these counts.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UsageError: an argument cannot be used, a row is no polygon or has coordinates that are not
            finite, or the format of ``output`` cannot hold a column.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.export.output import open_output, require_held, write_frame
    from geoseg.files.target import require_other
    from geoseg.redraw.frame import SUMMARY, redraw
    from geoseg.redraw.outcome import Regularized
    from geoseg.vectors.load import load

    target = None
    if output is not None:
        require_other(Path(output), [footprints])
        target = open_output(output, overwrite=overwrite)
    frame = load(footprints, "footprints", layer=layer, preferred="buildings").frame
    if target is not None:
        require_held(frame, target)
    drawn = redraw(frame, gsd_m=gsd_m, snap_m=snap_m, settings=settings)
    if target is None or output is None:
        return drawn
    write_frame(drawn, target)
    return Regularized(output=Path(output), **drawn.attrs[SUMMARY])

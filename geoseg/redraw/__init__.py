"""Layers changed as a whole: ``geoseg.regularize(...)`` and ``geoseg.recompute(...)``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, overload

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.redraw.outcome import Recomputed, Regularized
    from geoseg.shaping import RegularizeSettings
    from geoseg.vectors.layers import VectorInput
    from geoseg.vectors.load import Loaded


@overload
def regularize(
    footprints: VectorInput,
    output: None = None,
    *,
    layer: str | None = None,
    gsd_m: float | None = None,
    snap_m: float | None = None,
    oblique: float | None = None,
    settings: RegularizeSettings | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> gpd.GeoDataFrame: ...


@overload
def regularize(
    footprints: VectorInput,
    output: str | Path,
    *,
    layer: str | None = None,
    gsd_m: float | None = None,
    snap_m: float | None = None,
    oblique: float | None = None,
    settings: RegularizeSettings | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> Regularized: ...


@checked_keywords
def regularize(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    footprints: VectorInput,
    output: str | Path | None = None,
    *,
    layer: str | None = None,
    gsd_m: float | None = None,
    snap_m: float | None = None,
    oblique: float | None = None,
    settings: RegularizeSettings | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> gpd.GeoDataFrame | Regularized:
    """Redraw footprints with straight walls, right angles and shared walls.

    Args:
        footprints: Polygons or multipolygons in any CRS: a vector file of any format, or a
            GeoDataFrame.
        output: File to write (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .csv,
            .dxf or .pmtiles); None returns a GeoDataFrame. From
            one GeoPackage to another everything else comes along: the layer's name and style, other
            layers, metadata, columns of any type. Elsewhere the layer is ``buildings``.
        layer: Layer of the footprints, where there are several; None takes ``buildings`` or the
            only one.
        gsd_m: Ground size of a pixel of the imagery that the footprints were drawn from, metres.
            None: that with which geoseg drew them, or of the run of ``predict`` that they come
            from, else 0.3.
        snap_m: Walls nearer to each other than this become one, metres. None: as where geoseg drew
            them before, else half a pixel.
        oblique: How many times as dear walls are that follow neither direction of their building: 3 for what
            networks predicted, who bevel corners and let fronts lean; 1 where odd angles are common. None:
            as in ``settings``, else 3 where geoseg predicted them, and 1 elsewhere.
        settings: Limits and tolerances in pixels. None: as where geoseg drew them before, else the
            usual ones.
        overwrite: Replace ``output`` if it is there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.

    Returns:
        A new frame: same rows, same index, same columns, and ``shape``: "regularized", "circle",
        "simplified", "raw", or None where there was nothing to draw. A column of that name that is
        not geoseg's stays, and the new one is ``shape_1``. What ``predict`` measured is measured
        again. ``attrs["regularize"]`` counts what was drawn and what was repaired. With ``output``
        these counts.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UsageError: an argument cannot be used, a row is no polygon or has coordinates that are not
            finite, or the format of ``output`` cannot hold a column.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.export.zoom import check_zoom
    from geoseg.redraw.frame import SUMMARY, redraw
    from geoseg.redraw.outcome import Regularized
    from geoseg.redraw.own import About
    from geoseg.redraw.write import write_drawn
    from geoseg.vectors.observed import carry_extent

    check_zoom(zoom, output)
    loaded, target = _opened(footprints, "footprints", output, layer=layer, overwrite=overwrite)
    about = About.of(footprints, loaded.frame)
    drawn = redraw(
        loaded.frame, gsd_m=gsd_m, snap_m=snap_m, oblique=oblique, settings=settings, about=about
    )
    if target is None or output is None:
        carry_extent(drawn, footprints, layer)
        return drawn
    write_drawn(drawn, target, (footprints, layer), about, zoom=zoom)
    return Regularized(output=Path(output), **drawn.attrs[SUMMARY])


@overload
def recompute(
    buildings: VectorInput,
    output: None = None,
    *,
    layer: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> gpd.GeoDataFrame: ...


@overload
def recompute(
    buildings: VectorInput,
    output: str | Path,
    *,
    layer: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> Recomputed: ...


@checked_keywords
def recompute(
    buildings: VectorInput,
    output: str | Path | None = None,
    *,
    layer: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> gpd.GeoDataFrame | Recomputed:
    """Measure buildings anew after editing by hand.

    Args:
        buildings: Polygons in any CRS: a vector file of any format, or a GeoDataFrame.
        output: File to write (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .csv, .dxf or
            .pmtiles); None returns a GeoDataFrame. From one GeoPackage to another everything else
            comes along: the layer's name and style, other layers, metadata, columns of any type.
        layer: Layer of the buildings, where there are several; None takes ``buildings`` or the
            only one.
        overwrite: Replace ``output`` if it is there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.

    Returns:
        A new frame: same rows, in order, with valid outlines, ``building_id`` on each once, and
        areas, perimeters, lengths, widths and orientations of the outlines, in new columns where there
        are none. Of geoseg's own layers ``shape`` says "edited" where the outline is another one, and
        new rows get ``at_edge``.
        ``attrs["recompute"]`` counts what was done. With ``output`` these counts.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UsageError: an argument cannot be used, ids are no whole numbers, or the format of
            ``output`` cannot hold a column.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    from geoseg.export.zoom import check_zoom
    from geoseg.redraw.edited import measure_edited, write_measured
    from geoseg.redraw.outcome import Recomputed
    from geoseg.redraw.own import About
    from geoseg.vectors.observed import carry_extent

    check_zoom(zoom, output)
    loaded, target = _opened(buildings, "buildings", output, layer=layer, overwrite=overwrite)
    about = About.of(buildings, loaded.frame)
    measured = measure_edited(loaded, buildings, layer, about)
    if target is None or output is None:
        measured.frame.attrs["recompute"] = measured.counts
        carry_extent(measured.frame, buildings, layer)
        return measured.frame
    write_measured(measured, target, (buildings, layer), about, zoom=zoom)
    return Recomputed(output=Path(output), **measured.counts, notes=measured.notes)


def _opened(
    given: VectorInput, role: str, output: str | Path | None, *, layer: str | None, overwrite: bool
) -> tuple[Loaded, Path | None]:
    """What is changed, and the file to write, None without one, which can hold it.

    Raises:
        GeosegError: either cannot be used.
    """
    from geoseg.export.opening import open_output
    from geoseg.export.output import require_held
    from geoseg.files.target import require_other
    from geoseg.vectors.load import load

    target = None
    if output is not None:
        require_other(Path(output), [given])
        target = open_output(output, overwrite=overwrite)
    loaded = load(given, role, layer=layer, preferred="buildings")
    if target is not None:
        require_held(loaded.frame, target)
    return loaded, target

"""Area statistics per zone: ``geoseg.report(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.languages.language import Code
    from geoseg.progress import Progress
    from geoseg.statistics.build import AreaReport
    from geoseg.statistics.zones import Overlaps
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def report(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    buildings: VectorInput,
    output: str | Path | Sequence[str | Path] | None = None,
    *,
    layer: str | None = None,
    zones: VectorInput | None = None,
    zones_layer: str | None = None,
    name_column: str | None = None,
    grid: str | None = None,
    h3: int | None = None,
    sizes: Sequence[float] | None = None,
    overlaps: Overlaps = "first",
    sample: VectorInput | None = None,
    sample_layer: str | None = None,
    sample_areas: VectorInput | None = None,
    sample_areas_layer: str | None = None,
    raster: str | Path | Sequence[str | Path] | None = None,
    html: str | Path | None = None,
    language: Code = "en",
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> AreaReport:
    """Count and measure buildings per zone.

    Args:
        buildings: A file that ``geoseg predict`` wrote, any polygon file, or a GeoDataFrame.
        output: Files to write as well: .csv, .xlsx, .json, .pdf, or the zones as .gpkg, .geojson,
            .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .dxf or .pmtiles. The GeoPackage of the
            buildings itself gets the zones as a layer.
        layer: Layer of the buildings; None takes ``buildings`` or the only one.
        zones: Polygons of any CRS, as a file or a GeoDataFrame; None: the whole area.
        zones_layer: Layer of ``zones``, where there are several.
        name_column: Column of ``zones`` that names them; None guesses.
        grid: Cell size instead of ``zones``, such as ``"500m"``.
        h3: Resolution of H3 cells instead of ``zones``, 0 to 15.
        sizes: Limits of the size classes in m2, rising; None takes 20, 50, 100, 200, 500, 1000.
        overlaps: ``"first"`` counts what overlapping zones share for the first of them;
            ``"refuse"`` raises.
        sample: Polygons of all real buildings in ``sample_areas``, for corrected totals.
        sample_layer: Layer of ``sample``, where there are several.
        sample_areas: Plots chosen at random and labelled in full.
        sample_areas_layer: Layer of ``sample_areas``, where there are several.
        raster: An orthophoto for the map of the page, or several: later ones lie on top.
        html: A page to write: maps, charts and tables.
        language: Of pages, PDFs and workbooks: ``"en"``, ``"de"``, ``"fr"``, ``"es"`` or ``"pt"``. What
            programs read (CSV, JSON, layers) is the same in all.
        overwrite: Replace outputs that are there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.
        progress: Called with a ``ProgressReport`` as buildings are read.

    Returns:
        The figures: ``table`` has one row per zone and the last row ``total``, ``notes`` what the
        reader should know, ``provenance`` how the figures were made.

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.export.zoom import check_zoom
    from geoseg.files.target import paths_of, with_page
    from geoseg.languages.language import language_of
    from geoseg.progress import heard
    from geoseg.statistics.build import build_report
    from geoseg.statistics.options import ReportOptions
    from geoseg.statistics.write import open_outputs, write_report

    check_zoom(zoom, *paths_of(output))
    spoken, rasters = language_of(language), paths_of(raster)
    options = ReportOptions(
        zones=zones, zones_layer=zones_layer, name_column=name_column, grid=grid, h3=h3,
        sizes=None if sizes is None else tuple(sizes), overlaps=overlaps,
        sample=sample, sample_layer=sample_layer,
        sample_areas=sample_areas, sample_areas_layer=sample_areas_layer,
        rasters=rasters, layer=layer,
    )  # fmt: skip
    read = [zones, sample, sample_areas, *rasters]
    outputs = open_outputs(with_page(output, html), buildings, read, overwrite=overwrite)
    with heard(progress) as told:
        result = build_report(buildings, options, told)
    for path in outputs:
        write_report(result, path, spoken, zoom=zoom)
    return result

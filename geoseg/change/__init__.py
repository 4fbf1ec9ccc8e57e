"""What changed between two dates: ``geoseg.compare(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.change.build import Comparison
    from geoseg.languages.language import Code
    from geoseg.models.loading import ModelSpec
    from geoseg.progress import Progress
    from geoseg.raster.given import Raster
    from geoseg.settings import Precision, Runtime
    from geoseg.upkeep.looking import Maps
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def compare(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    old: VectorInput,
    new: VectorInput,
    output: str | Path | Sequence[str | Path] | None = None,
    *,
    old_layer: str | None = None,
    new_layer: str | None = None,
    zones: VectorInput | None = None,
    zones_layer: str | None = None,
    name_column: str | None = None,
    grid: str | None = None,
    h3: int | None = None,
    unchanged_iou: float = 0.5,
    match_iou: float = 0.1,
    likely: bool = False,
    old_raster: Raster | Sequence[Raster] | None = None,
    new_raster: Raster | Sequence[Raster] | None = None,
    old_maps: Maps | None = None,
    new_maps: Maps | None = None,
    age_years: float = 5.0,
    sure: float = 0.9,
    recall: float | None = None,
    model: ModelSpec = "default",
    tta: bool | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    html: str | Path | None = None,
    language: Code = "en",
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Find new, gone and changed buildings.

    Args:
        old: Buildings of the earlier date: a file or a GeoDataFrame.
        new: Buildings of the later date.
        output: Files to write as well: .csv, .xlsx, .json, .pdf, or the buildings with what became
            of them as .gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .dxf or .pmtiles; a
            GeoPackage holds the zones too.
        old_layer: Layer of ``old``; None takes ``buildings`` or the only one.
        new_layer: Layer of ``new``; None takes ``buildings`` or the only one.
        zones: Polygons of any CRS, as a file or a GeoDataFrame; None: the whole area.
        zones_layer: Layer of ``zones``, where there are several.
        name_column: Column of ``zones`` that names them; None guesses.
        grid: Cell size instead of ``zones``, such as ``"500m"``.
        h3: Resolution of H3 cells instead of ``zones``, 0 to 15.
        unchanged_iou: From this intersection over union on, a building counts as unchanged.
        match_iou: From this on, two outlines are the same building, perhaps changed.
        likely: Tell changes from what two runs over unchanged ground differ by anyway: columns
            ``p_noise``, the probability that a row is no change, and ``likely`` for those that stand out.
        old_raster: Imagery of ``old``: the model looks under new buildings, whether nothing stood there.
        new_raster: Imagery of ``new``: the model looks under gone ones, whether nothing stands there.
        old_maps: The same from anything with the method of ``geoseg.upkeep.looking.Maps``.
        new_maps: The same for the later date.
        age_years: Years between the dates: how much may have changed.
        sure: Share of those that stand out which are to be changes.
        recall: Share of standing buildings that each layer holds, as ``evaluate`` tells; None: not known.
        model: What looks at the rasters; a model of maps.
        tta: Average its maps over two views of the image; None: as its file says of such an image.
        device: Where the model runs.
        precision: Of its arithmetic.
        runtime: What runs it.
        html: A page to write: maps, charts and tables.
        language: Of pages, PDFs and workbooks: ``"en"``, ``"de"``, ``"fr"``, ``"es"`` or ``"pt"``. What
            programs read (CSV, JSON, layers) is the same in all.
        overwrite: Replace outputs that are there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.
        progress: Called with a ``ProgressReport`` as the buildings of each date are read.

    Returns:
        The buildings with what became of them (``changes``) and the figures per zone (``table``).

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.change.build import build_comparison
    from geoseg.change.changes import Limits
    from geoseg.change.likely import Doubts
    from geoseg.change.write import open_outputs, write_comparison
    from geoseg.errors import UsageError
    from geoseg.export.zoom import check_zoom
    from geoseg.files.target import paths_of, with_page
    from geoseg.languages.language import language_of
    from geoseg.languages.said import Said
    from geoseg.progress import heard
    from geoseg.statistics.options import ReportOptions
    from geoseg.upkeep.asked import looking
    from geoseg.upkeep.settings import UpdateSettings
    from geoseg.vectors.buildings import open_buildings

    check_zoom(zoom, *paths_of(output))
    limits, spoken = Limits(unchanged_iou, match_iou), language_of(language)
    options = ReportOptions(
        zones=zones, zones_layer=zones_layer, name_column=name_column, grid=grid, h3=h3
    )
    settings = UpdateSettings(age_years=age_years, sure=sure, recall=recall)
    if not likely and any(
        one is not None for one in (old_raster, new_raster, old_maps, new_maps, recall)
    ):
        raise UsageError(
            "imagery, maps and recall tell changes from noise; add --likely (likely=True)"
        )
    inputs = (old, new, zones, old_raster, new_raster, old_maps, new_maps)
    outputs = open_outputs(with_page(output, html), inputs, overwrite=overwrite)
    earlier = open_buildings(old, old_layer, Said("buildings of the earlier date"))
    later = open_buildings(new, new_layer, Said("buildings of the later date"))
    on = device, precision, runtime
    doubts = None
    if likely:
        doubts = Doubts(
            settings,
            looking(old_raster, old_maps, model, on, tta),
            looking(new_raster, new_maps, model, on, tta),
        )
    with heard(progress) as told:
        result = build_comparison(earlier, later, options, limits, told, doubts)
    for path in outputs:
        write_comparison(result, path, spoken, zoom=zoom)
    return result

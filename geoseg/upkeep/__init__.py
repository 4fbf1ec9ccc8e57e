"""An old layer of buildings, brought up to date: ``geoseg.update(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.models.loading import ModelSpec
    from geoseg.progress import Progress
    from geoseg.raster.given import Raster
    from geoseg.settings import Precision, Runtime
    from geoseg.tiles.given import AreaInput
    from geoseg.upkeep.looking import Maps
    from geoseg.upkeep.outcome import Updated
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def update(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    old: VectorInput,
    new: VectorInput,
    output: str | Path | None = None,
    *,
    old_layer: str | None = None,
    new_layer: str | None = None,
    id_column: str | None = None,
    eaves_m: float = 0.6,
    tolerance_m: float = 1.0,
    moved_m: float = 2.0,
    quarter_m: float = 500.0,
    age_years: float = 5.0,
    sure: float = 0.9,
    recall: float | None = None,
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    raster: Raster | Sequence[Raster] | None = None,
    maps: Maps | str | Path | None = None,
    model: ModelSpec = "default",
    tta: bool | None = None,
    josm: str | Path | None = None,
    maproulette: str | Path | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Updated:
    """Bring an older layer of buildings up to date: a cadastre, OSM, or an earlier run.

    Every old row is in the result, in its place, with all its columns and, unless it changed or moved,
    its geometry to the last bit; new buildings follow. What is not sure is decided by nobody but listed.

    Args:
        old: The older layer: a vector file or a GeoDataFrame, in any CRS. The result is in this CRS.
        new: What ``predict`` found, or any newer layer; ``confidence``, ``at_edge``, ``height_m`` and
            ``building_id`` are used where they are there.
        output: File to write (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .csv, .dxf or
            .pmtiles): the rows as its first layer, ``buildings``; a GeoPackage also holds ``review``,
            what a person should look at, and ``shifts``. None writes nothing.
        old_layer: Layer of ``old``, where there are several; None takes ``buildings`` or the only one.
        new_layer: Layer of ``new``.
        id_column: Column of ``old`` that tells rows apart; None: found by its name.
        eaves_m: How far roofs may stand out over walls, metres.
        tolerance_m: Differences of outlines that are no thicker than this, metres, are drawing.
        moved_m: A building has moved from this on, metres, beyond the shift of its quarter.
        quarter_m: Side of the quarters that have a shift of their own, metres.
        age_years: Years between the two layers: how much may have changed.
        sure: Probability from which gone and new are decided; the rest is for people to look at.
        recall: Share of standing buildings that the new layer holds, as ``evaluate`` tells; None: not
            known.
        aoi: Where the new layer is complete: a file, GeoDataFrame, geometry or bounds; old buildings
            elsewhere are unseen. None: as far as the layer ``extent`` of ``new`` says.
        aoi_layer: Layer of the file ``aoi``.
        raster: The imagery of ``new``: the model looks under old outlines that were not found, which
            tells those not found from those not there.
        maps: The same from maps that ``geoseg.maps`` stored of it, and no network runs: their folder, or
            the .tif made of it; or anything with the method of ``geoseg.upkeep.looking.Maps``. Not
            together with ``raster``.
        model: What looks at ``raster``; a model of maps.
        tta: Average its maps over two views of the image; None: as its file says of such an image.
        josm: GeoJSON for JOSM to write as well: proposals for OpenStreetMap.
        maproulette: Line-by-line GeoJSON for MapRoulette to write as well, a task per decision.
        device: Where the model runs.
        precision: Of its arithmetic.
        runtime: What runs it.
        overwrite: Replace outputs that are there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.
        progress: Called with a ``ProgressReport`` now and then.

    Returns:
        The rows, what to look at, the shifts, and counts.

    Raises:
        GeosegError: an input cannot be used, or an output not be written; the message is one sentence.
    """
    from geoseg.export.zoom import check_zoom
    from geoseg.progress import heard
    from geoseg.upkeep.asked import looking
    from geoseg.upkeep.build import Asked, build_update
    from geoseg.upkeep.new import read_new
    from geoseg.upkeep.old import read_old
    from geoseg.upkeep.proposing import write_josm, write_maproulette
    from geoseg.upkeep.rows import without_earlier
    from geoseg.upkeep.settings import UpdateSettings
    from geoseg.upkeep.writing import open_outputs, require_columns, with_output, write_update

    settings = UpdateSettings(
        eaves_m=eaves_m, tolerance_m=tolerance_m, moved_m=moved_m, quarter_m=quarter_m,
        age_years=age_years, sure=sure, recall=recall,
    )  # fmt: skip
    check_zoom(zoom, output)
    inputs = (old, new, aoi, raster, maps)
    target = open_outputs(output, (josm, maproulette), inputs, overwrite=overwrite)
    before = without_earlier(read_old(old, old_layer, id_column))
    require_columns(before, target)
    maps = looking(raster, maps, model, (device, precision, runtime), tta)
    with heard(progress) as told:
        asked = Asked(settings, maps, aoi, aoi_layer)
        result = build_update(before, read_new(new, new_layer), asked, told)
    del before
    if target is not None:
        write_update(result, target, zoom=zoom)
        result = with_output(result, Path(str(output)))
    if josm is not None:
        write_josm(result, Path(josm))
    if maproulette is not None:
        write_maproulette(result, Path(maproulette))
    return result

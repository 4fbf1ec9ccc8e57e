"""The main job as one function: what is given is checked, loaded and run."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from geoseg.errors import UsageError
from geoseg.keywords import checked_keywords
from geoseg.settings import (
    CLUSTER_TIMEOUT_S,
    MIN_AREA_M2,
    MIN_HEIGHT_M,
    STRIP_PX,
    Precision,
    PredictSettings,
    Runtime,
)
from geoseg.types import HeightUnit, Shape

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.models.choice import ModelChoice
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress
    from geoseg.raster.given import Nodata, Raster, RasterInput
    from geoseg.reviewing.keeping import Checked
    from geoseg.run.each import RasterOutcomes
    from geoseg.run.options import PredictOptions
    from geoseg.run.rising import Rising
    from geoseg.run.spread.crew import Crew
    from geoseg.run.summary import Summary
    from geoseg.tiles.given import AreaInput, GivenArea

_log = logging.getLogger(__name__)

_BY_RASTER = ("source", "output", "skip_existing", "resume")
"""What differs from raster to raster where each has an output of its own; all else they share."""


@overload
def predict(
    source: RasterInput, output: None = None, **options: Unpack[PredictOptions]
) -> gpd.GeoDataFrame: ...


@overload
def predict(
    source: RasterInput, output: str | os.PathLike[str], **options: Unpack[PredictOptions]
) -> Summary | RasterOutcomes: ...


@checked_keywords
def predict(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    source: RasterInput,
    output: str | os.PathLike[str] | None = None,
    *,
    model: str | os.PathLike[str] | DenseModel | InstanceModel = "default",
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: tuple[float, float] | None = None,
    nodata: Nodata | Sequence[Nodata] | None = None,
    keep_blank: bool = False,
    tile_px: int | None = None,
    overlap_px: int | None = None,
    strip_px: int = STRIP_PX,
    batch: int | None = None,
    readers: int = 1,
    workers: int | None = None,
    executor: Executor | None = None,
    cluster: str | os.PathLike[str] | None = None,
    cluster_timeout_s: float = CLUSTER_TIMEOUT_S,
    any_processor: bool = False,
    maps: str | os.PathLike[str] | None = None,
    min_area_m2: float = MIN_AREA_M2,
    min_confidence: float | None = None,
    tta: bool | None = None,
    shape: Shape = "regularized",
    date: str | dt.date | None = None,
    skip_errors: bool = False,
    dsm: Raster | None = None,
    dtm: Raster | None = None,
    ndsm: Raster | None = None,
    height_unit: HeightUnit | None = None,
    min_height_m: float = MIN_HEIGHT_M,
    nir: int | None = None,
    keep_reviewed: str | os.PathLike[str] | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: bool = False,
    project: bool = False,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
    resume: bool = False,
    skip_existing: bool = False,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame | Summary | RasterOutcomes:
    """Find the buildings of a mosaic.

    Args:
        source: A raster, or several that form one mosaic: file, pattern such as "tiles/*.tif", VRT or
            address, or an open rasterio dataset, which is opened anew by its name.
        output: File to write (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .csv,
            .dxf or .pmtiles); None returns a GeoDataFrame. A folder
            that exists, or a text that ends in a slash: one GeoPackage per raster, named after it; no
            mosaic then, and a failure of one raster does not stop the others.
        model: "default", the built-in model; the path of a .safetensors file, a text for another library's model such
            as "yolo:best.pt", or an object with the methods of ``DenseModel`` or ``InstanceModel``.
        aoi: Area of interest: only buildings whose representative point lies inside, the same as
            those of a run over everything. A vector file, GeoDataFrame or GeoSeries of any CRS; or a
            shapely geometry, or bounds (minx, miny, maxx, maxy), in the CRS of the first raster.
        aoi_layer: Layer of the file ``aoi``, where it has several.
        gsd_m: Pixel size to analyse at, metres; None: native pixels where the model's range allows.
        bands: Numbers of the red, green and blue band, from 1, or of one band; None: by colour
            interpretation.
        stretch: Values shown as black and white; None: 2nd and 98th percentile, for 8 bits as they
            are.
        nodata: Numbers that are no image, besides what the files declare: one, or several; for all
            bands, or as a tuple for red, green and blue: ``0``, ``(0, 255)``, ``[(255, 0, 0)]``.
        keep_blank: Take large areas of one extreme number as image; otherwise they are found, said
            and left out even where no nodata value declares them.
        tile_px: Side of the window the network sees; None: chosen from the model's halo.
        overlap_px: Context around a tile's core, to each side; None: the model's halo.
        strip_px: Rows decoded at a time; never changes the result.
        batch: Tiles per call of the network; None: chosen for the device.
        readers: Threads that read the raster; never changes the result.
        workers: Processes of this machine that look at tiles and finish outlines; 1: this one alone; None: this
            one looks, and where that pays others finish outlines. Never changes the result.
        executor: Whoever does that instead: any ``concurrent.futures.Executor``, such as Dask's
            ``client.get_executor()``; its workers read the raster by its path or address. Never changes
            the result, either.
        cluster: A Dask cluster that does it: the address of its scheduler, such as "tcp://host:8786", or
            the path of its JSON file.
        cluster_timeout_s: How long a cluster may take until its first worker is there, or another once all are gone, seconds.
        any_processor: Take workers on other kinds of processor, which round otherwise; the record says so.
        maps: A folder of maps that ``geoseg.maps`` stored of this raster: no network runs.
        min_area_m2: Smaller buildings are dropped and counted.
        min_confidence: Buildings with a lower confidence, 0..1 as it is written, are dropped and
            counted; None: the model's own limit.
        tta: Average the maps over the image and its half turn, twice the work; None: as the
            model's file says of such a photo.
        shape: "regularized": straight walls; "simplified": fewer vertices; "raw": pixel edges.
        date: Day on which the imagery was taken, a date or "2024-05-17", for the column ``image_date``;
            None: as each raster states it.
        skip_errors: Go on where blocks cannot be read; they count as invalid and as failed.
        dsm: Surface model: candidates that do not rise are dropped and counted as flat, faint ones that
            rise as buildings do are kept, and heights are added as by ``add_heights``.
        dtm: Terrain model to it; None: the ground is found around each building.
        ndsm: Heights above ground, instead of the two.
        height_unit: Unit of their numbers; None: as they state, else metres.
        min_height_m: With a surface, candidates that rise by less are dropped; 0: none.
        nir: With a surface, number of the photo's band of near infrared, from 1, which tells trees; None:
            as each raster states by colour interpretation, name or wavelength, if it has one.
        keep_reviewed: A file by ``geoseg review`` in which somebody has worked: buildings said to be right,
            redrawn or added go into the result with id and outline; what is found in their place, where
            ``wrong`` was said or in checked plots is dropped and counted.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps"; a model object keeps its own. Several of one kind,
            such as "cuda:0,cuda:1": a worker process for each.
        precision: "auto", "fp32", "bf16" or "int8"; a model object keeps its own.
        runtime: "auto", "torch", "openvino" or "onnxruntime"; a model object keeps its own.
        exact: Refuse a model that certification does not find exact.
        project: Put a QGIS project into the GeoPackage, the rasters beneath the buildings, as
            ``geoseg.project`` does.
        overwrite: Replace ``output`` if it is there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.
        resume: Go on with an interrupted run to the same ``output``.
        skip_existing: Leave rasters whose output is there; only where ``output`` is a folder.
        progress: Called with a ``ProgressReport`` after every row of tiles.

    Returns:
        A GeoDataFrame with the contract's columns, in the CRS of the first raster, whose
        ``attrs["geoseg"]`` say how it was made, and ``attrs["geoseg_extent"]`` what was observed; with
        ``output`` the run's ``Summary``; of a folder one outcome per raster, with its summary or its error.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with input and output.
    """
    given = {name: value for name, value in locals().items() if name not in _BY_RASTER}
    from geoseg.export.zoom import check_zoom
    from geoseg.files.target import require_other
    from geoseg.models.choice import ModelChoice
    from geoseg.progress import heard
    from geoseg.raster.given import raster_names
    from geoseg.run.claim import claimed
    from geoseg.run.composing import Composing
    from geoseg.run.each import is_folder
    from geoseg.run.spread.crew import Crew
    from geoseg.run.spread.devices import devices_of
    from geoseg.tiles.tally import Tally

    tally = Tally()
    settings = PredictSettings.of(
        gsd_m=gsd_m, bands=bands, stretch=stretch, nodata=nodata, keep_blank=keep_blank,
        tile_px=tile_px, overlap_px=overlap_px,
        strip_px=strip_px, batch=batch, readers=readers, min_area_m2=min_area_m2,
        min_confidence=min_confidence, tta=tta, shape=shape, date=date, skip_errors=skip_errors,
    )  # fmt: skip
    check_zoom(zoom, None if output is None else Path(output))
    _check_output(output, project=project, resume=resume)
    devices = devices_of(device, model)
    choice = ModelChoice(model, devices[0], precision, runtime, tta=tta, exact=exact)
    crew = Crew(workers, executor, cluster, cluster_timeout_s, devices)
    if output is not None and is_folder(output):
        if maps is not None:
            raise UsageError("maps are of one mosaic; name a file as the output, not a folder")
        folder = Path(output)
        return _each(
            choice, crew, source, folder, given, skip_existing=skip_existing, resume=resume
        )
    if skip_existing:
        raise UsageError("skip_existing is for a folder of outputs; end its name in a slash")
    names = raster_names(source)
    crew.require_seen(names)
    if output is not None:
        require_other(Path(output), [*names, aoi, keep_reviewed, dsm, dtm, ndsm])
    claim = nullcontext() if output is None else claimed(Path(output), overwrite, resume=resume)
    with claim as lock, heard(progress) as told, crew.hired() as hands:
        composing = Composing(
            rasters=names,
            area=_area(aoi, aoi_layer),
            choice=choice,
            settings=settings,
            rising=_rising(dsm, dtm, ndsm, unit=height_unit, least_m=min_height_m, nir=nir),
            maps=None if maps is None else Path(maps),
            zoom=zoom,
            checked=_checked(keep_reviewed),
            any_processor=any_processor,
            help_drawing=crew.is_open,
        )
        with composing.run(hands, tally) as run:
            if lock is None:
                return run.to_frame(told)
            summary = run.to_file(lock, told, resume=resume)
        if project:
            _add_project(Path(summary.output))
        return summary


def _check_output(output: str | os.PathLike[str] | None, *, project: bool, resume: bool) -> None:
    """Refuse what the output cannot do.

    Raises:
        UsageError: naming it.
    """
    from geoseg.run.each import is_folder

    if project and (output is None or not (is_folder(output) or _is_geopackage(output))):
        raise UsageError("a project is stored in a GeoPackage: name an output that ends in .gpkg")
    if output is None and resume:
        raise UsageError("resume=True needs an output: without one nothing is kept to go on with")


def _each(
    choice: ModelChoice,
    crew: Crew,
    source: RasterInput,
    folder: Path,
    given: dict[str, Any],
    *,
    skip_existing: bool,
    resume: bool,
) -> RasterOutcomes:
    """One run per raster; they share the model and whoever works for them."""
    from geoseg.raster.given import raster_names
    from geoseg.run.each import predict_each

    model, names = choice.found(), raster_names(source)
    crew.require_seen(names)
    with crew.hired() as hands:
        alone = None if crew.is_open else 1
        theirs = {"workers": alone, "cluster": None, "executor": hands, "device": choice.device}
        each = partial(predict, **{**given, "model": model, **theirs})
        return predict_each(names, folder, each, skip_existing=skip_existing, resume=resume)


def _area(aoi: AreaInput | None, layer: str | None) -> GivenArea | None:
    """Where buildings are wanted; None: everywhere."""
    if aoi is None and layer is None:
        return None
    from geoseg.tiles.given import GivenArea

    return GivenArea.of(aoi, layer)


def _rising(  # what predict was given
    dsm: Raster | None,
    dtm: Raster | None,
    ndsm: Raster | None,
    *,
    unit: HeightUnit | None,
    least_m: float,
    nir: int | None,
) -> Rising | None:
    """The surface that is asked in the end; None without one."""
    if dsm is dtm is ndsm is None:
        if nir is not None:
            raise UsageError(
                "--nir (nir) tells trees among what a surface model shows; give one with --dsm or --ndsm"
            )
        return None
    from geoseg.heights.finding import HeightInput
    from geoseg.run.rising import Rising

    return Rising.of(HeightInput(dsm, dtm, ndsm, unit), least_m, nir)


def _checked(given: str | os.PathLike[str] | None) -> Checked | None:
    """What people checked; None where nothing is to be kept."""
    if given is None:
        return None
    from geoseg.reviewing.keeping import read_checked

    checked = read_checked(Path(given))
    for note in checked.notes:
        _log.warning("%s", note)
    return checked


def _is_geopackage(output: str | os.PathLike[str]) -> bool:
    return Path(output).suffix.lower() == ".gpkg"


def _add_project(output: Path) -> None:
    """Put a QGIS project into the file of a run that is complete."""
    from geoseg.projects import project

    for note in project(output, overwrite=True).notes:
        _log.warning("the QGIS project: %s", note)

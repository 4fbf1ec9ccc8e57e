"""The main job as one function: what is given is checked, loaded and run."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, overload

from geoseg.errors import UsageError
from geoseg.keywords import checked_keywords
from geoseg.machine import freed_memory_kept, memory_errors
from geoseg.settings import MIN_AREA_M2, STRIP_PX, Precision, PredictSettings, Runtime
from geoseg.types import Shape

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress
    from geoseg.raster.given import RasterInput
    from geoseg.run.summary import Summary
    from geoseg.tiles.given import AreaInput

_log = logging.getLogger(__name__)

LESS_MEMORY = "choose smaller tiles (--tile 512), close other programs, or use a larger machine"
"""What to do when a run does not fit into memory."""


@overload
def predict(
    source: RasterInput,
    output: None = None,
    *,
    model: str | os.PathLike[str] | DenseModel | InstanceModel = "default",
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: tuple[float, float] | None = None,
    tile_px: int | None = None,
    overlap_px: int | None = None,
    strip_px: int = STRIP_PX,
    batch: int | None = None,
    readers: int = 1,
    min_area_m2: float = MIN_AREA_M2,
    min_confidence: float | None = None,
    tta: bool | None = None,
    shape: Shape = "regularized",
    skip_errors: bool = False,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame: ...


@overload
def predict(
    source: RasterInput,
    output: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] | DenseModel | InstanceModel = "default",
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: tuple[float, float] | None = None,
    tile_px: int | None = None,
    overlap_px: int | None = None,
    strip_px: int = STRIP_PX,
    batch: int | None = None,
    readers: int = 1,
    min_area_m2: float = MIN_AREA_M2,
    min_confidence: float | None = None,
    tta: bool | None = None,
    shape: Shape = "regularized",
    skip_errors: bool = False,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Summary: ...


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
    tile_px: int | None = None,
    overlap_px: int | None = None,
    strip_px: int = STRIP_PX,
    batch: int | None = None,
    readers: int = 1,
    min_area_m2: float = MIN_AREA_M2,
    min_confidence: float | None = None,
    tta: bool | None = None,
    shape: Shape = "regularized",
    skip_errors: bool = False,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame | Summary:
    """Find the buildings of a mosaic.

    Args:
        source: A raster, or several that form one mosaic: file, VRT or address, or an open rasterio
            dataset, which is opened anew by its name.
        output: File to write (.gpkg, .geojson, .fgb, .parquet); None returns a GeoDataFrame.
        model: "default", the path of a .safetensors file, a text for another library's model such
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
        tile_px: Side of the window the network sees; None: chosen from the model's halo.
        overlap_px: Context around a tile's core, to each side; None: the model's halo.
        strip_px: Rows decoded at a time; never changes the result.
        batch: Tiles per call of the network; None: chosen for the device.
        readers: Threads that read the raster; never changes the result.
        min_area_m2: Smaller buildings are dropped and counted.
        min_confidence: Buildings with a lower confidence, 0..1 as it is written, are dropped and
            counted; None: the model's own limit.
        tta: Average the maps over flips of the image, four times the work; None: if the model's
            thresholds were chosen so.
        shape: "regularized": straight walls; "simplified": fewer vertices; "raw": pixel edges.
        skip_errors: Go on where blocks cannot be read; they count as invalid and as failed.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps"; a model object keeps its own.
        precision: "auto", "fp32", "bf16" or "int8"; a model object keeps its own.
        runtime: "auto", "torch", "openvino" or "onnxruntime"; a model object keeps its own.
        exact: Refuse a model that certification does not find exact.
        overwrite: Replace ``output`` if it is there already.
        resume: Go on with an interrupted run to the same ``output``.
        progress: Called with a ``ProgressReport`` after every row of tiles.

    Returns:
        A GeoDataFrame with the contract's columns, in the CRS of the first raster, whose
        ``attrs["geoseg"]`` say how it was made; with ``output`` the run's ``Summary``.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with input and output.
    """
    from geoseg.tiles.tally import Tally

    tally = Tally()
    settings = PredictSettings.of(
        gsd_m=gsd_m, bands=bands, stretch=stretch, tile_px=tile_px, overlap_px=overlap_px,
        strip_px=strip_px, batch=batch, readers=readers, min_area_m2=min_area_m2,
        min_confidence=min_confidence, tta=tta, shape=shape, skip_errors=skip_errors,
    )  # fmt: skip
    if output is None and resume:
        raise UsageError("resume=True needs an output: without one nothing is kept to go on with")
    from geoseg.models import load_model
    from geoseg.models.averaged import averaged_if
    from geoseg.models.exactness import check_exactness
    from geoseg.models.traits import Traits
    from geoseg.progress import heard
    from geoseg.raster.given import raster_names
    from geoseg.run.claim import claimed
    from geoseg.run.composed import Run
    from geoseg.tiles.given import GivenArea

    claim = nullcontext() if output is None else claimed(Path(output), overwrite, resume=resume)
    with claim as lock, heard(progress) as told:
        rasters, area = raster_names(source), GivenArea.of(aoi, aoi_layer)
        loaded = load_model(model, device=device, precision=precision, runtime=runtime)
        check_exactness(loaded, required=exact)
        loaded = averaged_if(loaded, tta)
        traits, record = Traits.of(loaded), None if area is None else area.record
        _log.info(
            "model: %s (%s) on %s in %s by %s, %s", traits.name,
            traits.sha256[:12] or traits.class_name, traits.device or "a device of its own",
            traits.precision or "a precision of its own", traits.runtime or "a runtime of its own",
            "averaged over flips" if traits.averaged else "without flips",
        )  # fmt: skip
        settings = settings.model_copy(update={"tta": traits.averaged, "aoi": record})
        run = Run.prepare(rasters, loaded, settings, area, tally)
        keeping = freed_memory_kept() if traits.device_kind == "cpu" else nullcontext()
        with run.mosaic, keeping, memory_errors(LESS_MEMORY):
            if lock is None:
                return run.to_frame(told)
            return run.to_file(lock, told, resume=resume)

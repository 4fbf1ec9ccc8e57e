"""What a run would do, without running it: ``geoseg.info(...)``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from geoseg.keywords import checked_keywords
from geoseg.settings import Precision, PredictSettings, Runtime

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.models.traits import Traits
    from geoseg.preview.describe import MosaicInfo
    from geoseg.raster.given import Nodata, RasterInput
    from geoseg.tiles.given import AreaInput

    Model = DenseModel | InstanceModel


@checked_keywords
def info(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    source: RasterInput,
    *,
    model: str | os.PathLike[str] | DenseModel | InstanceModel = "default",
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: tuple[float, float] | None = None,
    nodata: Nodata | Sequence[Nodata] | None = None,
    keep_blank: bool = False,
    tile_px: int | None = None,
    overlap_px: int | None = None,
    tta: bool | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    aoi: AreaInput | None = None,
    aoi_layer: str | None = None,
    measure: bool = False,
) -> MosaicInfo:
    """Look at a mosaic, and tell what ``geoseg.predict`` would do with it.

    Args:
        source: A raster, or several that form one mosaic; see ``geoseg.predict``.
        model: Any that ``geoseg.predict`` takes. Of geoseg's own model files the header alone is
            read, unless ``measure`` is asked for.
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
        tta: Average the maps over the image and its half turn; None: as the
            model's file says.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps", of the run to come.
        precision: "auto", "fp32", "bf16" or "int8"; the same.
        runtime: "auto", "torch", "openvino" or "onnxruntime"; the same.
        aoi: Area of interest, as ``geoseg.predict`` takes it: its tiles alone are counted, and services
            are cut to it.
        aoi_layer: Layer of the file ``aoi``, where it has several.
        measure: Run the model on one tile, to say how long a run takes; otherwise that is what
            ``geoseg.bench`` found for this model on this machine, or reckoned.

    Returns:
        The rasters, the analysis grid, tiles, what would run the network, time, and warnings.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with the input.
    """
    settings = PredictSettings.of(
        gsd_m=gsd_m, bands=bands, stretch=stretch, nodata=nodata, keep_blank=keep_blank,
        tile_px=tile_px, overlap_px=overlap_px, tta=tta,
    )  # fmt: skip
    from geoseg.preview.describe import describe
    from geoseg.preview.pace import Asked, Pace
    from geoseg.raster.given import raster_names
    from geoseg.raster.services import cut_services, refuse_services
    from geoseg.tiles.given import GivenArea

    rasters, area = raster_names(source), GivenArea.of(aoi, aoi_layer)
    if area is None:
        refuse_services(rasters)
    where = {"device": device, "precision": precision, "runtime": runtime}
    traits, loaded = _known(model, where, load=measure)
    if area is not None:
        rasters = cut_services(rasters, area.of_services(gsd_m, traits.gsd_m))
    pace = None if measure else Pace.kept(Asked(traits.sha256, **where))
    return describe(rasters, traits, settings, area=area, loaded=loaded, measure=measure, pace=pace)


def _known(
    model: str | os.PathLike[str] | Model,
    where: dict[str, Any],
    *,
    load: bool,
) -> tuple[Traits, Model | None]:
    """What is known of a model, and the model itself where it had to be loaded."""
    from geoseg.models.adapters import is_adapter_spec
    from geoseg.models.loading import foreseen_traits, load_model
    from geoseg.models.traits import Traits

    if isinstance(model, str | os.PathLike) and not (load or is_adapter_spec(os.fspath(model))):
        return foreseen_traits(model, **where), None
    loaded = load_model(model, **where)
    return Traits.of(loaded), loaded

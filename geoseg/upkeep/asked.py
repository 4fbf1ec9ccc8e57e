"""Who looks under outlines: maps that are given, or a model over rasters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.models.loading import ModelSpec
    from geoseg.raster.given import Raster
    from geoseg.settings import Precision, Runtime
    from geoseg.upkeep.looking import Maps


def looking(
    raster: Raster | Sequence[Raster] | None,
    maps: Maps | None,
    model: ModelSpec,
    on: tuple[str, Precision, Runtime],
    tta: bool | None,
) -> Maps | None:
    """What looks under outlines; None: nothing does.

    Args:
        raster: Imagery for the model.
        maps: What knows without one.
        model: A model of maps.
        on: Device, precision and runtime.
        tta: Whether maps are averaged over flips.

    Raises:
        UsageError: both are given, or the maps are none.
    """
    from geoseg.upkeep.looking import Maps as Looking
    from geoseg.upkeep.looking import RasterMaps

    if maps is not None and raster is not None:
        raise UsageError("raster and maps exclude each other; give one of them")
    if maps is not None and not isinstance(maps, Looking):
        raise UsageError(
            f"maps needs the method under(outlines, crs, progress); {type(maps).__name__} has none"
        )
    if raster is None:
        return maps
    from geoseg.models import load_model
    from geoseg.models.averaged import averaged_if
    from geoseg.raster.given import raster_names
    from geoseg.settings import PredictSettings

    device, precision, runtime = on
    loaded = load_model(model, device=device, precision=precision, runtime=runtime)
    return RasterMaps.of(raster_names(raster), averaged_if(loaded, tta), PredictSettings.of())

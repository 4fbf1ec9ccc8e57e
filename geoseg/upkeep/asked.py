"""Who looks under outlines: maps that are given, or a model over rasters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.models.loading import ModelSpec
    from geoseg.raster.given import Raster
    from geoseg.settings import Precision, Runtime
    from geoseg.upkeep.looking import Maps


def looking(
    raster: Raster | Sequence[Raster] | None,
    maps: Maps | str | Path | None,
    model: ModelSpec,
    on: tuple[str, Precision, Runtime],
    tta: bool | None,
) -> Maps | None:
    """What looks under outlines; None: nothing does.

    Args:
        raster: Imagery for the model.
        maps: What knows without one, or a folder of stored maps.
        model: A model of maps.
        on: Device, precision and runtime.
        tta: Whether maps are averaged over two views.

    Raises:
        UsageError: both are given, the maps are none, the imagery is such maps, or a model is described
            that looks at nothing.
    """
    from geoseg.upkeep.looking import Maps as Looking
    from geoseg.upkeep.looking import RasterMaps

    if maps is not None and raster is not None:
        raise UsageError(
            "--raster (raster) and --maps (maps) exclude each other; give the imagery or what was stored of it"
        )
    if raster is None:
        _require_nothing_of_models(maps, model, on, tta)
    if isinstance(maps, (str, Path)):
        from geoseg.upkeep.stored import stored_maps

        return stored_maps(Path(maps))
    if maps is not None and not isinstance(maps, Looking):
        raise UsageError(
            "maps needs the method under(outlines, crs, progress), or is a folder of stored maps; "
            f"{type(maps).__name__} is neither"
        )
    if raster is None:
        return maps
    from geoseg.models import load_model
    from geoseg.raster.given import raster_names
    from geoseg.settings import PredictSettings
    from geoseg.upkeep.stored import require_photos

    names = raster_names(raster)
    require_photos(names)
    device, precision, runtime = on
    loaded = load_model(model, device=device, precision=precision, runtime=runtime)
    return RasterMaps.of(names, loaded, PredictSettings.of(tta=tta))


def _require_nothing_of_models(
    maps: object, model: ModelSpec, on: tuple[str, Precision, Runtime], tta: bool | None
) -> None:
    """Refuse what would be passed over: without imagery no model looks at anything.

    Raises:
        UsageError: naming what was given.
    """
    device, precision, runtime = on
    given = {
        "--model (model)": model != "default",
        "--tta (tta)": tta is not None,
        "--device (device)": device != "auto",
        "--precision (precision)": precision != "auto",
        "--runtime (runtime)": runtime != "auto",
    }
    named = [name for name, is_given in given.items() if is_given]
    if named:
        why = "no model looks at any imagery" if maps is None else "the maps are there already"
        raise UsageError(f"leave out {' and '.join(named)}: {why}; it belongs to --raster (raster)")

"""The main job as one function: what is given is checked, loaded and run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from geoseg.errors import OutputExistsError, UsageError
from geoseg.machine import freed_memory_kept, memory_errors
from geoseg.settings import PredictSettings
from geoseg.summary import Summary, Tally

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress

Source = str | Path | Sequence[str | Path]

LESS_MEMORY = "choose smaller tiles (--tile 512), close other programs, or use a larger machine"
"""What to do when a run does not fit into memory."""


@overload
def predict(source: Source, output: None = None, **options: Any) -> gpd.GeoDataFrame: ...


@overload
def predict(source: Source, output: str | Path, **options: Any) -> Summary: ...


def predict(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    source: Source,
    output: str | Path | None = None,
    *,
    model: str | Path | DenseModel | InstanceModel = "default",
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    exact: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> gpd.GeoDataFrame | Summary:
    """Find the buildings of a mosaic.

    Args:
        source: A raster, or several that form one mosaic: file, VRT or address.
        output: File to write (.gpkg, .geojson, .fgb, .parquet); None returns a GeoDataFrame.
        model: "default", the path of a .safetensors file, or an object with the methods of
            ``DenseModel`` or ``InstanceModel``.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        precision: "auto", "fp32" or "bf16".
        exact: Refuse a model that certification does not find exact.
        overwrite: Replace ``output`` if it is there already.
        resume: Go on with an interrupted run to the same ``output``.
        progress: Called with a ``ProgressReport`` after every row of tiles.
        **settings: See ``geoseg.settings.PredictSettings``: gsd_m, bands, stretch, tile_px,
            overlap_px, strip_px, batch, workers, aoi, min_area_m2, min_confidence, tta,
            shape, skip_errors.

    Returns:
        A GeoDataFrame with the contract's columns, in the CRS of the first raster; with ``output``
        the run's ``Summary``.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with input and output.
    """
    tally = Tally()
    checked = PredictSettings.of(**settings)
    target = None if output is None else _checked_output(Path(output), overwrite, resume=resume)
    if target is None and resume:
        raise UsageError("resume=True needs an output: without one nothing is kept to go on with")
    from geoseg.models import load_model
    from geoseg.models.averaged import averaged_if
    from geoseg.models.exactness import check_exactness
    from geoseg.models.traits import Traits
    from geoseg.run.composed import Run

    loaded = load_model(model, device=device, precision=precision)
    check_exactness(loaded, required=exact)
    loaded = averaged_if(loaded, checked.tta)
    traits = Traits.of(loaded)
    checked = checked.model_copy(update={"tta": traits.averaged})
    sources = [source] if isinstance(source, str | Path) else list(source)
    run = Run.prepare(sources, loaded, checked, tally)
    on_processor = traits.device_kind == "cpu"
    keeping = freed_memory_kept() if on_processor else nullcontext()
    with run.mosaic, keeping, memory_errors(LESS_MEMORY):
        if target is None:
            return run.to_frame(progress)
        return run.to_file(target, progress, resume=resume)


def _checked_output(path: Path, overwrite: bool, *, resume: bool) -> Path:
    """The output, known to be writable, without the state of another run in the way."""
    from geoseg.export.output import open_output
    from geoseg.run.state.parts import has_state, parts_folder

    # Killed between the last rename and the removal of its state, a run leaves both behind.
    unfinished = resume and has_state(path)
    target = open_output(path, overwrite=overwrite or unfinished)
    if has_state(target) and not (resume or overwrite):
        raise OutputExistsError(
            f"{parts_folder(target)} holds the state of an interrupted run: go on with it by "
            "--resume, or start afresh with --overwrite"
        )
    return target

"""How fast geoseg is on this machine: ``geoseg.bench()``."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import OutputError, UsageError
from geoseg.keywords import checked_keywords
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    from geoseg.checkup.rates import Benchmark
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.preview.pace import Pace
    from geoseg.progress import Progress

_log = logging.getLogger(__name__)

MEGAPIXELS = 3.5
"""Run over by default: six tiles of the usual size."""
MEGAPIXELS_LIMITS = (0.1, 1000.0)
"""Less says nothing, more takes hours."""
MOST_WORKERS = 8
"""Tried by default; more take longer to start than these megapixels take."""


@checked_keywords
def bench(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    raster: str | os.PathLike[str] | None = None,
    *,
    model: str | os.PathLike[str] | DenseModel | InstanceModel = "default",
    megapixels: float = MEGAPIXELS,
    workers: int | None = None,
    tta: bool | None = None,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    keep: bool = True,
    progress: Progress | None = None,
) -> Benchmark:
    """Run over a raster as ``geoseg.predict`` does, and tell how fast it went and what would be faster.

    Other programs should rest meanwhile. The buildings are thrown away.

    Args:
        raster: A raster of the kind that you have; None: a drawing of a town in a temporary folder.
        model: Any that ``geoseg.predict`` takes.
        megapixels: So many of the analysis grid are run over: the middle of a larger raster.
        workers: Also try so many worker processes; None: one per core, at most eight; 1: none.
        tta: Average the maps over the image and its half turn; None: if the model's file says so of such a photo.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps"; a model object keeps its own.
        precision: With "auto" those that round more coarsely are tried as well; the runs are as of
            ``geoseg.predict``.
        runtime: With "auto" the others are tried as well.
        keep: Let ``geoseg.info`` say by it how long runs take on this machine.
        progress: Called with a ``ProgressReport`` after every row of tiles.

    Returns:
        Speeds by stage, number of workers, runtime and precision, memory, and what is best here.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with the input.
    """
    from geoseg.checkup.drawing import errors_alone
    from geoseg.checkup.networks import network_rates
    from geoseg.checkup.rates import Benchmark, advice_on
    from geoseg.checkup.runs import Runs, Subject, crews_to_try
    from geoseg.machine import processor_kind, usable_cores

    low, high = MEGAPIXELS_LIMITS
    if not low <= megapixels <= high:
        raise UsageError(
            f"--megapixels (megapixels) must be from {low:g} to {high:g}, got {megapixels:g}"
        )
    numbers = crews_to_try(workers, most=MOST_WORKERS)
    subject = Subject(model, tta, device, precision, runtime)
    with errors_alone(), tempfile.TemporaryDirectory(prefix="geoseg-bench-") as folder:
        photo = subject.photo(raster, megapixels, Path(folder))
        runs = Runs.of(subject, photo, Path(folder), numbers, progress)
        pace = runs.pace()
    networks = network_rates(subject, averaged=runs.averaged)
    return Benchmark(
        processor=processor_kind(),
        cores=usable_cores(),
        device=subject.traits.device or "a device of its own",
        model=subject.traits.name,
        raster="a drawing of a town" if raster is None else os.fspath(raster),
        megapixels=runs.alone.megapixels,
        gsd_m=runs.alone.gsd_m,
        buildings=runs.alone.buildings,
        stages=runs.stages,
        network_share=runs.network_share,
        crews=runs.crews,
        networks=networks,
        advice=advice_on(runs.crews, networks),
        kept=_kept(pace) if keep and pace is not None else None,
    )


def _kept(pace: Pace) -> str | None:
    """Name of the file; None where there is no place for it, which is no reason to lose the rest."""
    try:
        return str(pace.keep())
    except OutputError as error:
        _log.warning("the result is not kept for geoseg info: %s", error)
        return None

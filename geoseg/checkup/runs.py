"""The runs of a benchmark: as users start them, over a small and a larger raster."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.checkup.drawing import draw_town
from geoseg.checkup.middle import middle_of
from geoseg.checkup.rates import CrewRate, StageRate
from geoseg.machine import usable_cores
from geoseg.models.loading import load_model
from geoseg.models.traits import Traits
from geoseg.preview import info
from geoseg.preview.estimate import reckoned_s
from geoseg.preview.pace import Asked, Pace
from geoseg.raster import Mosaic
from geoseg.run.predicting import predict
from geoseg.run.spread.crew import check_workers
from geoseg.settings import PredictSettings
from geoseg.tiles.cores import CORE_PX
from geoseg.tiles.plan import lay_lattice

if TYPE_CHECKING:
    from geoseg.models.loading import ModelSpec
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress
    from geoseg.run.summary import Summary
    from geoseg.settings import Precision, Runtime

SMALL_PX = 256
"""Side of a drawing whose run takes hardly more than any run does."""
STAGES = {
    "read": "read",
    "model": "network",
    "decode": "decode",
    "vectorize": "finish",
    "write": "write",
}
"""As a run's summary names them, and as they are told."""


def crews_to_try(workers: int | None, *, most: int) -> tuple[int, ...]:
    """Numbers of processes: one first, then those that were asked for.

    Raises:
        UsageError: it is no number of processes.
    """
    number = min(usable_cores(), most) if workers is None else workers
    check_workers(number)
    return (1,) if number == 1 else (1, number)


@dataclass(frozen=True)
class Subject:
    """What is measured: a model, and how it is asked."""

    model: ModelSpec
    """As ``geoseg.predict`` takes it, and so below."""
    tta: bool | None
    """Whether maps are averaged; None: as the model's file says."""
    device: str
    """Where."""
    precision: Precision
    """In what."""
    runtime: Runtime
    """By what."""

    @property
    def where(self) -> dict[str, Any]:
        """As ``load_model`` takes it."""
        return {"device": self.device, "precision": self.precision, "runtime": self.runtime}

    @cached_property
    def plain(self) -> DenseModel | InstanceModel:
        """The model, not averaged."""
        return load_model(self.model, **self.where)

    @cached_property
    def traits(self) -> Traits:
        """Of the model, not averaged."""
        return Traits.of(self.plain)

    @property
    def asked(self) -> Asked:
        """What identifies it for ``geoseg.info``."""
        return Asked(self.traits.sha256, **self.where)

    def photo(self, raster: str | os.PathLike[str] | None, megapixels: float, folder: Path) -> str:
        """What is run over, in this folder: a drawing, or the middle of a raster."""
        if raster is None:
            tiles_across = 3
            width = tiles_across * CORE_PX
            return str(draw_town(folder / "town.tif", round(megapixels * 1e6 / width), width))
        seen = info(os.fspath(raster), model=self.model, tta=self.tta, **self.where)
        return middle_of(os.fspath(raster), seen, megapixels, folder)


@dataclass(frozen=True, slots=True)
class Runs:
    """What was run, the default first."""

    subject: Subject
    """What was measured."""
    photo: str
    """What was run over."""
    alone: Summary
    """By default."""
    crews: tuple[CrewRate, ...]
    """Of all."""

    @property
    def averaged(self) -> bool:
        """Whether maps were averaged over two views."""
        told: bool = self.alone.record["parameters"]["tta"]
        return told

    @classmethod
    def of(
        cls,
        subject: Subject,
        photo: str,
        folder: Path,
        numbers: tuple[int, ...],
        progress: Progress | None,
    ) -> Runs:
        """Run by so many processes each, over the photo and over next to nothing."""
        small = str(draw_town(folder / "small.tif", SMALL_PX, SMALL_PX))
        output = folder / "buildings.gpkg"

        def run(raster: str, workers: int) -> Summary:
            return predict(
                raster, output, model=subject.model, tta=subject.tta, **subject.where,
                workers=None if workers == 1 else workers, overwrite=True, progress=progress,
            )  # type: ignore[return-value]  # fmt: skip

        run(small, 1)  # the first run ever compiles loops
        summaries = [(run(small, number), run(photo, number)) for number in numbers]
        crews = (_crew(number, *both) for number, both in zip(numbers, summaries, strict=True))
        return cls(subject, photo, summaries[0][1], tuple(crews))

    @property
    def stages(self) -> tuple[StageRate, ...]:
        """Of the run by default."""
        told = self.alone
        return tuple(
            StageRate(name, seconds, *_speeds(told.megapixels, seconds, told.gsd_m))
            for key, name in STAGES.items()
            if (seconds := told.seconds[key]) > 0
        )

    @property
    def network_share(self) -> float:
        """Of the time of the run by default, 0..1."""
        return self.alone.seconds["model"] / self.alone.seconds["total"]

    def pace(self) -> Pace | None:
        """The default's against what is reckoned for such a raster; None for a model without a hash."""
        subject = self.subject
        if not subject.traits.sha256:
            return None
        with Mosaic.open([self.photo], gsd_range_m=subject.traits.gsd_m) as mosaic:
            traits = replace(subject.traits, averaged=self.averaged)
            lattice = lay_lattice(mosaic.grid, traits, PredictSettings())
        took_s = self.alone.megapixels / self.crews[0].mp_per_s
        reckoned = reckoned_s(lattice, tta=self.averaged, precision=subject.traits.precision)
        return Pace.here(subject.asked, took_s / reckoned)


def _crew(workers: int, small: Summary, large: Summary) -> CrewRate:
    """What every run takes is told apart from what every megapixel takes by two runs."""
    more_mp = large.megapixels - small.megapixels
    more_s = large.seconds["total"] - small.seconds["total"]
    # A raster may be as small as the drawing, and the machine have other work.
    if min(more_mp, more_s) <= 0:
        more_mp, more_s = large.megapixels, large.seconds["total"]
    speeds = _speeds(more_mp, more_s, large.gsd_m)
    fixed_s = max(0.0, large.seconds["total"] - large.megapixels / speeds[0])
    return CrewRate(workers, fixed_s, *speeds, large.peak_rss_mb)


def _speeds(megapixels: float, seconds: float, gsd_m: float) -> tuple[float, float]:
    """Megapixels per second, square kilometres per hour."""
    return megapixels / seconds, megapixels * gsd_m**2 * 3600 / seconds

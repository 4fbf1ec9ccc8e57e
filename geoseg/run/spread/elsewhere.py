"""Who works for a run: worker processes of this machine, or whatever an executor stands for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoseg.errors import UsageError
from geoseg.run.spread.cluster import cluster_executor
from geoseg.run.spread.devices import DevicePool
from geoseg.run.spread.hands import FinishingElsewhere, RowsElsewhere
from geoseg.run.spread.home import Home
from geoseg.run.spread.memory import Together
from geoseg.run.spread.messages import Sealed
from geoseg.run.spread.pool import LocalPool, check_workers
from geoseg.run.spread.specs import ModelSpec, RunSpec, sealed
from geoseg.version import versions

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.raster.identity import MosaicIdentity
    from geoseg.run.finish import Finisher
    from geoseg.run.lookers import Looker
    from geoseg.settings import PredictSettings
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.tally import Tally


@dataclass(frozen=True, slots=True)
class Crew:
    """Who shall work for a run."""

    workers: int
    """Processes of this machine; 1: this one alone."""
    executor: Executor | None
    """One of the user's."""
    cluster: str | os.PathLike[str] | None
    """Dask's: the address of a scheduler, or its file."""
    cluster_timeout_s: float
    """How long its first worker may take."""
    devices: tuple[str, ...] = ("auto",)
    """Of this machine; several: a worker process for each."""

    @contextmanager
    def hired(self) -> Iterator[Executor | None]:
        """Those who do the work while the block lasts; None: this process by itself.

        Raises:
            UsageError: there are none, or several are given.
            WorkerError: the cluster does not answer, or has no workers.
        """
        self._check()
        if self.cluster is not None:
            with cluster_executor(self.cluster, self.cluster_timeout_s) as scheduled:
                yield scheduled
        elif len(self.devices) > 1:
            with DevicePool(self.devices) as pool_of_devices:
                yield pool_of_devices
        elif self.workers > 1:
            with LocalPool(self.workers) as pool:
                yield pool
        else:
            yield self.executor

    def _check(self) -> None:
        check_workers(self.workers)
        if (self.workers > 1) + (self.executor is not None) + (self.cluster is not None) > 1:
            raise UsageError(
                "workers are processes of geoseg's own, executor is one of yours, cluster is Dask's: give "
                "one"
            )
        others = self.workers > 1 or self.executor is not None or self.cluster is not None
        if len(self.devices) > 1 and others:
            raise UsageError(
                f"--device (device): of {','.join(self.devices)} each has a worker process of its own; leave "
                "out workers, executor and cluster, or name one device"
            )
        if not isinstance(self.executor, Executor | None):
            raise UsageError(
                "executor is a concurrent.futures.Executor, such as Dask's client.get_executor(); got a "
                f"{type(self.executor).__name__}"
            )


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Others who do a run's work."""

    home: Home
    """Gives out tasks."""
    model: Sealed
    """What they ask."""

    @classmethod
    @contextmanager
    def of(
        cls,
        executor: Executor,
        model: DenseModel | InstanceModel,
        tally: Tally,
        *,
        averaged: bool,
        any_processor: bool = False,
        width: Callable[[], int] | None = None,
    ) -> Iterator[Elsewhere]:
        """Work with an executor while the block lasts.

        Args:
            executor: Theirs.
            model: Before it is averaged.
            tally: Told of times, traffic and memory.
            averaged: Workers average it over two views.
            any_processor: They may be of another kind.
            width: Tells how many there are; None: as the executor says.

        Raises:
            UsageError: the model cannot be sent.
        """
        spec = sealed(ModelSpec.of(model, averaged=averaged, any_processor=any_processor))
        with (
            Home(executor, tally, width=width) as home,
            Together(lambda: home.told.workers) as memory,
        ):
            tally.memory_mb = lambda: memory.peak_mb
            yield cls(home, spec)

    def hands(
        self,
        mosaic: Mosaic,
        inputs: MosaicIdentity,
        plan: Plan,
        looker: Looker,
        finisher: Finisher,
        settings: PredictSettings,
    ) -> tuple[RowsElsewhere, FinishingElsewhere]:
        """Those who look at tiles, and those who finish clusters."""
        spec = RunSpec(
            mosaic=mosaic,
            inputs=inputs,
            looker=looker,
            finisher=finisher,
            readers=settings.readers,
            skip_errors=settings.skip_errors,
            versions=versions(),
        )
        raster = {"run": sealed(spec)}
        rows = RowsElsewhere(self.home, {"model": self.model, **raster}, plan)
        return rows, FinishingElsewhere(self.home, raster, finisher)

"""Who works for a run: this process, worker processes of this machine, or an executor of the user's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass

from geoseg.addresses.urls import is_in_memory
from geoseg.errors import UsageError
from geoseg.machine import may_start_processes

MOST_WORKERS = 1024


def check_workers(workers: int) -> None:
    """Refuse a number that is none.

    Raises:
        UsageError: naming the option.
    """
    if not 1 <= workers <= MOST_WORKERS:
        raise UsageError(
            f"--workers (workers): give a number of processes from 1 to {MOST_WORKERS}; got {workers}"
        )


@dataclass(frozen=True, slots=True)
class Crew:
    """Who shall work for a run."""

    workers: int | None
    """Processes of this machine; 1: this one alone; None: nobody said."""
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
        # Each is loaded where it is wanted alone: most runs work by themselves.
        if self.cluster is not None:
            from geoseg.run.spread.cluster import cluster_executor

            with cluster_executor(self.cluster, self.cluster_timeout_s) as scheduled:
                yield scheduled
        elif len(self.devices) > 1:
            from geoseg.run.spread.devices import DevicePool

            with DevicePool(self.devices) as pool_of_devices:
                yield pool_of_devices
        elif self._processes > 1:
            from geoseg.run.spread.pool import LocalPool

            with LocalPool(self._processes) as pool:
                yield pool
        elif type(self.executor).__module__ == "distributed.cfexecutor":
            from geoseg.run.spread.cluster import in_place_of

            with in_place_of(self.executor, self.cluster_timeout_s) as scheduled:
                yield scheduled
        else:
            yield self.executor

    def require_seen(self, rasters: Sequence[str]) -> None:
        """Refuse to let other processes look at what this one alone has.

        Raises:
            UsageError: a raster lies in memory.
        """
        alone = self._processes == 1 and self.cluster is None and len(self.devices) == 1
        hidden = [] if alone else [name for name in rasters if is_in_memory(name)]
        if hidden:
            raise UsageError(
                f"{hidden[0]} lies in the memory of this process, where no other one can read it; leave out "
                "workers and cluster and name one device, or write it to a file and give the path"
            )

    @property
    def is_open(self) -> bool:
        """Whether nobody said who works."""
        given = self.workers, self.executor, self.cluster
        return all(one is None for one in given) and len(self.devices) == 1

    @property
    def _processes(self) -> int:
        return 1 if self.workers is None else self.workers

    def _check(self) -> None:
        check_workers(self._processes)
        if (self._processes > 1) + (self.executor is not None) + (self.cluster is not None) > 1:
            raise UsageError(
                "workers are processes of geoseg's own, executor is one of yours, cluster is Dask's: give "
                "one"
            )
        others = self._processes > 1 or self.executor is not None or self.cluster is not None
        if len(self.devices) > 1 and others:
            raise UsageError(
                f"--device (device): of {','.join(self.devices)} each has a worker process of its own; leave "
                "out workers, executor and cluster, or name one device"
            )
        if (self._processes > 1 or len(self.devices) > 1) and not may_start_processes():
            raise UsageError(
                "workers, and several devices, are processes, which a daemonic process such as one of multiprocessing.Pool "
                "may not start; leave them out, or call geoseg from a concurrent.futures.ProcessPoolExecutor"
            )
        if not isinstance(self.executor, Executor | None):
            raise UsageError(
                "executor is a concurrent.futures.Executor, such as Dask's client.get_executor(); got a "
                f"{type(self.executor).__name__}"
            )

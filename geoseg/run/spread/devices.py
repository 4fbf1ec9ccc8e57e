"""Several devices of this machine, such as its GPUs: one worker process for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from threading import Lock
from typing import ParamSpec, TypeVar

from geoseg.errors import UsageError
from geoseg.machine import usable_cores
from geoseg.models.loading import check_names
from geoseg.models.origin import origin_of
from geoseg.run.spread.pool import LocalPool
from geoseg.run.spread.working import DEVICE, THREADS

P = ParamSpec("P")
R = TypeVar("R")


def devices_of(device: str, model: object) -> tuple[str, ...]:
    """The devices that a text such as "cuda:0,cuda:1" names, in its order.

    Raises:
        UsageError: one of several is none, they are of different kinds, which round otherwise, or the
            model is an object that was not loaded by geoseg, which has a device of its own.
    """
    names = tuple(name.strip() for name in device.split(","))
    if len(names) == 1:
        return names
    for name in names:
        check_names(name, "auto")
    kinds = {name.partition(":")[0] for name in names}
    if len(kinds) > 1 or "auto" in kinds:
        raise UsageError(
            f"--device (device): {device!r} does not name several devices of one kind, which alone give "
            "the same buildings; such as cuda:0,cuda:1"
        )
    if not isinstance(model, str | os.PathLike) and origin_of(model) is None:
        raise UsageError(
            f"--device (device): a model of class {type(model).__name__} has a device of its own; name its "
            "file or its class as in package.module:Class, to have it on several"
        )
    return names


class DevicePool(Executor):
    """One worker process per device; whichever has the least to do takes the next task."""

    def __init__(self, devices: Sequence[str]) -> None:
        threads = str(max(1, usable_cores() // len(devices)))
        self._pools = [LocalPool(1, {DEVICE: name, THREADS: threads}) for name in devices]
        self._waiting = [0] * len(devices)
        self._lock = Lock()
        self._max_workers = len(devices)

    def submit(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Let it be done by the worker of one of the devices."""
        with self._lock:
            chosen = min(range(len(self._pools)), key=self._waiting.__getitem__)
            self._waiting[chosen] += 1
        future = self._pools[chosen].submit(work, *args, **kwargs)
        future.add_done_callback(partial(self._returned, chosen))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """End them all."""
        for pool in self._pools:
            pool.shutdown(wait, cancel_futures=cancel_futures)

    def _returned(self, chosen: int, _: Future[R]) -> None:
        with self._lock:
            self._waiting[chosen] -= 1

"""The other side: what a worker does with a task.

Models and rasters are kept by their digests, a few of each per thread: models run in one thread at a time.
"""

from __future__ import annotations

import os
import socket
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from geoseg import errors
from geoseg.errors import GeosegError, WorkerError
from geoseg.machine import give_large_arrays_back, peak_rss_mb, processor_kind
from geoseg.models.traits import Traits
from geoseg.raster.traffic import Traffic
from geoseg.run.lookers import look_over
from geoseg.run.spread.clusters import unpacked_clusters
from geoseg.run.spread.messages import (
    Answer,
    Kind,
    Task,
    Worker,
    enveloped,
    opened,
    packed,
    unpacked,
)
from geoseg.tiles.swaths import SwathReader
from geoseg.tiles.tally import Tally

if TYPE_CHECKING:
    from geoseg.run.spread.specs import ModelSpec, RunSpec

KEPT = 2
"""Models, and rasters, at hand at once."""
THREADS = "GEOSEG_WORKER_THREADS"
"""Environment variable: how many threads a network whose answer does not depend on it may take."""
DEVICE = "GEOSEG_WORKER_DEVICE"
"""Environment variable: the device of a worker of several that have one each."""

GO_ON = "where what is finished is kept, which is then told, --resume goes on from there"
"""Where there is an output, and nothing else can be taken for the model and the rasters."""

_own = threading.local()
_counting = threading.Lock()
_told = Traffic(0, 0, 0)


class _Lacking(Exception):  # noqa: N818  # no error: home sends it
    """Something that a task needs is not there."""


class _Raster:
    """A run's raster, open."""

    def __init__(self, spec: RunSpec) -> None:
        spec.require_same()
        self.spec = spec
        self.tally = Tally()
        self.reader = SwathReader(
            spec.mosaic, readers=spec.readers, skip_errors=spec.skip_errors, tally=self.tally
        )

    def close(self) -> None:
        """Let go of its files."""
        self.reader.__exit__()
        self.spec.mosaic.close()


class _Shelf:
    """Keeps what was used last."""

    def __init__(self) -> None:
        self._things: OrderedDict[str, Any] = OrderedDict()

    def get(self, digest: str, brought: dict[str, bytes], make: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        """The thing, made if it is new."""
        if digest not in self._things:
            if digest not in brought:
                raise _Lacking
            self._things[digest] = make(unpacked(brought[digest]))
            while len(self._things) > KEPT:
                _close(self._things.popitem(last=False)[1])
        self._things.move_to_end(digest)
        return self._things[digest]

    def forget(self, digest: str) -> None:
        """Let go of one thing."""
        _close(self._things.pop(digest, None))


def work(message: bytes) -> bytes:
    """Do one task; whatever geoseg has to say of it comes as an answer, not as an exception."""
    try:
        task: Task = opened(message, "home")
        answer = _done(task)
    except _Lacking:
        answer = Answer("lacking", _who())
    except GeosegError as error:
        answer = _failed(error)
    except OSError as error:  # such as a full disk
        answer = _failed(
            WorkerError(
                f"the system there refuses ({error}); free room if its disk is full; {GO_ON}"
            )
        )
    return enveloped(answer)


def _done(task: Task) -> Answer:
    shelf = _shelf("run")
    raster = shelf.get(task.needs["run"], task.brings, _Raster)
    raster.tally.seconds.clear()
    try:
        result = _WAYS[task.kind](task, raster)
    except GeosegError:
        shelf.forget(task.needs["run"])  # a server that gave no answer may give one to the next run
        raise
    return Answer("done", _who(), packed(result), dict(raster.tally.seconds), _new_traffic())


def _look(task: Task, raster: _Raster) -> Any:  # noqa: ANN401  # a SeenPanel
    model = _shelf("model").get(task.needs["model"], task.brings, _load)
    tiles, window = unpacked(task.payload)
    (swath,) = raster.reader.swaths([window])
    with raster.tally.stage("model"):
        return look_over(raster.spec.looker, model, tiles, swath)


def _finish(task: Task, raster: _Raster) -> Any:  # noqa: ANN401  # a Finished
    if raster.spec.finisher is None:
        raise WorkerError("nothing says how clusters are finished")
    with raster.tally.stage("vectorize"):
        return raster.spec.finisher.finish(unpacked_clusters(task.payload))


def _see(_task: Task, _raster: _Raster) -> None:
    import geoseg.footprints  # noqa: F401  # compiled loops, which take a while to load

    give_large_arrays_back()


_WAYS: dict[Kind, Callable[[Task, _Raster], Any]] = {
    "look": _look,
    "finish": _finish,
    "see": _see,
}


def _load(spec: ModelSpec) -> Any:  # noqa: ANN401  # a model
    model = spec.load(os.environ.get(DEVICE))
    threads = os.environ.get(THREADS, "")
    plain = getattr(model, "_model", model)  # of one that is averaged
    if threads.isdecimal() and hasattr(plain, "threads"):
        plain.threads = int(threads)
    rule = Traits.of(model).memory_rule
    if rule is not None:
        rule()
    return model


def _close(thing: object) -> None:
    if isinstance(thing, _Raster):
        thing.close()


def _shelf(name: str) -> _Shelf:
    shelf = getattr(_own, name, None)
    if shelf is None:
        shelf = _Shelf()
        setattr(_own, name, shelf)
    return shelf


def _who() -> Worker:
    return Worker(socket.gethostname(), os.getpid(), processor_kind(), round(peak_rss_mb(), 1))


def _new_traffic() -> tuple[int, int, int]:
    """What this process read from servers since it last said so."""
    global _told  # as GDAL's count: one for the process
    with _counting:
        now = Traffic.so_far()
        new, _told = now.since(_told), now
    return new.bytes_read, new.gdal_requests, new.own_requests


def _failed(error: GeosegError) -> Answer:
    """By the nearest class that everybody knows and that takes a message alone."""
    known = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    return Answer("failed", _who(), error=known.__name__, message=str(error))

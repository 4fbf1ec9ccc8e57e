"""Home's side: tasks go out to an executor, results and counts come back."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from geoseg import errors
from geoseg.errors import GeosegError, WorkerError
from geoseg.raster.traffic import Traffic
from geoseg.run.spread.messages import (
    Answer,
    Kind,
    Sealed,
    Task,
    Worker,
    enveloped,
    opened,
    unpacked,
)
from geoseg.run.spread.working import GO_ON, work

if TYPE_CHECKING:
    from geoseg.tiles.tally import Tally

MOST_UNKNOWN = 32
"""Tasks at a time for an executor that does not say how many workers it has."""
LOST = (
    "a worker process ended unexpectedly, most often for lack of memory; run with fewer workers "
    "(--workers) or a smaller --tile"
)
"""Said when one is gone."""


@dataclass(slots=True)
class Told:
    """What came back besides results."""

    workers: dict[tuple[str, int], Worker] = field(default_factory=dict)
    """By host and process, as they last said."""
    bytes_sent: int = 0
    """To workers, tasks and what they need."""
    bytes_received: int = 0
    """From them."""

    def record(self) -> dict[str, Any]:
        """For the run's record."""
        workers = self.workers.values()
        return {
            "processes": len(workers),
            "hosts": len({worker.host for worker in workers}),
            "processors": sorted({worker.processor for worker in workers}),
            "largest_peak_rss_mb": max((worker.peak_rss_mb for worker in workers), default=0.0),
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
        }


class Home:
    """An executor, and what is known of those who work in it, during one run."""

    def __init__(
        self,
        executor: Executor,
        tally: Tally,
        *,
        width: Callable[[], int] | None = None,
    ) -> None:
        self._executor = executor
        self._tally = tally
        self._width = width or partial(_width_of, executor)
        self.told = Told()
        """What came back besides results."""
        self._numbers = count(secrets.randbits(48))  # another run's tasks are others, too
        self._lock = Lock()
        # Not in the executor's own threads: Dask's loop must not wait, and pools must not be called back.
        self._answers = ThreadPoolExecutor(1, "answers")
        self._inner: dict[Future[Any], Future[bytes]] = {}

    @property
    def width(self) -> int:
        """Tasks that can be worked on at a time."""
        return max(1, self._width())

    def submit(self, kind: Kind, needs: dict[str, Sealed], payload: bytes) -> Future[Any]:
        """Let a task be done; its result comes unpacked.

        What it needs goes along only where a worker says that it lacks it.
        """
        outer: Future[Any] = Future()
        self._send(outer, kind, needs, payload, bring=False)
        return outer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.take_back()
        self._answers.shutdown(wait=True, cancel_futures=True)

    def take_back(self) -> None:
        """Cancel what nobody has begun."""
        with self._lock:
            waiting = list(self._inner.values())
        for inner in waiting:
            inner.cancel()

    def _send(
        self,
        outer: Future[Any],
        kind: Kind,
        needs: dict[str, Sealed],
        payload: bytes,
        *,
        bring: bool,
    ) -> None:
        task = Task(
            number=next(self._numbers),
            kind=kind,
            needs={name: each.digest for name, each in needs.items()},
            brings={each.digest: each.content for each in needs.values()} if bring else {},
            payload=payload,
        )
        message = enveloped(task)
        try:
            inner = self._executor.submit(work, message)
        except (BrokenExecutor, RuntimeError) as error:
            outer.set_exception(self._why(error))
            return
        with self._lock:
            self.told.bytes_sent += len(message)
            self._inner[outer] = inner
        again = None if bring else partial(self._send, outer, kind, needs, payload, bring=True)
        inner.add_done_callback(partial(self._hear, outer, again))

    def _hear(
        self, outer: Future[Any], again: Callable[[], None] | None, inner: Future[bytes]
    ) -> None:
        with suppress(RuntimeError):  # the run is over
            self._answers.submit(self._returned, outer, again, inner)

    def _returned(
        self, outer: Future[Any], again: Callable[[], None] | None, inner: Future[bytes]
    ) -> None:
        with self._lock:
            self._inner.pop(outer, None)
        if outer.cancelled():
            return
        try:
            answer = self._read(inner.result())
            if answer.outcome == "lacking" and again is not None:
                again()
                return
            outer.set_result(_result(answer))
        except (Exception, CancelledError) as error:  # noqa: BLE001  # whoever waits is told
            with suppress(Exception):
                outer.set_exception(self._why(error))

    def _read(self, data: bytes) -> Answer:
        answer: Answer = opened(data, "a worker")
        here = (answer.worker.host, answer.worker.pid) == (socket.gethostname(), os.getpid())
        with self._lock:
            self.told.bytes_received += len(data)
            self.told.workers[answer.worker.host, answer.worker.pid] = answer.worker
            for stage, seconds in answer.seconds.items():
                self._tally.seconds[stage] += seconds
            if not here:  # what this process reads it counts itself
                elsewhere = self._tally.traffic_elsewhere
                self._tally.traffic_elsewhere = elsewhere.plus(Traffic(*answer.traffic))
        return answer

    def _why(self, error: BaseException) -> BaseException:
        """What failed, in geoseg's words where the executor is to blame."""
        if isinstance(error, GeosegError):
            return error
        if isinstance(error, CancelledError):
            return WorkerError(f"a task was given up by the executor; {GO_ON}")
        foreign = type(error).__module__.partition(".")[0] in {"distributed", "dask"}
        if isinstance(error, ImportError | AttributeError) and "geoseg" in str(error):
            return WorkerError(
                f"a worker cannot load geoseg ({error}); install the same version everywhere"
            )
        if isinstance(error, BrokenExecutor):
            return WorkerError(f"{LOST}; {GO_ON}")
        if foreign:
            return WorkerError(f"{_first_line(error)}; {GO_ON}")
        return error


def _result(answer: Answer) -> Any:  # noqa: ANN401  # whatever the task gives
    if answer.outcome == "done":
        return unpacked(answer.payload)
    who = f"worker {answer.worker.pid} on {answer.worker.host}"
    if answer.outcome == "lacking":
        raise WorkerError(f"{who} cannot keep the model and the raster")
    kind = getattr(errors, answer.error)
    raise kind(f"{who}: {answer.message}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"a worker was lost ({lines[0] if lines else type(error).__name__})"


def _width_of(executor: Executor) -> int:
    """How many workers an executor has, as those of the standard library and loky say."""
    known = getattr(executor, "_max_workers", None)
    return known if isinstance(known, int) else MOST_UNKNOWN

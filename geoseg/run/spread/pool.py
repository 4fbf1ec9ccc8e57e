"""Worker processes of this machine, which end with whoever started them, whatever its death."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from geoseg.errors import WorkerError
from geoseg.machine import usable_cores
from geoseg.run.spread.beginning import begin
from geoseg.run.spread.working import THREADS

P = ParamSpec("P")
R = TypeVar("R")

SAFE_PATH = "PYTHONSAFEPATH"
"""Environment variable: Python does not look for modules in the folder that it is started in."""


class LocalPool(Executor):
    """Worker processes, begun with the first task.

    By loky: they need no main guard in the user's script, work from standard input and in notebooks, and
    nothing is forked while threads of a network or of GDAL run. Where one was lost its pool is broken for
    good; the next task then begins a new one.

    Workers find modules where this process does. They are started by ``python -m`` and their keepers by
    ``python -c``, which would look in the working folder first, and fail over a ``json.py`` there.
    """

    def __init__(self, workers: int, environment: Mapping[str, str] | None = None) -> None:
        """Begin later.

        Args:
            workers: How many.
            environment: Variables that they find set; None: for each its share of this machine's cores,
                unless the user has said how many threads one takes.
        """
        share = os.environ.get(THREADS) or str(max(1, usable_cores() // workers))
        self._environment = {THREADS: share} if environment is None else environment
        self._max_workers = workers
        self._pool: Executor | None = None

    def submit(self, work: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Let it be done in one of them."""
        try:
            return self._running().submit(work, *args, **kwargs)
        except BrokenExecutor:
            self.shutdown()
            return self._running().submit(work, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:
        """End them at once: what they hold is worth nothing without their parent."""
        del cancel_futures
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=wait, kill_workers=True)  # type: ignore[call-arg]  # loky's

    def _running(self) -> Executor:
        if self._pool is None:
            import loky

            # A model that grows by more than loky's limit is no leak.
            settings = {**self._environment, SAFE_PATH: "1", "LOKY_MAX_MEMORY_LEAK_SIZE": "1e18"}
            with _safe_path(), _told():
                self._pool = loky.ProcessPoolExecutor(
                    self._max_workers, initializer=begin, initargs=(os.getpid(),), env=settings
                )
                self._pool.submit(os.getpid)  # begins them, and their keepers
        return self._pool


@contextmanager
def _told() -> Iterator[None]:
    """What keeps processes from being begun is told in a sentence."""
    try:
        yield
    except (OSError, ImportError) as error:  # Python's, on a system without semaphores
        raise WorkerError(
            f"no worker process can be begun here ({error}): they need locks of the system, on Linux a folder /dev/shm that can "
            "be written to and has room; mend that, or leave out workers, and this process works alone"
        ) from error


@contextmanager
def _safe_path() -> Iterator[None]:
    """Processes that are begun meanwhile look for no modules in the working folder."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before

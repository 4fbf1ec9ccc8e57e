"""Memory of all processes of a run on this machine, at one moment."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable
from threading import Event, Thread
from types import TracebackType
from typing import Self

import psutil

from geoseg.machine import peak_rss_mb

EVERY_S = 0.5
"""Between two looks."""


class Together:
    """Looks now and then at how much memory this process and its workers hold; use it as a context."""

    def __init__(self, workers: Callable[[], Iterable[tuple[str, int]]]) -> None:
        """Begin later.

        Args:
            workers: Hosts and processes that are known by now.
        """
        self._workers = workers
        self._stop = Event()
        self._most = 0
        self._known: dict[int, psutil.Process] = {}
        self._thread = Thread(target=self._watch, daemon=True, name="memory of all processes")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def peak_mb(self) -> float:
        """The most that was seen at one moment, 10^6 bytes; pages that processes share count for each."""
        # A run may be shorter than what lies between two looks.
        return max(max(self._most, self._now()) / 1e6, peak_rss_mb())

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._most = max(self._most, self._now())

    def _now(self) -> int:
        return sum(map(self._held, self._pids()))

    def _pids(self) -> set[int]:
        host = socket.gethostname()
        return {os.getpid(), *(pid for name, pid in list(self._workers()) if name == host)}

    def _held(self, pid: int) -> int:
        try:
            if pid not in self._known:  # to make one costs as much as ten looks
                self._known[pid] = psutil.Process(pid)
            return int(self._known[pid].memory_info().rss)
        except psutil.Error:  # it has ended
            return 0

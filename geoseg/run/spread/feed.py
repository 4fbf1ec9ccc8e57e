"""Results of many tasks, in order, while a bounded number is worked on ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from threading import Lock
from typing import Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Feed(Iterator[R], Generic[T, R]):
    """Hands tasks out as workers become free, whoever waits for what.

    At most ``busy()`` tasks are given out and not done, so that others need not queue behind hundreds of
    them; at most ``ahead()`` are given out and their results not taken, so that memory is bounded.
    """

    def __init__(
        self,
        tasks: Iterable[T],
        give: Callable[[T], Future[R]],
        *,
        busy: Callable[[], int],
        ahead: Callable[[], int],
    ) -> None:
        self._tasks = iter(tasks)
        self._give = give
        self._most_busy, self._most_ahead = busy, ahead
        self._waiting: deque[Future[R]] = deque()
        self._busy, self._ended = 0, False
        self._lock = Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R:
        """The next result.

        Raises:
            GeosegError: what its task failed with.
        """
        self._fill()
        with self._lock:
            if not self._waiting:
                raise StopIteration
            future = self._waiting.popleft()
        return future.result()

    def close(self) -> None:
        """Give out nothing more, and take back what nobody has begun."""
        with self._lock:
            self._ended = True
            waiting = list(self._waiting)
        for future in waiting:
            future.cancel()

    def _fill(self) -> None:
        given = []
        with self._lock:
            while not self._ended and self._has_room():
                task = next(self._tasks, None)
                if task is None:
                    self._ended = True
                    break
                future = self._give(task)
                self._busy += 1
                self._waiting.append(future)
                given.append(future)
        for future in given:  # not above: what is done already calls back at once
            future.add_done_callback(self._returned)

    def _has_room(self) -> bool:
        return self._busy < self._most_busy() and len(self._waiting) < self._most_ahead()

    def _returned(self, _: Future[R]) -> None:
        with self._lock:
            self._busy -= 1
        self._fill()

"""The first run ever: another process compiles a part of the loops, while this one does the rest.

Loops of straight walls take longer to compile than all others together, and share none with them. So this
process also takes what they come to last.
"""

from __future__ import annotations

import logging
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoseg.errors import WorkerError
from geoseg.kernels.keeping import OWN_CHOICE, is_compiled, kept_in
from geoseg.machine import may_start_unasked, usable_cores
from geoseg.run.spread.working import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from geoseg.run.spread.pool import LocalPool
    from geoseg.types import Cluster

_log = logging.getLogger(__name__)
LONGEST_S = 600
"""Seconds that a run waits for the other process, which takes half a minute of a core."""


@dataclass(slots=True)
class Ahead:
    """Compiles loops of straight walls ahead of their use; ends with its block."""

    _pool: LocalPool | None = None
    _done: Future[None] | None = None

    @classmethod
    def begin(cls, work: Callable[[], None] | None = None) -> Self:
        """Do ``work``, or else rehearse, in another process; nothing where that gains nothing.

        That is where an earlier run left machine code, or with a single core. Where no process can
        be begun, the loops are compiled when they are needed, as with one core.
        """
        if is_compiled() or usable_cores() == 1 or not may_start_unasked():
            return cls()
        from geoseg.run.spread.pool import LocalPool

        folder = kept_in()
        pool = LocalPool(1, {THREADS: "1"} | ({OWN_CHOICE: str(folder)} if folder else {}))
        with suppress(WorkerError, OSError, ImportError):  # a platform without semaphores
            return cls(pool, pool.submit(work or rehearse))
        pool.shutdown()
        return cls()

    def finish(self, clusters: Sequence[Cluster]) -> None:
        """Wait until that is done, and meanwhile compile what else drawing clusters takes.

        That is tracing, putting rings together, and what comes after cutting walls: the other process comes to
        that last, and then finds it compiled.

        A process that died only costs time: what it did not compile is compiled when it is needed.
        """
        if self._done is None or not clusters:
            return
        from geoseg.footprints import FootprintSettings, draw_all
        from geoseg.shaping.rehearsal import compare

        compare()
        draw_all(clusters, FootprintSettings(shape="raw"))
        wait([self._done], timeout=LONGEST_S)
        error = self._done.exception() if self._done.done() else TimeoutError()
        if error is not None:
            _log.warning(
                "the process that compiled loops failed (%s); this one does", type(error).__name__
            )
        self._end()

    def _end(self) -> None:
        pool, self._pool, self._done = self._pool, None, None
        if pool is not None:
            pool.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()


def rehearse() -> None:
    """Draw straight walls once."""
    from geoseg.shaping.rehearsal import rehearse

    rehearse()

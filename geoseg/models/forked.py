"""Networks in processes that were forked: a fork copies no threads, and a library waits for its own for ever."""

from __future__ import annotations

import os

from geoseg.errors import UsageError

_begun: dict[str, int] = {}
"""By library, the process in which its threads began."""


def begin_threads(library: str) -> None:
    """To be called before a library of networks computes by threads of its own.

    Raises:
        UsageError: they were begun before this process was forked.
    """
    if _begun.setdefault(library, os.getpid()) != os.getpid():
        raise UsageError(
            f"this process was forked from one in which {library} had run a network, and would wait for ever for threads that a "
            'fork does not copy; begin processes by multiprocessing.get_context("spawn"), or before the first prediction'
        )

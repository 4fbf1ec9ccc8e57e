"""Machine code that several processes keep at the same time: first runs with workers, or two of them.

numba numbers the files of a function's machine code, one for each set of types, and processes that
save at once take the same number: the index then leads from one set of types to the code for
another, which runs without a word and gives wrong values. Here names are drawn by chance, so the
worst that can happen is that code is made again.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

_log = logging.getLogger(__name__)


def keep(loop: object, folder: Path | None) -> None:
    """Keep machine code of ``loop``, which was decorated without numba's own cache, between runs.

    Where numba is switched off, it is plain Python and left alone.

    Args:
        loop: What numba's decorator made.
        folder: Where; None: the user's choice, or else beside the source.
    """
    if isinstance(loop, Dispatcher):
        with _kept_in(folder):
            vars(loop)["_cache"] = _Kept(loop.py_func)


@contextmanager
def _kept_in(folder: Path | None) -> Iterator[None]:
    """Decorate with another folder.

    numba's setting is for all functions of a process, and gone when numba reads the environment again.
    """
    settings: Any = numba.config
    before = settings.CACHE_DIR
    settings.CACHE_DIR = before if folder is None else str(folder)
    try:
        yield
    finally:
        settings.CACHE_DIR = before


class _Files(IndexDataCacheFile):
    """The index and the files of one function's machine code."""

    def _data_name(self, number: int) -> str:  # noqa: ARG002  # others may have counted as far
        return str(super()._data_name(secrets.randbits(64)))


class _Kept(FunctionCache):
    """What is kept of one function."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self.cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: object, data: object) -> None:
        """Keep it where there is room: a run that has its code goes on without."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _warn(self.cache_path, error.strerror or str(error))


@cache
def _warn(folder: str, reason: str) -> None:
    """Once for every folder."""
    _log.warning(
        "compiled pixel loops cannot be kept in %s (%s), so the next run compiles them again",
        folder, reason,
    )  # fmt: skip

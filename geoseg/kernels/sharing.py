"""Machine code that several processes keep at the same time: first runs with workers, or two of them.

numba numbers the files of a function's machine code, one for each set of types, and processes that
save at once take the same number: the index then leads from one set of types to the code for
another, which runs without a word and gives wrong values. Here names are drawn by chance, so the
worst that can happen is that code is made again.
"""

from __future__ import annotations

import logging
import pickle
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

from geoseg.kernels.shipped import shipped
from geoseg.kernels.sources import stamp

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
            vars(loop)["_cache"] = Kept(loop.py_func)


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

    def contents(self) -> dict[Any, bytes]:
        """Keys to files as they are."""
        names = self._load_index()
        return {key: Path(self._data_path(name)).read_bytes() for key, name in names.items()}


class Kept(FunctionCache):
    """What is kept of one function, on this machine or by the package itself."""

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)
        base = self._impl.filename_base
        made_of = self._impl.locator.get_source_stamp(), stamp()
        self._files = self._cache_file = _Files(self.cache_path, base, made_of)
        self.name = f"{function.__module__.rpartition('.')[0]}.{base}"

    def load_overload(self, sig: object, target_context: Any) -> Any:  # noqa: ANN401  # numba's
        """Code for these types; None: it has to be compiled."""
        found = super().load_overload(sig, target_context)
        return self._shipped(sig, target_context) if found is None else found

    def _shipped(self, sig: object, target_context: Any) -> Any:  # noqa: ANN401  # numba's
        """That which came with the package: made by this very version of numba, so that it is read as that wrote it."""
        came = shipped()
        if came is None:
            return None
        code = came.read(self.name, self._index_key(sig, came))
        if code is None:
            _log.debug("no machine code came with geoseg for %s of %s", self.name, sig)
            return None
        return self._impl.rebuild(target_context, pickle.loads(code))  # noqa: S301  # the package's own

    def all_kept(self) -> dict[Any, bytes]:
        """Keys to code of all sets of types, as this machine kept it."""
        return self._files.contents()

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

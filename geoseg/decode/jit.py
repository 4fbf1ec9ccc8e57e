"""Compile loops over pixels; typed, so that the compiled functions keep their signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Machine code for ``function``, kept on disk between runs; releases the GIL."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))

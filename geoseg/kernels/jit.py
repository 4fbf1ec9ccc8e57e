"""Compile loops over pixels; typed, so that the compiled functions keep their signatures."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

# numba tries many types for every call, and would paint the message of each that does not fit.
os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")

import numba
import numpy as np

from geoseg.kernels.keeping import code_folder
from geoseg.kernels.sharing import keep

P = ParamSpec("P")
R = TypeVar("R")

Integer = int | np.int64
"""An argument that callers convert to 64 bits, so that the function is compiled for these alone."""


def whole(value: int) -> int:
    """A constant to hand to compiled functions.

    They would be compiled anew for each literal, or constant of Python's ``int``, that they are given.
    """
    return cast("int", np.int64(value))


FIRST = whole(0)
"""Where compiled functions begin to write or to look, as they hand it to others."""


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Machine code for ``function``, kept on disk between runs; releases the GIL."""
    return _compiled(function)


def inner_jit(function: Callable[P, R]) -> Callable[P, R]:
    """The same for what compiled functions alone call.

    Without the way in from Python, which for tuples of arrays is most of it, this compiles in half
    the time.
    """
    return _compiled(function, no_cpython_wrapper=True)


def _compiled(function: Callable[P, R], **options: bool) -> Callable[P, R]:
    """Without a way in from C, which nothing takes."""
    njit: Any = numba.njit  # the options are in no type stub
    loop = njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    keep(loop, code_folder())
    return cast("Callable[P, R]", loop)

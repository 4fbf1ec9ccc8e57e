"""Compile loops over pixels; typed, so that the compiled functions keep their signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

HERE = Path(__file__).parent


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Machine code for ``function``, kept on disk between runs; releases the GIL."""
    try:
        compiled = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # nowhere to keep it: neither this folder nor a home is writable
        compiled = numba.njit(nogil=True)(function)
    return cast("Callable[P, R]", compiled)


def forget_stale_code(folder: Path) -> None:
    """Delete machine code older than any source beside it.

    numba compares a function with its own file alone, and would go on using code that has the
    constants and callees of an earlier version of another file built in.
    """
    newest = max(path.stat().st_mtime for path in folder.glob("*.py"))
    for code in (*folder.glob("__pycache__/*.nbi"), *folder.glob("__pycache__/*.nbc")):
        try:
            if code.stat().st_mtime < newest:
                code.unlink()
        except OSError:  # another process was faster, or the folder is not ours
            continue


forget_stale_code(HERE)

"""What geoseg asks of the operating system, above all while a network runs on the processor."""

from __future__ import annotations

import ctypes
import math
import os
import platform
import signal
import sys
import time
from _thread import interrupt_main
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Thread, main_thread
from typing import TYPE_CHECKING

from geoseg.errors import GeosegError, NotEnoughMemoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Parameters of mallopt, from malloc.h of the GNU C library.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4

FOREIGN_DATA = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH", "OGR_DRIVER_PATH")
"""Variables that say where GDAL and PROJ find data and drivers."""
DATA_OF_PACKAGES = {
    "rasterio": ("proj_data",),
    "pyproj": ("proj_dir",),
    "pyogrio": ("proj_data",),
}
"""Folders within packages that bring their own."""
_VECTOR_FEATURES = (
    "sse4.2", "avx", "avx2", "fma", "avxvnni", "avx512f", "avx512bw", "avx512vnni", "avx512bf16",
    "avx512fp16", "amx-int8", "amx-bf16", "dotprod", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
"""Of LLVM's names, those by which libraries of networks choose their loops."""

CONTROL_GROUP = Path("/sys/fs/cgroup")
"""What Linux says of this process's container, seen from within."""
_NO_MEMORY = ("out of memory", "allocate memory", "can't alloc", "bad_alloc")
"""Torch's words, those of the assembler within OpenVINO, and C++'s."""

_ALL = 2**31 - 1
_GLIBC_MMAP_MAX = 65536
_GLIBC_MMAP_THRESHOLD = 32 * 2**20
"""Where the library's own rule for it ends up in a program with large arrays."""
LARGE_BYTES = 2**20
"""Arrays of this size and more are given back as soon as they are freed, where that is asked for."""
GRACE_S = 15.0
"""What a program that was asked to stop may take to keep what is finished."""


def wait_quietly() -> None:
    """Let threads of one convolution sleep while they wait for each other; call before torch loads.

    By default they spin, which takes the processor from everything else on the machine, from
    geoseg's own reading and drawing too. A choice of the user's stands.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def stop_when_closed(descriptor: int, exit_code: int) -> None:
    """Interrupt the program, as Ctrl-C does, when whoever holds the other end of a pipe closes it.

    ``descriptor`` is that of our end. A program that ends, by whatever death, closes its end; and a
    console program on Windows has no other way to be asked to stop. What has not stopped ``GRACE_S`` later
    is ended with ``exit_code``. To be called by the main thread.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # inherited from a shell's background job
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def wait() -> None:
        # Not by a buffered stream: a program that ends while one is read dies of its lock.
        while os.read(descriptor, 4096):
            pass
        _interrupt_main()
        time.sleep(GRACE_S)
        os._exit(exit_code)

    Thread(target=wait, daemon=True, name="stop with stdin").start()


def _interrupt_main() -> None:
    """As Ctrl-C: the main thread wakes from what it waits for, which POSIX does for a real signal alone."""
    main = main_thread().ident
    if sys.platform == "win32" or main is None:
        interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)


def ignore_foreign_data() -> list[str]:
    """Take the data of another GDAL or PROJ out of the environment; call before rasterio loads.

    QGIS, PostGIS and conda set them for programs of their own. The packages that geoseg reads with bring
    theirs, of their own version; with others CRSs are not understood, and foreign drivers crash. Where
    a package brings none, as in conda, or where another GDAL runs in this process, all stays.

    Returns:
        A sentence for each variable that was taken out.
    """
    named = [name for name in FOREIGN_DATA if name in os.environ]
    if not named or "osgeo" in sys.modules or not all(map(_brings_data, DATA_OF_PACKAGES)):
        return []
    return [
        f"{name}={os.environ.pop(name)} is of another installation and is ignored; geoseg's libraries "
        "bring their own"
        for name in named
    ]


def _brings_data(package: str) -> bool:
    """Whether an installed package holds the data it needs, which wheels do."""
    from importlib.util import find_spec

    spec = find_spec(package)
    folders = () if spec is None else spec.submodule_search_locations or ()
    return any(
        (Path(folder) / data).is_dir() for folder in folders for data in DATA_OF_PACKAGES[package]
    )


def keep_freed_memory() -> None:
    """Let the process reuse memory instead of giving it back and asking anew for every layer.

    A network's maps are so large that malloc maps each of them afresh and the system clears every
    page of it; that takes as long as computing them. Does nothing without the GNU C library.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, _ALL)


def give_large_arrays_back() -> None:
    """Let the process give back every large array when it is freed.

    By its own rule malloc takes arrays of up to 32 MB from the heaps that it has for each thread, once one of that size
    was freed, and what is freed there stays. Does nothing without the GNU C library.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, LARGE_BYTES)


@contextmanager
def for_a_while(rule: Callable[[], None] | None) -> Iterator[None]:
    """Follow a rule for freed memory for a while, and give all of it back at the end; None: nothing changes."""
    if rule is None:
        yield
        return
    rule()
    try:
        yield
    finally:
        _give_back()


@contextmanager
def memory_errors(advice: str) -> Iterator[None]:
    """Turn running out of memory, of the machine or of a GPU, into one sentence with advice.

    Raises:
        NotEnoughMemoryError: in place of numpy's and torch's own errors.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, GeosegError) or not _is_short_of_memory(error):
            raise
        raise NotEnoughMemoryError(f"not enough memory; {advice}") from error


def peak_rss_mb() -> float:
    """Largest resident set size of this process so far, in 10^6 bytes."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024) / 1e6


def usable_cores() -> int:
    """Of this machine, those that this process may use; a container's share of their time counts as so many."""
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    share = _share_of_time()
    return allowed if share is None else max(1, min(allowed, math.ceil(share)))


def _share_of_time() -> float | None:
    """Cores' worth of time that Linux lets a container have (control groups, version 2 or 1); None: no limit."""
    with suppress(OSError, ValueError):
        quota, period = (CONTROL_GROUP / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        folder = CONTROL_GROUP / "cpu"
        quota, period = (
            (folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
        )
        return int(quota) / int(period) if int(quota) > 0 else None
    return None


def may_start_processes() -> bool:
    """Python's daemonic processes, such as those of ``multiprocessing.Pool``, may not."""
    import multiprocessing

    return not multiprocessing.current_process().daemon


def may_start_unasked() -> bool:
    """Whether processes may be started that nobody asked for: by an interpreter, not within a program such as QGIS."""
    return Path(sys.executable or "").name.lower().startswith("py") and may_start_processes()


@cache
def processor_kind() -> str:
    """What the processor computes with, such as "x86_64 avx2" or "x86_64 avx512f avx512vnni".

    Libraries choose their loops by it, and other loops round otherwise.
    """
    from llvmlite.binding import get_host_cpu_features

    features = get_host_cpu_features()
    told = [name for name in _VECTOR_FEATURES if features.get(name)]
    machine = platform.machine().lower().replace("amd64", "x86_64")
    return " ".join([machine, *told])


def _is_short_of_memory(error: Exception) -> bool:
    """Torch has a class for GPUs alone; on the processor it raises a plain RuntimeError, as OpenVINO does."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def _give_back() -> None:
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_MAX, _GLIBC_MMAP_MAX)
        libc.mallopt(_M_MMAP_THRESHOLD, _GLIBC_MMAP_THRESHOLD)
        libc.mallopt(_M_TRIM_THRESHOLD, 2 * _GLIBC_MMAP_THRESHOLD)
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    return ctypes.CDLL("libc.so.6") if platform.libc_ver()[0] == "glibc" else None

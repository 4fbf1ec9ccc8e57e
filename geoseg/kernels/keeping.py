"""Where machine code is kept between runs: beside the sources, or elsewhere where these cannot be written to.

numba would without a home compile anew in every run, without a word.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from geoseg.files.cache import cache_folder
from geoseg.kernels.shipped import is_switched_off, shipped
from geoseg.kernels.sources import ROOMS, sources_digest, stamp

_log = logging.getLogger(__name__)

OWN_CHOICE = "NUMBA_CACHE_DIR"
"""Whoever sets it decides."""

PYTHON = f"py{sys.version_info.major}{sys.version_info.minor}"
"""As numba has it in names of files: others keep theirs beside."""
MADE_OF = f"made_of.{PYTHON}.txt"
"""In the first room's folder of kept code: the stamp of all of it."""

KEPT = "kernels-"
"""Names of folders of kept code begin with it; a digest of the sources follows."""
UNUSED_S = 30 * 24 * 3600
"""Seconds after which code of other sources counts as forgotten."""


@cache
def code_folder() -> Path | None:
    """Where this process keeps machine code, unless the user chose; None: beside the sources."""
    folder = folder_elsewhere(ROOMS)
    if folder is None and OWN_CHOICE not in os.environ:
        forget_stale_code(ROOMS)
    return folder


def kept_in() -> Path | None:
    """Where machine code is kept, as the user chose or as this process does; None: beside the sources."""
    chosen = os.environ.get(OWN_CHOICE)
    return Path(chosen) if chosen else code_folder()


def is_compiled() -> bool:
    """Whether an earlier run left machine code, all of it came with the package, or nobody wants any.

    If not, the first run takes half a minute to make it.
    """
    if is_switched_off():
        return True
    elsewhere = kept_in()
    if elsewhere:
        kept = any(elsewhere.glob("**/*.nbi"))
    else:
        kept = any(True for room in ROOMS for _ in room.glob("__pycache__/*.nbi"))
    came = shipped()
    return kept or (came is not None and came.is_whole())


def forget_stale_code(rooms: Sequence[Path]) -> None:
    """Delete machine code beside the sources that was made of another state of them, or by other versions.

    It would not be used, and pile up.
    """
    told, now = rooms[0] / "__pycache__" / MADE_OF, stamp(tuple(rooms))
    with suppress(OSError):  # another process was faster, or the folder is not ours
        if told.exists() and told.read_text(encoding="utf-8") == now:
            return
        for room in rooms:
            for code in room.glob(f"__pycache__/*.{PYTHON}*.nb[ic]"):
                code.unlink(missing_ok=True)
        told.write_text(now, encoding="utf-8")


def folder_elsewhere(rooms: Sequence[Path]) -> Path | None:
    """A folder for the code of ``rooms``, for this state of their sources; None: beside them.

    Code that is loaded again is executed, so a folder that others may write to is never used.
    """
    if os.environ.get(OWN_CHOICE) or all(_writable(room / "__pycache__") for room in rooms):
        return None
    for place in _places():
        folder = place / f"{KEPT}{sources_digest(tuple(rooms))}"
        if _made_private(folder) and _writable(folder):
            _forget_unused(folder)
            return folder
    folder = Path(tempfile.mkdtemp(prefix="geoseg-kernels-"))
    if shipped() is None:
        _log.warning(
            "the pixel loops are compiled anew in every run, which takes half a minute: neither %s nor "
            "a home can be written to; set %s to a folder of your own that can",
            rooms[0].parent,
            OWN_CHOICE,
        )
    return folder


def _forget_unused(used: Path) -> None:
    """Delete code of other states of the sources, in folders beside one that is used, that no run began with for long.

    A run that goes on for so long only compiles again what it has not loaded yet.
    """
    now = time.time()
    with suppress(OSError):
        os.utime(used)
        for folder in used.parent.glob(f"{KEPT}*"):
            old = now - folder.lstat().st_mtime > UNUSED_S
            if old and not folder.is_symlink() and _private(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _places() -> Iterator[Path]:
    """The user's folder for what can be made again, then one in the temporary folder."""
    own = cache_folder()
    if own is not None:
        yield own
    user = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir()) / f"geoseg-{user}"


def _made_private(folder: Path) -> bool:
    """Make it and the folder it lies in; False where that fails or others can write to either."""
    with suppress(OSError):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return _private(folder.parent) and _private(folder)
    return False


def _private(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    status = folder.lstat()
    others_write = 0o022
    return status.st_uid == os.getuid() and not status.st_mode & others_write


def _writable(folder: Path) -> bool:
    """Tried, since permissions do not tell of file systems that are read-only."""
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    return False

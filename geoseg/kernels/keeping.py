"""Where machine code is kept between runs when the package's own folders cannot be written to.

numba would fall back to a folder of the user's that knows nothing of changes in other files than a
function's own, and without a home compile anew in every run, without a word.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from geoseg.files.cache import cache_folder

_log = logging.getLogger(__name__)

OWN_CHOICE = "NUMBA_CACHE_DIR"
"""Whoever sets it decides."""


ROOMS = tuple(
    Path(__file__).parents[1] / room
    for room in ("kernels", "decode", "stitch", "footprints", "shaping", "heights")
)
"""Packages with compiled functions: these call each other's, so all are compiled anew together."""


@cache
def code_folder() -> Path | None:
    """Where this process keeps machine code, unless the user chose; None: beside the sources."""
    return folder_elsewhere(ROOMS)


def kept_in() -> Path | None:
    """Where machine code is kept, as the user chose or as this process does; None: beside the sources."""
    chosen = os.environ.get(OWN_CHOICE)
    return Path(chosen) if chosen else code_folder()


def is_compiled() -> bool:
    """Whether an earlier run left machine code; the first one takes half a minute to make it."""
    elsewhere = kept_in()
    if elsewhere:
        return any(elsewhere.glob("**/*.nbi"))
    return any(True for room in ROOMS for _ in room.glob("__pycache__/*.nbi"))


def folder_elsewhere(rooms: Sequence[Path]) -> Path | None:
    """A folder for the code of ``rooms``, for this state of their sources; None: beside them.

    Code that is loaded again is executed, so a folder that others may write to is never used.
    """
    if os.environ.get(OWN_CHOICE) or all(_writable(room / "__pycache__") for room in rooms):
        return None
    stamp = max(path.stat().st_mtime_ns for room in rooms for path in room.glob("*.py"))
    for place in _places():
        folder = place / f"kernels-{stamp:x}"
        if _made_private(folder) and _writable(folder):
            return folder
    folder = Path(tempfile.mkdtemp(prefix="geoseg-kernels-"))
    _log.warning(
        "the pixel loops are compiled anew in every run, which takes half a minute: neither %s nor "
        "a home can be written to; set %s to a folder of your own that can",
        rooms[0].parent,
        OWN_CHOICE,
    )
    return folder


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

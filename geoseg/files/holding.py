"""A folder or a file that one run alone writes to, as long as it lives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geoseg.errors import OutputInUseError

try:
    import fcntl
except ImportError:  # Windows, which lets nobody remove a folder with open files in it
    fcntl = None  # type: ignore[assignment]


@contextmanager
def held(folder: Path, output: Path) -> Iterator[None]:
    """Keep other runs from a folder, or a file, while the block lasts.

    The system's lock of it ends with the process, by whatever death. File systems without such
    locks have none.

    Args:
        folder: Is there.
        output: What is written, for the message.

    Raises:
        OutputInUseError: Another run, of this process or another one, holds the folder.
    """
    descriptor = None if fcntl is None else _locked(folder, output)
    try:
        yield
    finally:
        if descriptor is not None:
            # Processes that were forked meanwhile have the same lock, and may live on.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def _locked(folder: Path, output: Path) -> int | None:
    """The folder, opened and locked; None where that cannot be done."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError as error:  # another run has just removed it
        raise _in_use(output) from error
    except OSError:  # it may be written to, but not read
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise _in_use(output) from error
    except OSError:
        os.close(descriptor)
        return None
    if not _is_still(descriptor, folder):
        os.close(descriptor)
        raise _in_use(output)
    return descriptor


def _is_still(descriptor: int, folder: Path) -> bool:
    """Whether the folder that was opened has its name yet."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), folder.stat())
    return False


def _in_use(output: Path) -> OutputInUseError:
    return OutputInUseError(
        f"{output} is being written by another run; wait for its end, stop it, or give another name"
    )

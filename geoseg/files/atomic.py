"""Files and folders that appear complete or not at all."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoseg.errors import GeosegError, OutputError
from geoseg.files.holding import held
from geoseg.files.links import followed
from geoseg.files.unclaimed import require_still_free

_log = logging.getLogger(__name__)

TEMPORARY_SUFFIX = ".writing"
"""Ends the name of what is not complete yet."""
CHECK_FOLDER = "Check the folder's free space and permissions."
"""What helps where a folder is known to exist."""


def sync_file(path: Path) -> None:
    """Bring a file's content to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Bring a folder's entries to the disk, where the system can (Windows cannot)."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(complete: Path, path: Path) -> None:
    """Give a complete file its final name; an older one of that name, or that a link of it leads to, is replaced.

    Args:
        complete: On the disk of ``followed(path)``, as in its ``scratch_folder``.
        path: The final name.

    Raises:
        OutputExistsError: It was free when ``check_target`` looked, and is not any more.
    """
    place = followed(path)
    sync_file(complete)
    require_still_free(path)
    complete.replace(place)
    sync_folder(place.parent)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to; it takes the final name at the end.

    When the block raises, the temporary file is removed and ``path`` stays as it was. The name is fixed, so
    that the next run writes over what a killed one left, and not over what one that lives is writing.

    Raises:
        OutputInUseError: Another run is writing it.
    """
    place = followed(path)
    temporary = place.with_name(place.name + TEMPORARY_SUFFIX)
    temporary.touch()
    with held(temporary, path):
        try:
            yield temporary
            put_in_place(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text as it is."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


@contextmanager
def scratch_folder(path: Path, holding: str = "") -> Iterator[Path]:
    """A folder beside ``path``, or what a link of that name leads to, for what is not complete yet.

    Names are free there: libraries go by a file's extension and put others beside it. The folder's name is
    fixed, so that the next run removes what a killed one left, and nothing of one that lives.

    Args:
        path: What is being written.
        holding: Tells several folders of one output apart.

    Raises:
        OutputInUseError: Another run is writing there.
        OutputError: The folder cannot be made.
    """
    place = followed(path)
    folder = place.with_name(f".{place.name}{holding and '.'}{holding}{TEMPORARY_SUFFIX}")
    gone = True
    if os.path.isdir(folder):  # noqa: PTH112  # False also for a name that no file can have
        with held(folder, path):
            gone = _remove(folder)
    with output_errors(path, "Choose a folder that you may write to."):
        # One that is there again is that of another run, which may hold it.
        folder.mkdir(parents=True, exist_ok=gone)
    with held(folder, path):
        try:
            yield folder
        finally:
            _remove(folder)


def _remove(folder: Path) -> bool:
    """Remove a folder, at the second try where the first fails; what stays does no harm, and is told.

    After a try without errors nobody looks: another run may have made its own by then.
    """
    try:
        shutil.rmtree(folder)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        if os.path.lexists(folder):
            _log.warning("%s cannot be removed; nothing needs it any more", folder)
            return False
    return True


@contextmanager
def output_errors(path: Path, advice: str = CHECK_FOLDER) -> Iterator[None]:
    """Turn what the system says while writing into one :class:`OutputError`.

    Args:
        path: What is being written, for the message.
        advice: What the user can do next, one sentence.
    """
    try:
        yield
    except GeosegError:
        raise
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}. {advice}"
        ) from error

"""Patterns such as tiles/*.tif, which shells of Windows leave to programs."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path

from geoseg.addresses.urls import is_local, unfolded
from geoseg.errors import UnreadableRasterError


def files_behind(name: str, base: Path | None = None) -> list[str]:
    """The files that a pattern stands for, sorted; a name that is there, an address, and one that is no pattern stay.

    Args:
        name: As it was given.
        base: The folder that it is relative to, which is no pattern itself; None: the current one.

    Raises:
        UnreadableRasterError: nothing matches.
    """
    if not is_local(unfolded(name)):
        return [name]
    there = name if base is None else str(base / name)
    if not has_magic(name) or Path(there).exists():
        return [there]
    matches = glob(name, root_dir=base, recursive=True)  # noqa: PTH207  # patterns may be absolute
    paths = matches if base is None else [str(base / match) for match in matches]
    found = sorted(path for path in paths if not Path(path).is_dir())
    if not found:
        raise UnreadableRasterError(f"no file matches {there}; check the pattern and the folder")
    return found

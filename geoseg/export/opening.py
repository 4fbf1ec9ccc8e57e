"""The output, refused before the work starts; light to load, unlike the writers."""

from __future__ import annotations

from pathlib import Path

from geoseg.export.formats import FORMATS
from geoseg.files.atomic import scratch_folder
from geoseg.files.several import require_free_parts
from geoseg.files.target import check_target


def open_output(path: str | Path, *, overwrite: bool = False) -> Path:
    """Find out before any work whether the output can be written.

    Returns:
        The absolute path.

    Raises:
        UsageError: The extension is not known.
        OutputExistsError: It is there already and ``overwrite`` is False.
        OutputError: The folder is missing or cannot be written to, or the path is a folder.
    """
    target = check_target(Path(path).absolute(), FORMATS, overwrite=overwrite)
    require_free_parts(target, overwrite=overwrite)
    # The very folder that will be needed: its name must not be too long either.
    with scratch_folder(target):
        pass
    return target

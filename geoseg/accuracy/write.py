"""Writing the page: complete or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import OutputError, OutputExistsError, UsageError
from geoseg.export.atomic import output_errors

if TYPE_CHECKING:
    from geoseg.accuracy.evaluation import Evaluation


def check_page(path: Path, *, overwrite: bool) -> Path:
    """Find out before any work whether the page can be written.

    Raises:
        UsageError: the name does not end in .html.
        OutputError: the folder is missing.
        OutputExistsError: the file is there already.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"{path.name} must end in .html, for a page is what is written")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise OutputError(f"{path} cannot be written: its folder does not exist, or it is a folder")
    if path.exists() and not overwrite:
        raise OutputExistsError(
            f"{path} exists; choose another name, or allow overwriting with --overwrite"
        )
    return path


def write_page(result: Evaluation, path: Path) -> None:
    """Draw the page and write it.

    Raises:
        OutputError: disk full, no permission.
    """
    from geoseg.accuracy.page import render_page
    from geoseg.statistics.write import write_text

    text = render_page(result)
    with output_errors(path, "Check the free space and the permissions of the folder."):
        write_text(text, path)

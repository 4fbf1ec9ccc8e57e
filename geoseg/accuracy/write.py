"""Writing the page: complete or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.export.atomic import output_errors

if TYPE_CHECKING:
    from geoseg.accuracy.evaluation import Evaluation


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

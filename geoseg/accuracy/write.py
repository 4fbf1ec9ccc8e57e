"""Writing the page: complete or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.export.atomic import output_errors, write_text

if TYPE_CHECKING:
    from geoseg.accuracy.evaluation import Evaluation


def write_page(result: Evaluation, path: Path) -> None:
    """Draw the page and write it.

    Raises:
        OutputError: disk full, no permission.
    """
    from geoseg.accuracy.page import render_page

    text = render_page(result)
    with output_errors(path):
        write_text(text, path)

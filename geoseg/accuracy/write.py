"""Figures of an evaluation as a file: all of it as JSON, a row per place as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.files.atomic import output_errors, write_text
from geoseg.files.cells import as_cell
from geoseg.files.target import check_file_or_page, require_other
from geoseg.languages.language import ENGLISH, Language

if TYPE_CHECKING:
    from geoseg.accuracy.evaluation import Evaluation

EXTENSIONS = (".json", ".csv")


def check_outputs(paths: Sequence[Path], inputs: Sequence[object], *, overwrite: bool) -> None:
    """Find out before any work whether these files can be written; pages as well.

    Raises:
        GeosegError: One of them cannot.
    """
    for path in paths:
        require_other(path, inputs)
        check_file_or_page(path, EXTENSIONS, overwrite=overwrite)


def write_evaluation(result: Evaluation, path: Path, language: Language = ENGLISH) -> None:
    """Write in the format of the extension; a page in a language.

    Raises:
        OutputError: disk full, no permission.
    """
    from geoseg.accuracy.page import write_page

    with output_errors(path):
        match path.suffix.lower():
            case ".json":
                write_text(json.dumps(result.as_dict(), indent=1, ensure_ascii=False), path)
            case ".csv":
                write_text(_csv(result), path)
            case _:
                write_page(result, path, language)


def _csv(result: Evaluation) -> str:
    """Figures that are one number each."""
    rows = [figures.as_dict() for figures in result.rows]
    single = [name for name, value in rows[0].items() if not isinstance(value, (dict, list, tuple))]
    text = io.StringIO()
    table = csv.DictWriter(text, single, lineterminator="\n")
    table.writeheader()
    table.writerows({name: as_cell(row[name]) for name in single} for row in rows)
    return text.getvalue()

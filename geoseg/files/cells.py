"""Text in cells of a CSV file, which spreadsheets open as their own."""

from __future__ import annotations

import re
from typing import TypeVar

FORMULA = r"^ *[=+\-@\t\r]"
"""What a spreadsheet takes for the begin of a formula; it looks past spaces. Known to Python's
and to Arrow's expressions alike."""

T = TypeVar("T")


def as_cell(value: T) -> T | str:
    """The value; a text that would be a formula begins with an apostrophe instead.

    A name that somebody gave to a zone must not reach the network or run anything when the table is
    opened. Spreadsheets know the apostrophe as the sign of a text.
    """
    if isinstance(value, str) and re.match(FORMULA, value):
        return f"'{value}"
    return value

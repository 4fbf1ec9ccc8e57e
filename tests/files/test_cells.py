from __future__ import annotations

import pytest

from geoseg.files.cells import as_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "  =HYPERLINK(1)", " -", "="]
)
def test_what_a_spreadsheet_takes_for_a_formula_becomes_a_text(text: str) -> None:
    assert as_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "a=1", " north", "'=1", "1-2", -1.5, 0, None, True])
def test_everything_else_stays(value: object) -> None:
    assert as_cell(value) is value

"""docs/inputs.md: every row names a test that is there."""

import ast
import re
from pathlib import Path

import pytest
from conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "inputs.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith("|---")]
ROWS = [row for row in ROWS if not row.endswith("| test |")]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_proven(row: str) -> None:
    *_, last, _ = re.split(r"(?<!\\)\|", row)
    named = re.fullmatch(r"`(\S+\.py)::(test_\w+)`", last.strip())
    assert named is not None, "the last column names a test: `folder/test_file.py::test_name`"
    tree = ast.parse((Path(__file__).parent / named[1]).read_text(encoding="utf-8"))
    assert named[2] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_rows_of_every_table() -> None:
    assert PAGE.count("\n|---") == PAGE.count("| test |")
    assert len(ROWS) > 30

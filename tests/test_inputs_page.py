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
    named = re.findall(r"`(\S+\.py)::(test_\w+)`", last)
    assert named, "the last column names tests: `folder/test_file.py::test_name`"
    for file, name in named:
        tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_rows_of_every_table() -> None:
    assert PAGE.count("\n|---") == PAGE.count("| test |")
    assert len(ROWS) > 90

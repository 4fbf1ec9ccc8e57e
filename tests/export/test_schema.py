from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pytest
from conftest import REPOSITORY

from geoseg.export.schema import COLUMNS, SCHEMA, conform

MakeTable = Callable[..., pa.Table]

DOCS = REPOSITORY / "docs" / "output.md"


def test_conform_orders_casts_and_drops(make_table: MakeTable) -> None:
    table = make_table([1, 2])
    shuffled = table.select(sorted(table.column_names)).append_column("extra", pa.array([0, 0]))
    wide = shuffled.set_column(
        shuffled.column_names.index("confidence"),
        "confidence",
        shuffled["confidence"].cast(pa.float64()),
    )
    assert conform(wide).equals(table)


def test_conform_names_what_is_missing(make_table: MakeTable) -> None:
    with pytest.raises(ValueError, match="lacks area_m2, shape"):
        conform(make_table([1]).drop_columns(["shape", "area_m2"]))


def test_units_in_names_and_units_agree() -> None:
    suffixes = {"_m2": "m²", "_m": "m", "_deg": "°"}
    for column in COLUMNS:
        suffix = next((s for s in suffixes if column.name.endswith(s)), None)
        if suffix:
            assert column.unit == suffixes[suffix]


def test_documentation_has_the_columns_in_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$", DOCS.read_text(), re.MULTILINE)
    types = {"string": "text", "double": "float64", "float": "float32"}
    expected = [
        (c.name, types.get(str(c.arrow_type), str(c.arrow_type)), c.unit, c.meaning)
        for c in COLUMNS
    ]
    assert rows == expected


def test_schema_ends_with_the_outline() -> None:
    assert SCHEMA.names[-1] == "geometry"
    assert len(SCHEMA) == len(COLUMNS) + 1

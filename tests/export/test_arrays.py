"""Columns made without pandas are those that Arrow makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from geoseg.export.arrays import column, no_rows
from geoseg.export.schema import SCHEMA


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([1, 2**62]), pa.int64()),
        (np.arange(6)[::2], pa.int64()),
        (np.array([0.5, -0.0, np.inf]), pa.float64()),
        (np.array([0.1], np.float32), pa.float32()),
        (np.array([0.5, np.nan, 1.0] * 5, np.float32), pa.float32()),
        (np.arange(11) % 3 == 0, pa.bool_()),
        (["a", None, "ö", ""], pa.string()),
        ([None], pa.string()),
        (np.array(["raw", "circle"], object), pa.string()),
        (np.array([b"wkb", b""], object), pa.binary()),
        (np.zeros(0), pa.float64()),
        (np.zeros(0, np.bool_), pa.bool_()),
        ([], pa.string()),
    ],
)  # fmt: skip
def test_columns_are_as_arrow_makes_them(values: Any, kind: pa.DataType) -> None:
    made = column(values, kind)
    made.validate(full=True)
    expected = pa.array(values, kind, from_pandas=True)
    assert made.equals(expected)
    assert made.null_count == expected.null_count


def test_numbers_are_not_cut() -> None:
    with pytest.raises(TypeError, match="Cannot cast"):
        column(np.array([1.5]), pa.int64())


def test_no_rows_have_all_columns() -> None:
    assert no_rows(SCHEMA).equals(SCHEMA.empty_table())

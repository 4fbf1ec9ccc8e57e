"""Columns as Arrow arrays, made without pandas.

``pyarrow.array`` loads pandas, where it is installed, to see whether it was given something of its kind: 40 MB and a
fifth of a second, in every process that draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Array = Any
"""Of Arrow's, which comes without usable types."""


def no_rows(schema: pa.Schema) -> pa.Table:
    """A table that nothing is in, as ``schema.empty_table()`` is."""
    return pa.Table.from_batches([], schema=schema)


def column(values: NDArray[Any] | Sequence[str | bytes | None], kind: pa.DataType) -> Array:
    """The values as an array of a type of the contract: numbers, truths, texts or bytes.

    Null where there is no text, and where a real number is NaN.
    """
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return _texts(values, kind)
    numbers = np.ascontiguousarray(values)
    if pa.types.is_boolean(kind):
        numbers = np.packbits(numbers, bitorder="little")
    else:
        numbers = numbers.astype(kind.to_pandas_dtype(), casting="same_kind", copy=False)
    known = ~np.isnan(numbers) if pa.types.is_floating(kind) else np.ones(0, np.bool_)
    return pa.Array.from_buffers(kind, len(values), [_mask(known), pa.py_buffer(numbers)])


def _texts(values: NDArray[Any] | Sequence[str | bytes | None], kind: pa.DataType) -> Array:
    """Texts or bytes one after the other, where each begins, and which of them there are."""
    there = np.array([value is not None for value in values], np.bool_)
    pieces = [_bytes_of(value) for value in values]
    begins = np.array([0, *accumulate(map(len, pieces))], np.int64)
    if begins[-1] > np.iinfo(np.int32).max:
        raise OverflowError(f"{begins[-1]} bytes do not fit into one column")
    buffers = [begins.astype(np.int32), np.frombuffer(b"".join(pieces), np.uint8)]
    return pa.Array.from_buffers(kind, len(values), [_mask(there), *map(pa.py_buffer, buffers)])


def _mask(there: NDArray[np.bool_]) -> Array:
    """Which values there are; None: all."""
    return None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))


def _bytes_of(value: str | bytes | None) -> bytes:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else value

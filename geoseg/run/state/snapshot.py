"""The state that a run goes on from: named arrays in one compressed Arrow file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from geoseg.errors import ResumeError
from geoseg.files.atomic import replacing
from geoseg.files.seal import FileSeal
from geoseg.run.state.manifest import START_AFRESH

SHAPE, DTYPE = b"shape", b"dtype"
"""Metadata of a column, which holds the bytes of one array."""


def write_snapshot(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> FileSeal:
    """Write the arrays; the file appears complete or not at all.

    Returns:
        What says later that it is still the same.

    Raises:
        TypeError: An array holds Python objects.
    """
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise TypeError(f"snapshot arrays of objects cannot be saved: {', '.join(objects)}")
    schema = pa.schema([_field(name, array) for name, array in arrays.items()])
    options = pa.ipc.IpcWriteOptions(compression="lz4")  # mostly zeros, as wide as the raster
    with pa.BufferOutputStream() as file:
        with pa.ipc.new_file(file, schema, options=options) as sink:
            sink.write_batch(pa.record_batch([_column(a) for a in arrays.values()], schema=schema))
        content = memoryview(file.getvalue())
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return FileSeal.of(content)


def read_snapshot(path: Path, seal: FileSeal) -> dict[str, NDArray[Any]]:
    """The arrays, free to be changed.

    Raises:
        ResumeError: The file is missing or was damaged.
    """
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    if not seal.fits(content):  # what is damaged can crash a reader
        raise ResumeError(f"cannot resume: {path} is missing or was damaged. {START_AFRESH}")
    batch = pa.ipc.open_file(pa.py_buffer(content)).get_batch(0)
    columns = zip(batch.schema, batch.columns, strict=True)
    return {field.name: _array(field, column) for field, column in columns}


def _field(name: str, array: NDArray[Any]) -> pa.Field:
    shape = ",".join(map(str, array.shape))
    return pa.field(name, pa.large_binary(), metadata={SHAPE: shape, DTYPE: array.dtype.str})


def _column(array: NDArray[Any]) -> pa.Array:
    """One value: the array's bytes, not copied."""
    data = pa.py_buffer(np.ascontiguousarray(array))
    ends = pa.py_buffer(np.array([0, array.nbytes], np.int64))
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), 1, [None, ends, data])


def _array(field: pa.Field, column: pa.Array) -> NDArray[Any]:
    shape = [int(size) for size in field.metadata[SHAPE].decode().split(",") if size]
    dtype = np.dtype(field.metadata[DTYPE].decode())
    data = column.buffers()[2]
    count = int(np.prod(shape, dtype=np.int64))
    # Only the content counts: a buffer may be padded, and that of an empty array may be missing.
    flat = np.frombuffer(data, dtype, count) if count else np.empty(0, dtype)
    return flat.reshape(shape).copy()

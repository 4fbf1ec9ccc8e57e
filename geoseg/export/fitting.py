"""Rows as a format wants them: other names, other types, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from geoseg.export.field_names import told
from geoseg.export.layer import LayerInfo
from geoseg.export.stream import BatchStream
from geoseg.vectors.apart import free_name


def fitted(
    batches: Iterable[pa.RecordBatch],
    layer: LayerInfo,
    names: Mapping[str, str],
    cast: Callable[[pa.DataType], pa.DataType] = lambda kind: kind,
) -> tuple[BatchStream, LayerInfo]:
    """The rows with columns of other names and types; the geometry stays the last.

    Args:
        batches: Of the layer's schema.
        layer: What they are.
        names: What each attribute is called in the file.
        cast: The type that one becomes.
    """
    free = free_name(layer.geometry, names.values())
    fields = [pa.field(names[f.name], cast(f.type)) for f in list(layer.schema)[:-1]]
    schema = pa.schema([*fields, pa.field(free, pa.binary())])

    def made() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            arrays = [_cast(batch.column(place), field.type) for place, field in enumerate(schema)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return BatchStream(made(), schema), replace(layer, schema=schema)


def time_texts(kind: pa.DataType) -> pa.DataType:
    """For formats that have no time of a day: such columns become text."""
    return pa.string() if pa.types.is_timestamp(kind) else kind


def date_texts(kind: pa.DataType) -> pa.DataType:
    """For formats that have no dates at all."""
    return pa.string() if pa.types.is_date(kind) else time_texts(kind)


def renamed_and_cast(
    layer: LayerInfo, names: Mapping[str, str], cast: Callable[[pa.DataType], pa.DataType]
) -> tuple[str, ...]:
    """What :func:`fitted` changes, one sentence each."""
    texts = [one.name for one in list(layer.schema)[:-1] if cast(one.type) != one.type]
    return (*told(names), *((f"dates are text: {', '.join(texts)}",) if texts else ()))


def _cast(array: Any, kind: pa.DataType) -> Any:  # noqa: ANN401  # Arrow arrays
    if array.type == kind:
        return array
    if pa.types.is_date(array.type) and pa.types.is_string(kind):
        return pc.strftime(array.cast(pa.timestamp("s")), "%Y-%m-%d")
    if pa.types.is_timestamp(array.type) and pa.types.is_string(kind):
        zone = "" if array.type.tz is None else "Z"
        return pc.strftime(array.cast(pa.timestamp("ms")), f"%Y-%m-%dT%H:%M:%S{zone}")
    return array.cast(kind)

"""Columns of any table as Arrow, so that a file gives back what was in them.

What a format cannot hold is refused here, before anything is written. Three things change on the
way into what GDAL writes: datetimes have milliseconds (before 1970 none in the last second of a minute)
and, where they have a zone, are in UTC; dates become datetimes when they are read; lists and mappings are
stored as JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geoseg.errors import UsageError
from geoseg.export.formats import Format

JSON_FIELD = {"ARROW:extension:name": "arrow.json"}
"""Tells GDAL that a text is JSON."""
_MINUTE_MS, _LAST_SECOND_MS = 60_000, 59_000
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
"""Characters that XML does not have."""
_ANOTHER = "remove the column, change it to text or numbers, or write .parquet"
_CONVERSIONS = (pa.ArrowException, ValueError, TypeError, OverflowError)
"""What values that do not fit together raise."""


def attributes(frame: gpd.GeoDataFrame, holds: Format) -> tuple[list[pa.Field], list[Any]]:
    """Fields and arrays of all columns but the geometry, in order.

    Raises:
        UsageError: the format cannot hold a column, or two have the same name.
    """
    table = pd.DataFrame(frame).drop(columns=frame.active_geometry_name)
    names = [str(name) for name in table.columns]
    _require_names(names, holds)
    made = [_column(name, table.iloc[:, place], holds) for place, name in enumerate(names)]
    return [field for field, _ in made], [array for _, array in made]


def _require_names(names: Sequence[str], holds: Format) -> None:
    alike = names if holds.everything else [name.lower() for name in names]
    if twice := [name for name, count in Counter(alike).items() if count > 1]:
        both = [repr(name) for name, other in zip(names, alike, strict=True) if other == twice[0]]
        called = " and ".join(dict.fromkeys(both))
        raise UsageError(
            f"{holds.title} cannot hold two columns called {called}; rename one of them"
        )
    if not holds.everything and any(not name or "\0" in name for name in names):
        raise UsageError(f"{holds.title} needs a name for every column; rename the one without")


def _column(name: str, values: pd.Series[Any], holds: Format) -> tuple[pa.Field, Any]:
    if str(values.dtype) == "geometry":
        raise UsageError(
            f"the column {name!r} is a second geometry, and a layer has one; remove it"
        )
    try:
        array = pa.array(values, from_pandas=True)
        if holds.everything:
            return pa.field(name, array.type), array
        if pa.types.is_nested(array.type):
            return pa.field(name, pa.string(), metadata=JSON_FIELD), _as_json(values, array)
        plain = _plain(array)
    except _CONVERSIONS as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"the column {name!r} holds values that do not fit into one column of a file "
            f"({reason}); make all of them text or all of them numbers"
        ) from None
    require_values(name, plain, holds)
    return pa.field(name, plain.type), plain


def _plain(array: Any) -> Any:  # noqa: ANN401  # an Arrow array
    """The same values in a type that GDAL knows, where there is one."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode())
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    if pa.types.is_uint64(kind):
        return array.cast(pa.int64())
    if pa.types.is_float16(kind):
        return array.cast(pa.float32())
    if pa.types.is_timestamp(kind):
        zone = None if kind.tz is None else "UTC"
        return _kept_in_its_minute(array.cast(pa.timestamp("ms", zone), safe=False))
    return array


def _kept_in_its_minute(times: Any) -> Any:  # noqa: ANN401  # an Arrow array
    """Times in milliseconds without what makes GDAL (3.12) write the next full minute.

    That are fractions in the last second of a minute before 1970; they go, and nothing else does.
    """
    passed = times.cast(pa.int64())
    minutes = pc.floor(pc.divide(passed.cast(pa.float64()), _MINUTE_MS)).cast(pa.int64())
    in_minute = pc.subtract(passed, pc.multiply(minutes, _MINUTE_MS))
    last = pc.and_(pc.less(passed, 0), pc.greater(in_minute, _LAST_SECOND_MS))
    whole = pc.add(pc.multiply(minutes, _MINUTE_MS), _LAST_SECOND_MS)
    return pc.if_else(last, whole, passed).cast(times.type)


def require_values(name: str, array: Any, holds: Format) -> None:  # noqa: ANN401  # an Arrow array
    """Refuse values that a format cannot hold.

    Raises:
        UsageError: There are some.
    """
    kind = array.type
    if is_text(kind):
        _require_texts(name, array, holds)
    elif pa.types.is_floating(kind):
        _require_numbers(name, array, holds)
    elif _is_binary(kind):
        if not holds.binary:
            raise _refusal(name, "bytes", holds)
    elif pa.types.is_integer(kind):
        _require_digits(name, array, holds)
    elif not any(is_kind(kind) for is_kind in _HELD):
        raise _refusal(name, f"values of the type {kind}", holds)


def _require_texts(name: str, array: Any, holds: Format) -> None:  # noqa: ANN401  # an Arrow array
    if pc.any(pc.match_substring(array, "\0")).as_py():
        raise _refusal(name, "text with the character 0", holds)
    if not holds.control and pc.any(pc.match_substring_regex(array, _CONTROL)).as_py():
        raise _refusal(name, "text with control characters", holds)
    longest = pc.max(pc.binary_length(array)).as_py() or 0
    if holds.text_bytes is not None and longest > holds.text_bytes:
        raise _refusal(name, f"text of {longest} bytes, above {holds.text_bytes}", holds)


def _require_numbers(name: str, array: Any, holds: Format) -> None:  # noqa: ANN401  # an Arrow array
    if not holds.infinity and pc.any(pc.is_inf(array)).as_py():
        raise _refusal(name, "infinite numbers", holds)
    largest = pc.max(pc.abs(array)).as_py() or 0.0
    if holds.largest is not None and largest >= holds.largest:
        raise _refusal(name, f"numbers such as {largest:.3g}, not below {holds.largest:g}", holds)


def _require_digits(name: str, array: Any, holds: Format) -> None:  # noqa: ANN401  # an Arrow array
    if holds.digits is None:
        return
    ends = pc.min_max(array).as_py()
    if any(end is not None and len(str(end)) > holds.digits for end in ends.values()):
        raise _refusal(name, f"whole numbers of more than {holds.digits} characters", holds)


_HELD = (pa.types.is_boolean, pa.types.is_date, pa.types.is_timestamp)


def is_text(kind: pa.DataType) -> bool:
    """True for both of Arrow's types of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _refusal(name: str, what: str, holds: Format) -> UsageError:
    return UsageError(f"the column {name!r} holds {what}, which {holds.title} cannot; {_ANOTHER}")


def _as_json(values: pd.Series[Any], array: Any) -> pa.Array:  # noqa: ANN401  # an Arrow array
    missing = array.is_null().to_pylist()
    texts = [
        None if gone else json.dumps(value, default=_as_list, allow_nan=False)
        for value, gone in zip(values, missing, strict=True)
    ]
    return pa.array(texts, pa.string())


def _as_list(value: Any) -> Any:  # noqa: ANN401  # whatever a list may hold
    """Arrays and numbers of numpy as JSON knows them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"JSON cannot hold {type(value).__name__}")

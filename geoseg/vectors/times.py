"""Times as a file tells them: of GDAL's record batches some lose their zone, and others get one."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio

from geoseg.vectors.layers import Layer

_log = logging.getLogger(__name__)

_ZONE = r"T.*(Z|[+-]\d\d(:?\d\d)?)$"
"""How a time ends that tells its zone."""
MIXED = "%s: of the times in the column %s, %d tell no zone; as others do, they are taken for UTC."
"""Said where a column cannot be both."""


def as_told(table: pa.Table, layer: Layer) -> pa.Table:
    """The columns that GDAL made of a file, those of times in UTC where they tell a zone, else without one.

    The texts of those are read a second time for it.
    """
    timed = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    if not timed:
        return table
    meta, _, _, texts = pyogrio.raw.read(
        layer.path, layer=layer.name, columns=layer.to_ask_of_gdal(timed), read_geometry=False, datetime_as_string=True,
    )  # fmt: skip
    for name, told in zip(meta["fields"], texts, strict=True):
        if name not in timed:
            continue
        place = table.column_names.index(name)
        table = table.set_column(
            place, str(name), _times(pa.array(told, pa.string()), str(name), layer.label)
        )
    return table


def _times(texts: pa.Array, name: str, label: str) -> pa.Array:
    """A column of times from its texts."""
    zoned = pc.sum(pc.match_substring_regex(texts, _ZONE)).as_py() or 0
    if 0 < zoned < len(texts) - texts.null_count:
        _log.warning(MIXED, label, name, len(texts) - texts.null_count - zoned)
    times = pd.to_datetime(texts.to_pandas(), utc=True, format="ISO8601")
    moments = np.asarray(times.dt.tz_localize(None), dtype="datetime64[ms]")
    return pa.array(moments, pa.timestamp("ms", "UTC" if zoned else None), from_pandas=True)

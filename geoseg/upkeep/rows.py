"""The updated layer's rows: every old one as it was, then the new ones, with what is said of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from geopandas.array import from_shapely
from numpy.typing import NDArray

from geoseg.export.schema import Column
from geoseg.upkeep.old import OldLayer
from geoseg.vectors.apart import free_name, latest_name
from geoseg.vectors.standing import other_words

EVIDENCE: tuple[Column, ...] = (
    Column("decision", pa.string(), "Decision", "",
           "What became of the building: kept, moved, changed, split, merged, new, gone or unseen."),
    Column("sure", pa.float32(), "Sure", "0..1",
           "Estimated probability that the decision is right; empty where it is an earlier one."),
    Column("review", pa.int64(), "Review", "",
           "Place in the layer review, 1 is looked at first; empty where nobody need look."),
    Column("ev_iou", pa.float32(), "IoU", "0..1",
           "Intersection over union of the old outline with the new one that shares most with it, the "
           "shift of the quarter taken off."),
    Column("ev_covered", pa.float32(), "Covered", "0..1", "Share of the old outline below new ones."),
    Column("ev_conf", pa.float32(), "Confidence", "0..1", "Confidence of the new building."),
    Column("ev_prob", pa.float32(), "Probability", "0..1",
           "Mean probability of building under the old outline, where it was not found."),
    Column("ev_added", pa.float64(), "Added", "m²",
           "Area that the new outline has beyond the eaves of the old one and beyond the tolerance."),
    Column("ev_removed", pa.float64(), "Removed", "m²",
           "Area that the new outline lacks, beyond the tolerance."),
    Column("ev_height", pa.float64(), "Height", "m", "Height of the new building."),
    Column("ev_new_ids", pa.string(), "New ids", "",
           "The building_id of the new outlines that belong to the row, as JSON."),
    Column("moved_x_m", pa.float64(), "Moved east", "m",
           "How far the building moved, beyond the shift of its quarter."),
    Column("moved_y_m", pa.float64(), "Moved north", "m", "The same, to the north."),
    Column("shift_x_m", pa.float64(), "Shift east", "m",
           "How far the new layer lies from the old one in this quarter; taken off everywhere."),
    Column("shift_y_m", pa.float64(), "Shift north", "m", "The same, to the north."),
)  # fmt: skip
"""Columns that are added, in order; names that a shapefile holds."""
NAMES = tuple(column.name for column in EVIDENCE)


@dataclass(frozen=True, slots=True)
class Table:
    """The rows, and under which names their added columns stand."""

    frame: gpd.GeoDataFrame
    """All old rows in order, then the new ones."""
    names: dict[str, str]
    """Column of EVIDENCE to its name in the frame: another one where the old layer has such a column."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """What is stored of the added columns."""
        return tuple(
            Column(self.names[c.name], c.arrow_type, c.title, c.unit, c.meaning) for c in EVIDENCE
        )


def without_earlier(old: OldLayer) -> OldLayer:
    """The layer without what an earlier update said of its rows; words of a person among it stay."""
    frame = old.frame
    names = [latest_name(name, frame.columns) for name in NAMES]
    if not set(names) <= set(frame.columns) or other_words(frame):
        return old
    return replace(old, frame=frame.drop(columns=names))


def table(
    old: OldLayer,
    shapes: NDArray[np.object_],
    evidence: dict[str, Any],
    added: NDArray[np.object_],
) -> Table:
    """Put the rows together.

    Args:
        old: The old layer.
        shapes: (n,) outlines of its rows, changed where something changed.
        evidence: Column of EVIDENCE to its values, those of the old rows first.
        added: (k,) outlines of the new rows.
    """
    before = old.frame
    geometry = before.active_geometry_name
    attributes = pd.DataFrame(before).drop(columns=geometry)
    count = len(added)
    columns = {str(name): _longer(attributes[name], count) for name in attributes.columns}
    names: dict[str, str] = {}
    for column in EVIDENCE:
        name = free_name(column.name, [*columns, *names.values()])
        names[column.name] = name
        columns[name] = _typed(evidence[column.name], column.arrow_type)
    outlines = np.concatenate([shapes, added])
    columns[str(geometry)] = pd.Series(from_shapely(outlines))
    frame = gpd.GeoDataFrame(columns, geometry=str(geometry), crs=old.crs)
    return Table(frame, names)


def _longer(values: pd.Series[Any], count: int) -> pd.Series[Any]:
    """A column with nothing in ``count`` more rows, and of the same type."""
    if not count:
        return values.reset_index(drop=True)
    if isinstance(values.dtype, pd.ArrowDtype):
        kind = values.dtype.pyarrow_dtype
        parts = pa.chunked_array([*_chunks(values), pa.nulls(count, kind)], kind)
        return pd.Series(pd.arrays.ArrowExtensionArray(parts), name=values.name)
    held = values.dtype
    if pd.api.types.is_bool_dtype(held) and isinstance(held, np.dtype):
        values = values.astype("boolean")
    elif pd.api.types.is_integer_dtype(held) and isinstance(held, np.dtype):
        name = f"{'U' if held.kind == 'u' else ''}Int{8 * held.itemsize}"
        values = pd.Series(pd.array(values.to_numpy(), dtype=name), name=values.name)  # type: ignore[call-overload]
    nothing = pd.Series([None] * count, dtype=values.dtype)
    return pd.concat([values, nothing], ignore_index=True)


def _chunks(values: pd.Series[Any]) -> list[pa.Array]:
    array = pa.array(values)
    return list(array.chunks) if isinstance(array, pa.ChunkedArray) else [array]


def _typed(values: Any, kind: pa.DataType) -> pd.Series[Any]:  # noqa: ANN401  # an array of anything
    """A column of an Arrow type; what is NaN or empty is nothing."""
    given = np.asarray(values)
    if pa.types.is_string(kind):
        missing = np.array([one is None or one == "" for one in given], dtype=bool)
    else:
        missing = np.isnan(given.astype(np.float64))
        given = np.where(missing, 0, given)
    array = pa.array(given, mask=missing).cast(kind)
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])))


def with_heights(shapes: NDArray[np.object_], given: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) outlines at the mean height of (n,) old ones, flat where those are flat."""
    out = shapes.copy()
    for row in np.flatnonzero(shapely.has_z(given)):
        heights = shapely.get_coordinates(given[row], include_z=True)[:, 2]
        known = heights[np.isfinite(heights)]
        out[row] = shapely.force_3d(
            shapely.force_2d(shapes[row]), float(known.mean()) if len(known) else 0.0
        )
    return out


def json_each(ids: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) of each id a JSON list with it alone."""
    out = np.empty(len(ids), dtype=object)
    out[:] = [f"[{one}]" if type(one) is int else json_ids([one]) for one in ids.tolist()]
    return out


def json_ids(ids: list[Any]) -> str | None:
    """Ids as a JSON list; None where there is none."""
    if not ids:
        return None
    return json.dumps([_plain(one) for one in ids], ensure_ascii=False)


def _plain(one: Any) -> Any:  # noqa: ANN401  # an id of any kind
    if one is None or one != one:  # noqa: PLR0124  # NaN
        return None
    if isinstance(one, (bool, str)):
        return one
    if isinstance(one, (int, np.integer)) or float(one).is_integer():
        return int(one)
    return float(one)

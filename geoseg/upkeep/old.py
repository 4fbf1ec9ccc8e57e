"""The old layer with everything that is in it: types of columns, nulls, heights, parts, row numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from geopandas.array import from_shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.reproject import ground_under
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.export.frames import AREAL
from geoseg.languages.counting import counted
from geoseg.vectors.apart import free_name
from geoseg.vectors.exact import load_exact
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.observed import extent_in
from geoseg.vectors.rows import gathered, notes_of, refuse_unusable_rows, usable
from geoseg.vectors.standing import standing

ID_NAMES = (
    "id", "building_id", "gml_id", "osm_id", "@id", "full_id", "objectid", "object_id", "gid",
    "egid", "uuid", "guid", "globalid", "oid", "fid", "ogc_fid", "inspireid", "localid", "toid",
)  # fmt: skip
"""Names of columns that tell rows apart, the likeliest first."""
ROW = "old_fid"
"""The column that keeps a file's own numbers of rows, where nothing else tells rows apart."""
ROLE = "old buildings"
"""How messages name a table."""
KEPT = (
    ("and were left out", "and are written as they are, unseen"),
    ("and was left out", "and is written as it is, unseen"),
    ("were repaired", "were repaired to be compared; they are written as they are"),
    ("was repaired", "was repaired to be compared; it is written as it is"),
)
"""What other verbs say of rows, and what is true of those here."""


@dataclass(frozen=True, slots=True)
class OldLayer:
    """All rows, in order, as they were."""

    label: str
    """How messages name it."""
    crs: CRS
    """Its CRS."""
    frame: gpd.GeoDataFrame
    """Its rows, with the types that the file has."""
    flat: NDArray[np.object_]
    """(n,) valid polygons without heights, repaired where need be; None where there is none."""
    id_column: str
    """The column that tells rows apart."""
    gone: NDArray[np.bool_]
    """(n,) True where an earlier update, or a person, said that a building is gone."""
    extent: shapely.Geometry | None
    """The observed area that its file knows of, in its CRS; None where it knows of none."""
    notes: tuple[str, ...]
    """What the reader should know, one sentence each."""

    @property
    def shapes(self) -> NDArray[np.object_]:
        """(n,) the geometries as they were."""
        return np.array(self.frame.geometry.array, dtype=object)


def read_old(source: VectorInput, layer: str | None, id_column: str | None) -> OldLayer:
    """Read a file or a table.

    Args:
        source: A vector file or a GeoDataFrame.
        layer: Layer of the file, where there are several.
        id_column: The column that tells rows apart; None: found by its name, else the file's own
            numbers of rows.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS, or no row.
        UsageError: a row is no polygon, or there is no such column.
    """
    read = load_exact(source, ROLE, layer=layer, preferred="buildings")
    frame, label, crs = read.frame, read.label, read.crs
    if frame.empty:
        raise UnreadableVectorError(
            f"{label} has no rows; there is nothing to update: the new buildings are the layer"
        )
    ground_under(crs)  # raises where it is not tied to the Earth
    given = gathered(np.array(frame.geometry.array, dtype=object))
    frame[frame.geometry.name] = from_shapely(given, crs=frame.crs)
    _refuse_others(given, label)
    rows = usable(given, crs)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), label)
    gone = ~standing(frame)
    frame, name = _identified(frame, read.numbers, id_column, label)
    notes = (*_kept_notes(rows.counts, label), *_id_notes(frame, name, label))
    return OldLayer(label, crs, frame, rows.geometry, name, gone, extent_in(source, layer), notes)


def _refuse_others(shapes: NDArray[np.object_], label: str) -> None:
    """Raise where a row is neither polygon nor nothing: none may be lost, and none written."""
    kinds = shapely.get_type_id(shapes)
    wrong = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes) | np.isin(kinds, list(AREAL)))
    if wrong.all():
        raise UnreadableVectorError(f"{label} holds points or lines; polygons are needed")
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise UsageError(
            f"row {row} of {label} holds a {shapes[row].geom_type}; every row of the old layer is "
            f"written again as a polygon, so remove the {int(wrong.sum())} rows that are none"
        )


def _identified(
    frame: gpd.GeoDataFrame, numbers: NDArray[np.int64] | None, wanted: str | None, label: str
) -> tuple[gpd.GeoDataFrame, str]:
    """The rows, with a column of their numbers where nothing else tells them apart, and its name."""
    names = [str(name) for name in frame.columns if name != frame.active_geometry_name]
    if wanted is not None:
        if wanted not in names:
            shown = ", ".join(names[:20]) or "none"
            raise UsageError(f"{label} has no column {wanted!r} (--id); it has {shown}")
        return frame, wanted
    lowered = {name.lower(): name for name in reversed(names)}
    for likely in ID_NAMES:
        name = lowered.get(likely)
        if name is not None and frame[name].notna().all() and frame[name].is_unique:
            return frame, name
    earlier = lowered.get(ROW)
    numbered = None if earlier is None else _numbered_on(frame[earlier])
    if numbered is not None:
        return frame.assign(**{str(earlier): numbered}), str(earlier)
    name = free_name(ROW, names)
    given = np.arange(len(frame)) if numbers is None else numbers
    rows = pd.arrays.ArrowExtensionArray(pa.array(given, pa.int64()))
    place = len(frame.columns) - 1
    out = frame.copy(deep=False)
    out.insert(place, name, rows)
    return out, name


def _numbered_on(values: pd.Series[Any]) -> pd.arrays.ArrowExtensionArray | None:
    """The numbers that an earlier update gave, those after them where it added rows; None if they are none."""
    if not pd.api.types.is_numeric_dtype(values) or not values.notna().any():
        return None
    given = values.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(given)
    known = given[~missing]
    if (known % 1).any() or len(np.unique(known)) < len(known):
        return None
    given[missing] = known.max() + 1 + np.arange(missing.sum())
    return pd.arrays.ArrowExtensionArray(pa.array(given.astype(np.int64)))


def _kept_notes(counts: Counter[str], label: str) -> tuple[str, ...]:
    """What was repaired or has no place; all of it is written as it was."""
    return tuple(_as_written(one) for one in notes_of(counts, label))


def _as_written(told: str) -> str:
    for words, here in KEPT:
        told = told.replace(words, here)
    return told


def _id_notes(frame: gpd.GeoDataFrame, name: str, label: str) -> tuple[str, ...]:
    values = frame[name]
    missing, again = int(values.isna().sum()), int(values.dropna().duplicated().sum())
    notes = []
    if missing:
        notes.append(f"{counted(missing, 'row')} of {label} without {name}.")
    if again:
        notes.append(f"{counted(again, 'row')} of {label} with the {name} of an earlier one.")
    if name.startswith(ROW):
        notes.append(
            f"{label} has no column of ids that is known by its name{_rejected(frame)}; {name} holds the "
            "numbers of its rows. --id names another column."
        )
    return tuple(notes)


def _rejected(frame: gpd.GeoDataFrame) -> str:
    """The likeliest column of ids, where it has such a name and does not tell rows apart."""
    lowered = {str(name).lower(): name for name in reversed(list(frame.columns))}
    name = next((lowered[likely] for likely in ID_NAMES if likely in lowered), None)
    if name is None or name == frame.active_geometry_name:
        return ""
    values = frame[name]
    wrong = int((values.isna() | values.duplicated()).sum())
    return f" and tells rows apart ({counted(wrong, 'row')} without {name}, or with that of an earlier one)"


def texts_of(values: Sequence[object]) -> list[str | None]:
    """Ids as texts; None where there is none."""
    return [None if pd.isna(one) else str(one) for one in values]  # type: ignore[call-overload]

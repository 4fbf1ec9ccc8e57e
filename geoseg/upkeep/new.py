"""The new layer: what was found, and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableVectorError
from geoseg.statistics.trust import CONFIDENCE, PRESENCE, Trust, presences_of
from geoseg.vectors.buildings import ID, numbers_of, open_buildings
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.observed import extent_in
from geoseg.vectors.rows import notes_of, refuse_unusable_rows, usable
from geoseg.vectors.standing import gone_note, standing

ROLE = "new buildings"
"""How messages name a table."""
AT_EDGE, HEIGHT = "at_edge", "height_m"
"""Columns that are used where they are there, beside CONFIDENCE and PRESENCE."""
NO_EXTENT = (
    "The new layer has no layer 'extent', so all old buildings count as seen; give --aoi where the "
    "imagery did not cover all of them."
)
"""Said when the observed area is unknown."""
NO_CONFIDENCE = "The new buildings have no column confidence: all of them count as real."
"""Said of layers that no model made."""
SWAPPED = (
    "{old} looks like what geoseg predict found (columns confidence and at_edge), and {new} does not; the first "
    "layer is the one to bring up to date: exchange them if they are swapped."
)
"""Said first where that is so."""


@dataclass(frozen=True, slots=True)
class NewLayer:
    """Buildings as they were found."""

    label: str
    """How messages name it."""
    crs: CRS
    """Its CRS."""
    outlines: NDArray[np.object_]
    """(m,) valid polygons or multipolygons, flat."""
    ids: NDArray[np.object_]
    """(m,) their ``building_id``, else numbers of rows from 0."""
    confidence: NDArray[np.float64]
    """(m,) probability that a building is real and drawn right, NaN where there is none."""
    presence: NDArray[np.float64]
    """(m,) probability that it is there at all, NaN where there is none."""
    at_edge: NDArray[np.bool_]
    """(m,) True where it may be cut off by the edge of the imagery."""
    height_m: NDArray[np.float64]
    """(m,) NaN where there is none."""
    extent: shapely.Geometry | None
    """The observed area; None where unknown."""
    notes: tuple[str, ...]
    """What the reader should know, one sentence each."""


def read_new(source: VectorInput, layer: str | None) -> NewLayer:
    """Read a file or a table.

    Raises:
        UnreadableVectorError: no such file or layer, no polygons, no CRS.
        UsageError: it is neither path nor GeoDataFrame, or a layer is named of what has none.
    """
    loaded = open_buildings(source, layer, ROLE)
    frame = loaded.frame((ID, CONFIDENCE, PRESENCE, AT_EDGE, HEIGHT))
    rows = usable(np.array(frame.geometry.array, dtype=object), loaded.crs)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), loaded.label)
    stand = standing(frame)
    kept = rows.kept & stand
    if not kept.any():
        raise UnreadableVectorError(
            f"{loaded.label} holds no building; from a layer without any nothing can be told of the old one"
        )
    table = pd.DataFrame(frame).loc[kept]
    confidence, notes = _confidence(table)
    at_edge = _numbers(table, AT_EDGE)
    ids = table[ID].to_numpy(dtype=object) if ID in table else np.flatnonzero(kept).astype(object)
    return NewLayer(
        loaded.label,
        loaded.crs,
        rows.geometry[kept],
        ids,
        confidence,
        presences_of(_numbers(table, PRESENCE)),
        at_edge > 0,
        _numbers(table, HEIGHT),
        extent_in(source, layer),
        (*notes_of(Counter(rows.counts), loaded.label), *gone_note(int((~stand).sum())), *notes),
    )


def swapped_note(old: str, columns: Collection[str], new: NewLayer) -> tuple[str, ...]:
    """A sentence where the layers may have been exchanged.

    Args:
        old: How messages name the older layer.
        columns: Its columns.
        new: The newer one.
    """
    predicted = {CONFIDENCE, AT_EDGE} <= set(columns)
    if predicted and NO_CONFIDENCE in new.notes:
        return (SWAPPED.format(old=old, new=new.label),)
    return ()


def _numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return numbers_of(table[name]) if name in table else np.full(len(table), np.nan)


def _confidence(table: pd.DataFrame) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if CONFIDENCE not in table:
        return np.full(len(table), np.nan), (NO_CONFIDENCE,)
    values = numbers_of(table[CONFIDENCE])
    trust = Trust.of(
        CONFIDENCE, values, int((np.isnan(values) & table[CONFIDENCE].notna().to_numpy()).sum())
    )
    known = trust.values  # noqa: PD011 - no table's
    return np.full(len(table), np.nan) if known is None else known, trust.notes

"""The buildings of a file under review, and what was said of each."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.languages.counting import counted
from geoseg.reviewing.columns import BUILDINGS, CHECKED, PLOT_ID, REVIEW, VERDICTS
from geoseg.reviewing.files import require_columns
from geoseg.reviewing.plots import Plots, few
from geoseg.vectors.buildings import ID, numbers_of
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.load import load
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import notes_of, usable
from geoseg.vectors.within import OUTSIDE, assign


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a layer that are polygons, with their verdicts."""

    frame: gpd.GeoDataFrame
    """Their columns, as they stand in the file."""
    label: str
    """How messages name the layer."""
    crs: CRS
    """Of the geometry."""
    geometry: NDArray[np.object_]
    """(n,) repaired outlines."""
    verdict: NDArray[np.object_]
    """(n,) of VERDICTS; empty where nobody has looked."""
    notes: tuple[str, ...]
    """What was repaired and left out, one sentence each."""

    @property
    def plot(self) -> NDArray[np.float64]:
        """(n,) numbers of the plots that they name; NaN for none."""
        if PLOT_ID not in self.frame.columns:
            return np.full(len(self.frame), np.nan)
        return numbers_of(pd.Series(self.frame[PLOT_ID]))

    @property
    def repeated(self) -> int:
        """Rows with the id of an earlier one."""
        if ID not in self.frame.columns:
            return 0
        return int(self.frame[ID].dropna().duplicated().sum())


def read_judged(source: VectorInput, place: Neighbourhood | None, layer: str = BUILDINGS) -> Judged:
    """Read a layer of a file under review.

    Raises:
        UsageError: a verdict is unknown.
        UnreadableVectorError: the layer lacks a column.
    """
    loaded = load(source, "reviewed buildings", layer=layer)
    require_columns(
        loaded.frame, (PLOT_ID, REVIEW) if layer == BUILDINGS else (REVIEW,), loaded.label
    )
    rows = usable(np.array(loaded.frame.geometry.array, dtype=object), loaded.crs)
    frame = loaded.frame[rows.kept]
    verdict = np.array([_verdict(value, loaded.label) for value in frame[REVIEW]], dtype=object)
    shapes = rows.geometry[rows.kept]
    moved = shapes if place is None else sound(place.bring(shapes, loaded.crs))
    crs = loaded.crs if place is None else place.crs
    return Judged(frame, loaded.label, crs, moved, verdict, notes_of(rows.counts, loaded.label))


def _verdict(value: object, label: str) -> str:
    """As it is meant: whatever its case, with spaces around."""
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124  # NaN
        return ""
    text = str(value).strip().lower()
    if text and text not in VERDICTS:
        raise UsageError(
            f"{label}: the verdict {str(value)!r} is unknown; the column {REVIEW!r} takes "
            f"{', '.join(VERDICTS)}, or nothing where nobody has looked"
        )
    return text


def homes(rows: Judged, plots: Plots, name: str) -> NDArray[np.int64]:
    """(n,) the plot of each row, or OUTSIDE.

    What came with the plots stays in its own when it is redrawn; what somebody added lies where its
    representative point does.

    Raises:
        UsageError: a row names a plot that is not there.
    """
    given, ids = rows.plot, plots.ids
    home = np.full(len(given), OUTSIDE, dtype=np.int64)
    named = np.isfinite(given)
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], given), len(ids) - 1)
    home[named] = order[place[named]]
    strange = named & (ids[order[place]] != given)
    if strange.any():
        raise UsageError(
            f"{name}: {counted(int(strange.sum()), 'building')} of plots that are not there, such as "
            f"{given[strange][0]:g}; leave {PLOT_ID!r} empty for buildings that you add"
        )
    if (~named).any():
        points = shapely.get_coordinates(shapely.point_on_surface(rows.geometry[~named]))
        home[~named] = assign(points, plots.geometry)
    return home


def require_verdicts(rows: Judged, home: NDArray[np.int64], plots: Plots, name: str) -> None:
    """Refuse buildings of checked plots without a verdict.

    Raises:
        UsageError: naming the plots.
    """
    open_rows = (rows.verdict == "") & (home != OUTSIDE)
    open_rows[open_rows] &= plots.checked[home[open_rows]]
    if open_rows.any():
        where = np.unique(plots.ids[home[open_rows]]).tolist()
        raise UsageError(
            f"{name}: {counted(int(open_rows.sum()), 'building')} of checked plots ({few(where)}) without a verdict; "
            f"give one of {', '.join(VERDICTS)}, or take {CHECKED!r} back"
        )

"""The plots of a file under review: their numbers, strata, and which are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.reviewing.columns import CHECKED, PLOT_ID, PLOTS, STRATUM, STRATUM_KM2
from geoseg.reviewing.drawing import SAME_KM2, require_as_drawn
from geoseg.reviewing.files import require_columns
from geoseg.vectors.buildings import numbers_of
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.overlap import find_overlaps
from geoseg.vectors.polygons import read_polygons

YES = {"true": 1.0, "yes": 1.0, "t": 1.0, "false": 0.0, "no": 0.0, "f": 0.0}
"""What may stand in the column ``checked`` beside 1 and 0."""
SLIVER = 1e-6
"""Plots may share this part of the smaller one: rounding on the way to another CRS."""
SHOWN = 5
"""Plots that a message names."""


@dataclass(frozen=True, slots=True)
class Plots:
    """All plots of a file."""

    geometry: NDArray[np.object_]
    """(n,) polygons."""
    crs: CRS
    """Their CRS."""
    ids: NDArray[np.int64]
    """(n,) their numbers."""
    checked: NDArray[np.bool_]
    """(n,) True where everything in the plot was looked at."""
    stratum: NDArray[np.int64]
    """(n,) index of the stratum of each."""
    strata: tuple[str, ...]
    """(h,) names of the strata."""
    stratum_m2: NDArray[np.float64]
    """(h,) their observed areas."""
    notes: tuple[str, ...]
    """What was repaired and left out, one sentence each."""

    @property
    def left(self) -> int:
        """How many are not checked yet."""
        return int((~self.checked).sum())


def read_plots(source: object, place: Neighbourhood | None, name: str) -> Plots:
    """Read and check the plots.

    Args:
        source: A file by ``geoseg review``.
        place: The CRS to bring them into; None leaves them in their own.
        name: How messages name the file.

    Raises:
        UsageError: they overlap, are there twice, or lack what geoseg review wrote.
    """
    drawn = read_polygons(source, place, layer=PLOTS, role="plots")
    needed = (PLOT_ID, STRATUM, STRATUM_KM2, CHECKED)
    require_columns(drawn.frame, needed, f"{name} (layer {PLOTS})")
    ids = _numbers(drawn.frame, PLOT_ID, name)
    _refuse_twice(ids, drawn.geometry, name)
    strata, of_plot, stratum_m2 = _strata(drawn.frame, name)
    require_as_drawn(source, strata, stratum_m2, name)
    checked = _checked(drawn.frame[CHECKED], name)
    return Plots(
        drawn.geometry, drawn.crs, ids, checked, of_plot, strata, stratum_m2, drawn.notes
    )  # fmt: skip


def _strata(
    frame: gpd.GeoDataFrame, name: str
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64]]:
    """Names of the strata, that of each plot, and the areas, m2."""
    km2 = numbers_of(pd.Series(frame[STRATUM_KM2]))
    if frame[STRATUM].isna().any() or not (np.isfinite(km2).all() and (km2 > 0).all()):
        raise UsageError(
            f"{name}: plots lack {STRATUM!r} or a {STRATUM_KM2!r} above 0; plots are drawn by geoseg "
            "review, and none can be added by hand"
        )
    said = frame[STRATUM].astype(str).str.strip().str.lower().to_numpy()
    names, of_plot = np.unique(said, return_inverse=True)
    low, high = (np.full(len(names), start) for start in (np.inf, 0.0))
    np.minimum.at(low, of_plot, km2)
    np.maximum.at(high, of_plot, km2)
    if (high - low > SAME_KM2 * high).any():
        raise UsageError(
            f"{name}: the stratum {str(names[np.argmax(high - low)])!r} has several areas; take "
            f"{STRATUM_KM2!r} as geoseg review wrote it"
        )
    return tuple(map(str, names)), of_plot.astype(np.int64), high * 1e6


def _checked(values: pd.Series[bool], name: str) -> NDArray[np.bool_]:
    plain = values.map(
        lambda one: YES.get(one.strip().lower(), one) if isinstance(one, str) else one
    )
    numbers = numbers_of(pd.Series(plain, dtype=object).astype("object"))
    wrong = ~(np.isin(numbers, (0, 1)) | values.isna().to_numpy())
    if wrong.any():
        raise UsageError(
            f"{name}: {CHECKED!r} holds {values[wrong].iloc[0]!r}; it takes true or false"
        )
    return np.asarray(numbers == 1)


def _refuse_twice(ids: NDArray[np.int64], plots: NDArray[np.object_], name: str) -> None:
    twice = pd.Series(ids)[pd.Series(ids).duplicated()]
    if len(twice):
        raise UsageError(
            f"{name}: the plots {few(sorted(set(twice.tolist())))} are there twice; every plot has a "
            "number of its own"
        )
    pairs = find_overlaps(plots, plots)
    smaller = np.minimum(shapely.area(plots)[pairs.first], shapely.area(plots)[pairs.second])
    bad = (pairs.first < pairs.second) & (pairs.shared > SLIVER * smaller)
    if bad.any():
        one, other = ids[pairs.first[bad][0]], ids[pairs.second[bad][0]]
        raise UsageError(
            f"{name} has overlapping plots, such as {one} and {other}; take them as geoseg review drew "
            "them"
        )


def _numbers(frame: gpd.GeoDataFrame, column: str, name: str) -> NDArray[np.int64]:
    values = numbers_of(pd.Series(frame[column]))
    if not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        raise UsageError(f"{name}: {column!r} of the plots must be whole numbers, none empty")
    return values.astype(np.int64)


def few(numbers: Sequence[int]) -> str:
    """The first of some plots, for a sentence."""
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"plot {', '.join(map(str, numbers[:SHOWN]))}{more}"

"""What reviewers said: checked plots, and the true buildings in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.languages.said import Said
from geoseg.reviewing.columns import (
    BUILDINGS,
    CHECKED,
    NEIGHBOURS,
    PLOT_ID,
    PLOTS,
    REAL,
    REVIEW,
    STRATUM,
    STRATUM_KM2,
    VERDICTS,
)
from geoseg.vectors.address import address_of, is_missing
from geoseg.vectors.buildings import numbers_of
from geoseg.vectors.layers import open_layer, polygon_layers
from geoseg.vectors.load import load
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.overlap import find_overlaps
from geoseg.vectors.polygons import read_polygons, sound
from geoseg.vectors.rows import notes_of, usable
from geoseg.vectors.within import OUTSIDE, assign

YES = {"true": 1.0, "yes": 1.0, "t": 1.0, "false": 0.0, "no": 0.0, "f": 0.0}
"""What may stand in the column ``checked`` beside 1 and 0."""
SLIVER = 1e-6
"""Plots may share this part of the smaller one: rounding on the way to another CRS."""
SAME_KM2 = 1e-6
"""Areas of one stratum that differ by no larger share are the same."""
SHOWN = 5
"""Plots that a message names."""
REPEATED = Said(
    "{count} buildings of {layer} share the building_id of another, as after a cut: each counts as one; "
    "geoseg recompute gives them ids of their own."
)
UNCHECKED = Said("{count} of {plots} plots of {layer} are not checked and do not count.")
IN_NO_PLOT = Said("{count} added buildings of {layer} lie in no plot and do not count.")
NEEDED = "layers plots and buildings by geoseg review"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The plots that were checked, all geometry in one CRS."""

    label: str
    """How messages name the file."""
    crs: CRS
    """Of the geometry."""
    plots: NDArray[np.object_]
    """(n,) polygons of the checked plots."""
    plot_id: NDArray[np.int64]
    """(n,) their numbers."""
    stratum: NDArray[np.int64]
    """(n,) index of the stratum of each."""
    strata: tuple[str, ...]
    """(h,) names of all strata, those without a checked plot too."""
    stratum_m2: NDArray[np.float64]
    """(h,) their observed areas."""
    truth: NDArray[np.object_]
    """(m,) outlines of the true buildings of the checked plots."""
    home: NDArray[np.int64]
    """(m,) index of the plot that each is counted in."""
    notes: tuple[str, ...]
    """What was repaired, left out or is not checked yet, one sentence each."""

    def require_strata(self, fewest: int) -> None:
        """Refuse strata with too few checked plots.

        Raises:
            UsageError: naming the first of them.
        """
        counts = np.bincount(self.stratum, minlength=len(self.strata))
        for name, count in zip(self.strata, counts.tolist(), strict=True):
            if count < fewest:
                raise UsageError(
                    f"{self.label}: the stratum {name!r} has {count} checked plots; check at least "
                    f"{fewest} of each stratum, plots with low numbers first"
                )


def is_review(source: object) -> bool:
    """Whether a file is one by ``geoseg review``."""
    if not isinstance(source, (str, Path)) or is_missing(address_of(source)):
        return False
    if not {PLOTS, BUILDINGS} <= set(polygon_layers(source)):
        return False
    return {PLOT_ID, CHECKED} <= set(open_layer(source, PLOTS).columns)


def require_review(source: object) -> str | Path:
    """The file, once it is known to be one by ``geoseg review``.

    Raises:
        UsageError: it is not.
        UnreadableVectorError: it is not there.
    """
    if isinstance(source, (str, Path)) and is_review(source):
        return source
    if isinstance(source, (str, Path)) and is_missing(address_of(source)):
        raise UnreadableVectorError(f"{source}: there is no such file")
    raise UsageError(f"{_named(source)} is no file under review; it takes the {NEEDED}")


def read_review(source: str | Path, place: Neighbourhood | None = None) -> Reviewed:
    """Read and check everything.

    Args:
        source: A file by ``geoseg review`` in which somebody has worked.
        place: The CRS to bring it into; None leaves it in that of the plots.

    Raises:
        UsageError: plots overlap or are named twice, none is checked, a verdict is missing or
            unknown, or a building names a plot that is not there.
    """
    name = _named(source)
    drawn = read_polygons(source, place, layer=PLOTS, role="plots")
    _require(drawn.frame, (PLOT_ID, STRATUM, STRATUM_KM2, CHECKED), f"{name} (layer {PLOTS})")
    ids = _numbers(drawn.frame, PLOT_ID, name)
    _refuse_twice(ids, drawn.geometry, name)
    strata, of_plot, stratum_m2 = _strata(drawn.frame, name)
    checked = _checked(drawn.frame[CHECKED], name)
    if not checked.any():
        raise UsageError(
            f"{name}: none of the {len(checked)} plots is checked; look at all buildings of a plot, add "
            f"the missing ones, and set {CHECKED!r} in the layer {PLOTS}"
        )
    rows = _read_rows(source, place or Neighbourhood(drawn.crs))
    home, outside = _homes(rows, ids, drawn.geometry, name)
    _require_verdicts(rows.verdict, home, ids, checked, name)
    number = np.where(checked, np.cumsum(checked) - 1, OUTSIDE)
    kept = np.isin(rows.verdict, REAL) & (home != OUTSIDE)
    kept[kept] &= checked[home[kept]]
    return Reviewed(
        label=name,
        crs=drawn.crs,
        plots=drawn.geometry[checked],
        plot_id=ids[checked],
        stratum=of_plot[checked],
        strata=strata,
        stratum_m2=stratum_m2,
        truth=rows.geometry[kept],
        home=number[home[kept]],
        notes=(*drawn.notes, *rows.notes, *_told(name, checked, outside, rows)),
    )


def read_neighbours(source: str | Path) -> gpd.GeoSeries | None:
    """Buildings that reach into plots and were not checked; None where there is none."""
    if NEIGHBOURS not in polygon_layers(source):
        return None
    return load(source, "neighbours", layer=NEIGHBOURS, columns=[]).frame.geometry


@dataclass(frozen=True, slots=True)
class _Rows:
    geometry: NDArray[np.object_]
    verdict: NDArray[np.object_]
    plot: NDArray[np.float64]
    repeated: int
    notes: tuple[str, ...]


def _read_rows(source: str | Path, place: Neighbourhood) -> _Rows:
    loaded = load(source, "reviewed buildings", layer=BUILDINGS)
    _require(loaded.frame, (PLOT_ID, REVIEW), loaded.label)
    rows = usable(np.array(loaded.frame.geometry.array, dtype=object), loaded.crs)
    frame = loaded.frame[rows.kept]
    verdict = np.array([_verdict(value, loaded.label) for value in frame[REVIEW]], dtype=object)
    moved = sound(place.bring(rows.geometry[rows.kept], loaded.crs))
    named = frame["building_id"].dropna() if "building_id" in frame.columns else pd.Series()
    return _Rows(
        moved, verdict, numbers_of(pd.Series(frame[PLOT_ID])), int(named.duplicated().sum()),
        notes_of(rows.counts, loaded.label),
    )  # fmt: skip


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


def _homes(
    rows: _Rows, ids: NDArray[np.int64], plots: NDArray[np.object_], name: str
) -> tuple[NDArray[np.int64], int]:
    """(n,) the plot of each row, and how many verdicts lie in none.

    What came with the plots stays in its own when it is redrawn; what somebody added lies where its
    representative point does.
    """
    home = np.full(len(rows.plot), OUTSIDE, dtype=np.int64)
    named = np.isfinite(rows.plot)
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], rows.plot), len(ids) - 1)
    home[named] = order[place[named]]
    strange = named & (ids[order[place]] != rows.plot)
    if strange.any():
        raise UsageError(
            f"{name}: {int(strange.sum())} buildings name plots that are not there, such as "
            f"{rows.plot[strange][0]:g}; leave {PLOT_ID!r} empty for buildings that you add"
        )
    if (~named).any():
        points = shapely.get_coordinates(shapely.point_on_surface(rows.geometry[~named]))
        home[~named] = assign(points, plots)
    return home, int(((home == OUTSIDE) & (rows.verdict != "")).sum())


def _require_verdicts(
    verdict: NDArray[np.object_],
    home: NDArray[np.int64],
    ids: NDArray[np.int64],
    checked: NDArray[np.bool_],
    name: str,
) -> None:
    open_rows = (verdict == "") & (home != OUTSIDE)
    open_rows[open_rows] &= checked[home[open_rows]]
    if open_rows.any():
        where = np.unique(ids[home[open_rows]]).tolist()
        raise UsageError(
            f"{name}: {int(open_rows.sum())} buildings of checked plots ({_few(where)}) have no verdict; "
            f"give them one of {', '.join(VERDICTS)}, or take {CHECKED!r} back"
        )


def _told(name: str, checked: NDArray[np.bool_], outside: int, rows: _Rows) -> tuple[str, ...]:
    left = int((~checked).sum())
    said = ((UNCHECKED, left), (IN_NO_PLOT, outside), (REPEATED, rows.repeated))
    return tuple(
        text.format(count=count, plots=len(checked), layer=name) for text, count in said if count
    )


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
    names, of_plot = np.unique(frame[STRATUM].astype(str).to_numpy(), return_inverse=True)
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
            f"{name}: the plots {_few(sorted(set(twice.tolist())))} are there twice; every plot has a "
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


def _require(frame: gpd.GeoDataFrame, columns: Sequence[str], label: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise UnreadableVectorError(
            f"{label} lacks the column {missing[0]!r}; a review takes the {NEEDED}"
        )


def _few(numbers: Sequence[int]) -> str:
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"plot {', '.join(map(str, numbers[:SHOWN]))}{more}"


def _named(source: object) -> str:
    return Path(source).name if isinstance(source, (str, Path)) else "what was given"

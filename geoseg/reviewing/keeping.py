"""What people checked, for the next run over the same ground: what stays, what is none, where all is said."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.languages.counting import counted
from geoseg.reviewing.columns import (
    BUILDINGS,
    PLOTS,
    QUEUE,
    REAL,
    REVIEW,
    REVIEWED_AT,
    REVIEWER,
    VERDICTS,
)
from geoseg.reviewing.drawing import drawing_of
from geoseg.reviewing.files import named, require_there
from geoseg.reviewing.plots import read_plots
from geoseg.reviewing.verdicts import Judged, homes, read_judged, require_verdicts
from geoseg.vectors.buildings import ID, numbers_of
from geoseg.vectors.layers import polygon_layers
from geoseg.vectors.nearby import Neighbourhood

SHAPE = "shape"
"""Column that says how an outline was drawn."""
NO_ID = -1
"""Stands for a building that has no number yet."""
MOST_ID = 2**62
"""Larger numbers leave no room for new ones."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was said of a town, in the CRS of its file."""

    label: str
    """How messages name the file."""
    drawn: str | None
    """When its plots were drawn; None where it does not say."""
    crs: CRS
    """Of all geometry."""
    geometry: NDArray[np.object_]
    """(n,) polygons and multipolygons of the true buildings."""
    ids: NDArray[np.int64]
    """(n,) their numbers, NO_ID where there is none."""
    columns: pd.DataFrame
    """(n,) rows of ``review``, ``reviewer``, ``reviewed_at`` and ``shape``."""
    wrong: NDArray[np.object_]
    """(m,) outlines of which somebody said that they are no building."""
    plots: NDArray[np.object_]
    """(k,) plots in which everything was looked at."""
    notes: tuple[str, ...]
    """What was repaired, left out or renumbered, one sentence each."""

    @property
    def sha256(self) -> str:
        """Changes with everything that bears on the next result."""
        digest = hashlib.sha256(self.crs.to_wkt().encode())
        for shapes in (self.geometry, self.wrong, self.plots):
            digest.update(len(shapes).to_bytes(8, "little"))
            for wkb in shapely.to_wkb(shapes):
                digest.update(wkb)
        digest.update(np.ascontiguousarray(self.ids).tobytes())
        digest.update(self.columns.astype(str).to_csv(index=False).encode())
        return digest.hexdigest()


def read_checked(source: str | Path) -> Checked:
    """Read all rows with a verdict, of the plots and of the queue, and the plots that were checked.

    Args:
        source: A file by ``geoseg review`` in which somebody has worked.

    Raises:
        UnreadableVectorError: there is no such file, or a layer lacks a column.
        UsageError: it is no file under review, nobody gave a verdict, a verdict or an id is none, or a
            checked plot holds buildings without a verdict.
    """
    name, layers = named(source), _layers(source)
    first, *others = [layer for layer in (BUILDINGS, QUEUE) if layer in layers]
    judged = [read_judged(source, None, first)]
    place = Neighbourhood(judged[0].crs)
    judged += [read_judged(source, place, layer) for layer in others]
    plots = read_plots(source, place, name) if PLOTS in layers else None
    if plots is not None and first == BUILDINGS:
        require_verdicts(judged[0], homes(judged[0], plots, name), plots, name)
    rows = _together(judged)
    real, wrong = np.isin(rows.verdict, REAL), rows.verdict == "wrong"
    whole = np.empty(0, dtype=object) if plots is None else plots.geometry[plots.checked]
    if not (real.any() or wrong.any() or len(whole)):
        raise UsageError(
            f"{name}: nobody has looked yet; give buildings a verdict in {REVIEW!r}, one of "
            f"{', '.join(VERDICTS)}"
        )
    ids, repeated = _ids(rows.frame[real].reset_index(drop=True), name)
    again = f"{counted(repeated, 'building')} of {name} with the building_id of another: new ids are given."
    notes = [
        *(() if plots is None else plots.notes),
        *(note for one in judged for note in one.notes),
    ]
    return Checked(
        label=name,
        drawn=drawing_of(source).get("created"),
        crs=place.crs,
        geometry=rows.geometry[real],
        ids=ids,
        columns=_columns(rows.frame[real], rows.verdict[real]),
        wrong=rows.geometry[wrong],
        plots=whole,
        notes=(*notes, *((again,) if repeated else ())),
    )


def _layers(source: str | Path) -> set[str]:
    require_there(source)
    layers = set(polygon_layers(source))
    if not layers & {BUILDINGS, QUEUE}:
        raise UsageError(
            f"{named(source)} is no file under review; it takes the layers that geoseg review writes"
        )
    return layers


@dataclass(frozen=True, slots=True)
class _Rows:
    frame: pd.DataFrame
    geometry: NDArray[np.object_]
    verdict: NDArray[np.object_]


def _together(judged: list[Judged]) -> _Rows:
    """The rows with a verdict; of a building in plots and queue, what was said in the plots."""
    frame = pd.concat([pd.DataFrame(one.frame) for one in judged], ignore_index=True)
    geometry = np.concatenate([one.geometry for one in judged])
    verdict = np.concatenate([one.verdict for one in judged])
    kept = verdict != ""
    if len(judged) > 1 and ID in frame.columns:
        second = np.arange(len(frame)) >= len(judged[0].verdict)
        said = frame[ID][kept & ~second].dropna()
        kept &= ~(second & frame[ID].isin(said).to_numpy())
    return _Rows(frame[kept].reset_index(drop=True), geometry[kept], verdict[kept])


def _ids(frame: pd.DataFrame, name: str) -> tuple[NDArray[np.int64], int]:
    """(n,) numbers of the buildings, and how many had that of an earlier row.

    Raises:
        UsageError: one is no whole number, or too large to leave room for new ones.
    """
    if ID not in frame.columns:
        return np.full(len(frame), NO_ID), 0
    given = frame[ID]
    numbers = numbers_of(pd.Series(given))
    there = given.notna().to_numpy()
    good = np.isfinite(numbers) & (np.floor(numbers) == numbers)
    good &= (numbers >= 0) & (numbers < MOST_ID)
    if (there & ~good).any():
        raise UsageError(
            f"{name}: the {ID} {given[there & ~good].iloc[0]!r} is none, ids are whole numbers from 0 to "
            "2^62; correct it, or empty it for a new one"
        )
    ids = np.full(len(numbers), NO_ID)
    ids[there] = [int(one) for one in given[there]]
    again = there & pd.Series(ids).duplicated().to_numpy()
    ids[again] = NO_ID
    return ids, int(again.sum())


def _columns(frame: pd.DataFrame, verdict: NDArray[np.object_]) -> pd.DataFrame:
    """What goes into the next result beside outline and number."""
    nothing = pd.Series(np.full(len(frame), None, dtype=object))
    columns = {
        name: frame[name].reset_index(drop=True) if name in frame.columns else nothing
        for name in (REVIEWER, REVIEWED_AT, SHAPE)
    }
    return pd.DataFrame({REVIEW: verdict, **columns})

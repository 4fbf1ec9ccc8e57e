"""Reading the buildings once, batch by batch, and noting what the statistics need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.earth.reproject import areas_m2
from geoseg.languages.said import Said
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.statistics.trust import checked
from geoseg.vectors.buildings import (
    DECISION,
    DECISIONS,
    NUMBERS,
    Batch,
    BuildingSource,
    decision_column,
)
from geoseg.vectors.rows import BEYOND, notes_of, refuse_unusable_rows, several_note, several_parts
from geoseg.vectors.standing import GONE, are_decisions, standing_by
from geoseg.vectors.within import OUTSIDE, assign

STALE = 1e-3
"""A column area_m2 that differs by more than this share from the outline's area is out of date."""
STALE_M2 = 0.01
"""So is one that differs by more than this, m2; both must be so."""
IN_NO_ZONE = Said(
    "{count} buildings lie in no zone and are not counted.",
    one="{count} building lies in no zone and is not counted.",
)
ABSENT = Said("The buildings have no column {column}; its figures are absent.")
BOTH_ABSENT = Said("The buildings have no column {column} or {other}; its figures are absent.")
"""Said of layers that do not have all columns."""


@dataclass(frozen=True, slots=True)
class Buildings:
    """What the statistics need of every building, in file order."""

    zone: NDArray[np.int64]
    """(n,) index of the zone that holds the representative point; OUTSIDE where none does."""
    point: NDArray[np.float64]
    """(n, 2) representative points, x and y."""
    columns: dict[str, NDArray[np.float64]]
    """``area_m2`` always; ``confidence`` (0 to 1), ``presence`` and ``at_edge`` (0 or 1) where the layer has them,
    NaN where a building has none."""
    ids: NDArray[np.object_] | None
    """(n,) values of the column ``building_id``; None where there is none."""
    outlines: NDArray[np.object_] | None
    """(n,) polygons, or None where there are too many to keep."""
    row_notes: tuple[str, ...]
    """What was repaired and left out, one sentence each."""
    notes: tuple[str, ...]
    """That, and what else the user should know."""
    decided: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """(zones,) rows of each decision of an update; empty where the layer says nothing of one."""

    def only(self, kept: NDArray[np.bool_], why: Said) -> Self:
        """Those that are kept, (n,) True; of the others, ``{count}``, it is said why they are not."""
        said = why.format(**{**why.values, "count": int((~kept).sum())})
        return replace(
            self,
            zone=self.zone[kept],
            point=self.point[kept],
            columns={name: column[kept] for name, column in self.columns.items()},
            ids=None if self.ids is None else self.ids[kept],
            outlines=None if self.outlines is None else self.outlines[kept],
            row_notes=(*self.row_notes, said),
            notes=(*self.notes, said),
        )

    @property
    def area_m2(self) -> NDArray[np.float64]:
        """(n,) geodesic areas."""
        return self.columns["area_m2"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What was noted of one batch."""

    zone: NDArray[np.int64]
    point: NDArray[np.float64]
    columns: dict[str, NDArray[np.float64]]
    ids: NDArray[np.object_] | None
    outlines: NDArray[np.object_]


def collect(
    source: BuildingSource,
    zones: NDArray[np.object_],
    *,
    keep_outlines: bool,
    progress: Progress = ignored,
) -> Buildings:
    """Read every building once and find its zone and its area."""
    shapely.prepare(zones)
    pieces: list[_Piece] = []
    found: Counter[str] = Counter()
    done = 0
    for batch in source.batches():
        pieces.append(_piece(batch, source, zones, found, keep_outlines=keep_outlines))
        done += batch.rows
        progress(ProgressReport("reading buildings", done, source.rows, "buildings"))
    joined = _join(pieces, source)
    refuse_unusable_rows(found, len(joined.zone), source.label)
    rows = _row_notes(source, found)
    columns, doubts = checked(joined.columns, found)
    notes = (*_column_notes(source, found), *doubts)
    every = Buildings(
        joined.zone,
        joined.point,
        {name: values for name, values in columns.items() if name != DECISION},
        joined.ids,
        joined.outlines if keep_outlines else None,
        rows,
        (*rows, *notes, *_outside(joined.zone)),
    )
    return _standing(every, joined.columns.get(DECISION), len(zones))


def _standing(every: Buildings, decision: NDArray[np.float64] | None, zones: int) -> Buildings:
    """Without those that an update found gone; all its decisions are counted."""
    if decision is None or not are_decisions(decision) or not np.isfinite(decision).any():
        return every
    inside = every.zone != OUTSIDE
    decided = {
        name: np.bincount(every.zone[inside & (decision == place)], minlength=zones)
        for place, name in enumerate(DECISIONS)
    }
    stands = standing_by(decision)
    left = every if stands.all() else every.only(stands, GONE)
    return replace(left, decided=decided)


def _piece(
    batch: Batch,
    source: BuildingSource,
    zones: NDArray[np.object_],
    found: Counter[str],
    *,
    keep_outlines: bool,
) -> _Piece:
    """One batch measured; what was found is added to ``found``."""
    area_m2 = areas_m2(batch.geometry, source.crs)
    placed = np.isfinite(area_m2)
    found.update(batch.counts)
    found[BEYOND] += int((~placed).sum())
    shapes, area_m2 = batch.geometry[placed], area_m2[placed]
    found["several"] += several_parts(shapes)
    columns = {name: values[placed] for name, values in batch.columns.items()}
    if "area_m2" in columns:
        gap = np.abs(columns["area_m2"] - area_m2)
        found["stale"] += int(((gap > STALE * area_m2) & (gap > STALE_M2)).sum())
    point = shapely.get_coordinates(shapely.point_on_surface(shapes))
    return _Piece(
        assign(point, zones),
        point,
        {**columns, "area_m2": area_m2},
        None if batch.ids is None else batch.ids[placed],
        shapes if keep_outlines else np.empty(0, object),
    )


def _decided(source: BuildingSource) -> tuple[str, ...]:
    """The key of decisions, where the layer has them."""
    return (DECISION,) if decision_column(source.columns) in source.columns else ()


def _join(pieces: Sequence[_Piece], source: BuildingSource) -> _Piece:
    names = dict.fromkeys(
        ("area_m2", *(name for name in NUMBERS if name in source.columns), *_decided(source))
    )
    ids = [piece.ids for piece in pieces if piece.ids is not None]
    return _Piece(
        np.concatenate([np.empty(0, np.int64), *(piece.zone for piece in pieces)]),
        np.concatenate([np.empty((0, 2)), *(piece.point for piece in pieces)]),
        {
            name: np.concatenate([np.empty(0), *(piece.columns[name] for piece in pieces)])
            for name in names
        },
        np.concatenate(ids) if ids else None,
        np.concatenate([np.empty(0, object), *(piece.outlines for piece in pieces)]),
    )


def _row_notes(source: BuildingSource, found: Counter[str]) -> tuple[str, ...]:
    notes = list(notes_of(found, source.label))
    if source.rows == 0:
        notes.append(Said("{layer} holds no buildings.").format(layer=source.label))
    if found["stale"]:
        said = Said(
            "{count} buildings of {layer} have another area than their column area_m2 says, which is out "
            "of date: areas are those of the outlines.",
            one="{count} building of {layer} has another area than its column area_m2 says, which is out "
            "of date: areas are those of the outlines.",
        )
        notes.append(said.format(count=found["stale"], layer=source.label))
    return *notes, *several_note(found["several"], source.label)


def _column_notes(source: BuildingSource, found: Counter[str]) -> tuple[str, ...]:
    notes = []
    if found["at_edge"]:
        said = Said(
            "{count} values of the column at_edge are neither true nor false and were left out.",
            one="{count} value of the column at_edge is neither true nor false and was left out.",
        )
        notes.append(said.format(count=found["at_edge"]))
    missing = [name for name in ("confidence", "at_edge") if name not in source.columns]
    if missing:
        said = ABSENT if len(missing) == 1 else BOTH_ABSENT
        notes.append(said.format(**dict(zip(("column", "other"), missing, strict=False))))
    return tuple(notes)


def _outside(zone: NDArray[np.int64]) -> tuple[str, ...]:
    outside = int((zone == OUTSIDE).sum())
    return (IN_NO_ZONE.format(count=outside),) if outside else ()

"""Composition: an old and a new layer in, the old one brought up to date out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.languages.counting import counted
from geoseg.progress import Progress, ProgressReport
from geoseg.tiles.given import AreaInput
from geoseg.upkeep.deciding import Ground, News, Olds, decide_new, decide_old
from geoseg.upkeep.gone import found_again, say_gone_there, stay_gone, without
from geoseg.upkeep.looking import Maps
from geoseg.upkeep.new import NO_EXTENT, NewLayer, swapped_note
from geoseg.upkeep.old import OldLayer
from geoseg.upkeep.outcome import Updated
from geoseg.upkeep.place import (
    observed,
    onto,
    plane_of,
    refuse_elsewhere,
    require_there,
    share_in,
    sight,
)
from geoseg.upkeep.relating import MERGED, PAIR, SPLIT, Relations, relate
from geoseg.upkeep.reviewing import Order, review_layer, review_order
from geoseg.upkeep.rows import Table, json_each, json_ids, table, with_heights
from geoseg.upkeep.settings import UpdateSettings
from geoseg.upkeep.shift import Shifts, find_shifts
from geoseg.vectors.buildings import DECISION
from geoseg.vectors.standing import mostly_decisions, other_words
from geoseg.version import __version__

STEPS = 6
"""Of an update, for its progress."""
NO_MAPS = (
    "{} not found, and nobody looked at what lies there: that does not tell gone ones "
    "from missed ones. --raster does, and --recall, where it is known."
)
"""Said where only absence speaks."""
NO_IMAGE = "{} of {} that were not found: the imagery that was looked at ends there or has no valid pixel; unseen."
"""Said where maps know nothing."""
RENAMED = "The old layer has a column decision of its own, so decisions stand in {}."
"""Said where the name is taken."""
STILL_GONE = "Gone before and not surely found, so still gone: {} of {}."
AGAIN = "Gone before and found again, so standing: {} of {}."
"""Said of rows that an earlier update, or a person, found gone."""
OTHERWISE = (
    "Another word than an update writes in the column of decisions: {} of the old layer; that column stays, "
    "and decisions stand in {}."
)
"""Said where an earlier update took it, and a person wrote into it."""
FEW_PAIRS = (
    "Too few outlines of the two layers are alike to tell a shift between them; none was taken off."
)
"""Said where the shift is not known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an update is made from, beside the two layers."""

    settings: UpdateSettings
    """The choices."""
    maps: Maps | None
    """Looks at what lies under outlines that were not found; None: nobody does."""
    aoi: AreaInput | None
    """Where the new layer is complete; None: everywhere, or as far as it says itself."""
    aoi_layer: str | None
    """Layer of the file ``aoi``."""


def build_update(old: OldLayer, new: NewLayer, asked: Asked, progress: Progress) -> Updated:
    """Hold the new layer against the old one and bring that up to date.

    Raises:
        GeosegError: the layers have nothing in common, or the maps cannot be made.
    """
    told = _steps(progress)
    refuse_elsewhere(old, new)
    plane = plane_of(old.flat, old.crs, old.label)
    areas = sight(new, asked.aoi, asked.aoi_layer, plane)
    before, found = onto(old.flat, old.crs, plane), onto(new.outlines, new.crs, plane)
    whole, before = before, without(before, old.gone)
    in_sight = share_in(found, areas) > 0
    told("estimating the shift")
    shifts = find_shifts(before, found, asked.settings.quarter_m)
    after = shifts.undone(found)
    new = replace(new, outlines=after)
    del found  # of a million buildings, every copy counts
    told("relating outlines")
    relations = relate(before, after)
    again = found_again(whole, old.gone, new, relations, asked.settings.sure)
    if again.any():
        old = replace(old, gone=old.gone & ~again)
        before = without(whole, old.gone)
        relations = relate(before, after)
    ground = Ground(
        before,
        after,
        relations,
        new.confidence,
        new.presence,
        new.at_edge,
        new.height_m,
        share_in(shifts.done(before) if areas else before, areas),
        in_sight,
    )
    told("looking under old outlines")
    under = None
    if asked.maps is not None:
        lost = shifts.done(before[ground.lost])
        under = asked.maps.under(lost, plane, progress) if len(lost) else np.zeros(0)
        require_there(asked.maps, under, before, plane)
    told("deciding")
    olds, news = decide_old(ground, under, asked.settings), decide_new(ground, asked.settings)
    stay_gone(olds, old.gone)
    say_gone_there(news, after, whole[old.gone])
    told("putting rows together")
    made = _Making(old, new, ground, shifts, plane, olds, news, int(again.sum()))
    return made.updated(asked, areas)


def _steps(progress: Progress) -> Callable[[str], None]:
    done = 0

    def told(stage: str) -> None:
        nonlocal done
        done += 1
        progress(ProgressReport(stage, done, STEPS, "steps"))

    return told


@dataclass(frozen=True, slots=True)
class _Making:
    """Everything that the rows are made from."""

    old: OldLayer
    new: NewLayer
    ground: Ground
    shifts: Shifts
    plane: CRS
    olds: Olds
    news: News
    again: int
    """Old rows that were gone before and are found again."""

    def updated(self, asked: Asked, areas: list[shapely.Geometry]) -> Updated:
        """The result."""
        added = np.flatnonzero(self.news.proposal == "new")
        asking = np.flatnonzero(self.news.proposal == "perhaps new")
        order = review_order(self.ground, self.olds, self.news, asked.settings.sure)
        made = table(
            self.old,
            self._outlines(),
            self._evidence(added, order),
            self._back(self.ground.new[added]),
        )
        review = review_layer(
            order, made, (self.olds, self.news), self._back, self.ground, self.old
        )
        alone = int((self.news.sure > 0).sum())
        return Updated(
            made.frame,
            review,
            self._quarters(),
            observed(self.old, self.ground.old, areas, self.plane),
            alone - len(added) - len(asking),
            (*self._notes(asked, areas), *_renamed(self.old, made.names[DECISION])),
            made.columns,
            self._record(asked, made),
        )

    def _outlines(self) -> NDArray[np.object_]:
        """(n,) the old rows' geometries, new where they changed or moved."""
        shapes = self.old.shapes
        changed = np.flatnonzero(self.olds.decision == "changed")
        if len(changed):
            partner = self.ground.relations.partner[changed]
            drawn = self._back(self.ground.new[partner])
            shapes[changed] = with_heights(drawn, shapes[changed])
        moved = np.flatnonzero(self.olds.decision == "moved")
        if len(moved):
            counts = shapely.get_num_coordinates(self.ground.old[moved])
            by = np.repeat(self.olds.off[moved], counts, axis=0)
            there = shapely.set_coordinates(
                self.ground.old[moved], shapely.get_coordinates(self.ground.old[moved]) + by
            )
            shapes[moved] = with_heights(self._back(there), shapes[moved])
        return shapes

    def _back(self, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
        """(k,) shapes of the plane in the CRS of the old layer."""
        return onto(shapes, self.plane, self.old.crs)

    def _evidence(self, added: NDArray[np.intp], order: Order) -> dict[str, Any]:
        """Values of the added columns, old rows first."""
        relations, olds = self.ground.relations, self.olds
        ids = _new_ids(relations, self.new.ids)
        partner = relations.partner
        related = np.array([one is not None for one in ids])
        unseen = (olds.decision == "unseen") | self.old.gone

        def both(of_old: NDArray[Any], of_new: NDArray[Any] | float) -> NDArray[Any]:
            return np.concatenate([of_old, np.broadcast_to(of_new, len(added))])

        def of_partner(values: NDArray[np.float64]) -> NDArray[np.float64]:
            taken = values[np.maximum(partner, 0)] if len(values) else np.zeros(len(partner))
            return np.where((partner >= 0) & related, taken, np.nan)

        moved = np.where((olds.decision == "moved")[:, None], olds.off, np.nan)
        nothing = shapely.area(self.ground.old) == 0
        by = np.full((len(nothing), 2), np.nan)
        there = ~nothing
        by[there] = self._shift_of(self.ground.old[there])
        by_new = self._shift_of(self.ground.new[added])
        seen = np.where(unseen & (relations.covered == 0), np.nan, 1.0)
        return {
            "decision": both(olds.decision, np.full(len(added), "new", dtype=object)),
            "sure": both(olds.sure, self.news.sure[added]),
            "review": both(order.place_old, order.place_new[added]),
            "ev_iou": both(relations.iou * seen, np.nan),
            "ev_covered": both(relations.covered * seen, np.nan),
            "ev_conf": both(of_partner(self.new.confidence), self.new.confidence[added]),
            "ev_prob": both(olds.probability, np.nan),
            "ev_added": both(olds.added_m2, np.nan),
            "ev_removed": both(olds.removed_m2, np.nan),
            "ev_height": both(of_partner(self.new.height_m), self.new.height_m[added]),
            "ev_new_ids": both(ids, json_each(self.new.ids[added])),
            "moved_x_m": both(moved[:, 0], np.nan),
            "moved_y_m": both(moved[:, 1], np.nan),
            "shift_x_m": both(by[:, 0], by_new[:, 0]),
            "shift_y_m": both(by[:, 1], by_new[:, 1]),
        }  # fmt: skip

    def _shift_of(self, shapes: NDArray[np.object_]) -> NDArray[np.float64]:
        """(k, 2) shift of the quarter at the middle of each."""
        return self.shifts.at(shapely.get_coordinates(shapely.centroid(shapes)))

    def _quarters(self) -> gpd.GeoDataFrame:
        """The quarters that have a shift of their own, in the CRS of the old layer."""
        shifts = self.shifts
        row, col = np.nonzero(shifts.pairs)
        left, bottom = shifts.left + col * shifts.cell_m, shifts.bottom + row * shifts.cell_m
        boxes = shapely.box(left, bottom, left + shifts.cell_m, bottom + shifts.cell_m)
        by = shifts.by[row, col]
        columns = {
            "shift_x_m": by[:, 0],
            "shift_y_m": by[:, 1],
            "shift_m": np.hypot(*by.T),
            "pairs": shifts.pairs[row, col],
        }
        outlines = self._back(np.asarray(boxes, dtype=object).reshape(-1))
        return gpd.GeoDataFrame(columns, geometry=outlines, crs=self.old.crs)

    def _middle(self) -> NDArray[np.float64]:
        """(2,) the median shift, each quarter by its pairs."""
        pairs = self.shifts.pairs
        if not pairs.any():
            return np.zeros(2)
        return np.median(np.repeat(self.shifts.by[pairs > 0], pairs[pairs > 0], axis=0), axis=0)

    def _notes(self, asked: Asked, areas: list[shapely.Geometry]) -> tuple[str, ...]:
        swapped = swapped_note(self.old.label, self.old.frame.columns, self.new)
        notes = [*swapped, *self.old.notes, *self.new.notes]
        lengths = self.shifts.lengths_m
        if len(lengths):
            x, y = self._middle()
            notes.append(
                f"The new layer lies {np.hypot(x, y):.2f} m from the old one ({x:+.2f} m east, {y:+.2f} m "
                f"north; {lengths.min():.2f} to {lengths.max():.2f} m in {counted(len(lengths), 'quarter')}); that was "
                "taken off, and new outlines were moved to fit the old layer."
            )
        else:
            notes.append(FEW_PAIRS)
        notes += [
            said.format(counted(count, "row"), self.old.label)
            for said, count in ((STILL_GONE, int(self.old.gone.sum())), (AGAIN, self.again))
            if count
        ]
        if not areas:
            notes.append(NO_EXTENT)
        lost = len(self.ground.lost)
        blind = int(np.isnan(self.olds.probability[self.ground.lost]).sum())
        if asked.maps is not None and blind:
            notes.append(NO_IMAGE.format(f"{blind:,}", counted(lost, "old building")))
        if asked.maps is None and asked.settings.recall is None and lost:
            notes.append(NO_MAPS.format(counted(lost, "old building")))
        flat = shapely.has_z(self.old.shapes).any() and (self.news.proposal == "new").any()
        if flat:
            notes.append("The old layer has heights; new rows have the height 0.")
        return tuple(dict.fromkeys(notes))

    def _record(self, asked: Asked, made: Table) -> dict[str, Any]:
        x, y = self._middle().tolist()
        settings = asked.settings
        return {
            "geoseg": __version__,
            "old": self.old.label,
            "new": self.new.label,
            "id_column": self.old.id_column,
            "decision_column": made.names["decision"],
            "looked": asked.maps is not None,
            "shift_x_m": round(x, 3),
            "shift_y_m": round(y, 3),
            **{name: getattr(settings, name) for name in settings.__dataclass_fields__},
        }


def _renamed(old: OldLayer, name: str) -> tuple[str, ...]:
    if name == DECISION:
        return ()
    others = other_words(old.frame)
    if others and mostly_decisions(old.frame):
        return (OTHERWISE.format(counted(others, "row"), name),)
    return (RENAMED.format(name),)


def _new_ids(relations: Relations, ids: NDArray[np.object_]) -> NDArray[np.object_]:
    """(n,) the ids of the new outlines that belong to each old one, as JSON; None where none does."""
    out = np.full(len(relations.old), None, dtype=object)
    links = np.isin(relations.old[relations.first], (PAIR, SPLIT, MERGED))
    first, second = relations.first[links], relations.second[links]
    rows, begins, counts = np.unique(first, return_index=True, return_counts=True)
    alone = counts == 1
    out[rows[alone]] = json_each(ids[second[begins[alone]]])
    for row, begin, count in zip(rows[~alone], begins[~alone], counts[~alone], strict=True):
        out[row] = json_ids(ids[second[begin : begin + count]].tolist())
    return out

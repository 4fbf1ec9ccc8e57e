"""Which differences between two dates are changes, and which would be there anyway.

Two runs of a model over unchanged ground differ, too: a house is missed once, drawn otherwise, or made
up. The probabilities are those of ``geoseg update`` (``geoseg/upkeep/odds.py``), asked in both
directions of time, since here both layers are estimates:

* gone: it was real at the earlier date, and nothing stands there at the later one;
* new: it is real at the later date, and nothing stood there at the earlier one;
* changed: both outlines are right, and differ by more than drawing; and nothing stood where the other date
  has more.

That nothing stands somewhere cannot be told from a layer that misses buildings. It is told by imagery
of that date, where the model looks again under the outline, or by how few buildings it misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.change.changes import Dated, inside
from geoseg.change.parts import bare, surplus
from geoseg.change.weighing import Weighed, real_ones, together_m2
from geoseg.languages.said import Said
from geoseg.progress import Progress
from geoseg.statistics.trust import PRESENCE, presences_of
from geoseg.upkeep.deciding import HALF, Ground, Olds, decide_old
from geoseg.upkeep.looking import Maps
from geoseg.upkeep.odds import decided, differing
from geoseg.upkeep.place import onto, plane_of
from geoseg.upkeep.relating import relate
from geoseg.upkeep.settings import UpdateSettings
from geoseg.upkeep.shift import Shifts, find_shifts

Floats = NDArray[np.float64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]
DIFFERENT = ("changed", "moved", "split", "merged")
"""Decisions that say that an outline differs in truth."""
NOT_LOOKED = Said(
    "Nobody looked at what lies under new and gone buildings at the other date, so they are not told "
    "from those that one run missed; imagery of both dates tells."
)
"""Said without maps of both dates and without a recall."""
STANDS_OUT = Said(
    "Of {listed:,} differences {likely:,} stand out of what two runs over unchanged ground differ by: at "
    "most {share:.0f} % of these are expected to be none."
)
"""Said of the result."""
NONE_STANDS_OUT = Said(
    "None of {listed:,} differences stands out of what two runs over unchanged ground differ by."
)
"""Said where it is so."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """How differences are told from noise."""

    settings: UpdateSettings
    """What counts as a difference of outlines, years between the dates, how sure, and the share of
    standing buildings that both layers hold."""
    before: Maps | None = None
    """Looks at the earlier imagery; None: nobody does."""
    after: Maps | None = None
    """Looks at the later imagery."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of every difference."""

    noise: Floats
    """(r,) probability that a row would differ anyway; NaN for unchanged ones."""
    likely: NDArray[np.bool_]
    """(r,) True for those that stand out."""
    notes: tuple[str, ...]
    """What the reader should know."""


def tell_noise(
    dates: tuple[Dated, Dated],
    crs: CRS,
    rows: dict[str, NDArray[Any]],
    extent: shapely.Geometry | None,
    doubts: Doubts,
    progress: Progress,
) -> Told:
    """Tell differences from noise.

    Args:
        dates: The earlier and the later buildings.
        crs: Their CRS.
        rows: Columns of ``find_changes``.
        extent: What both dates observed; None: everything.
        doubts: How.
        progress: Hears of tiles that are looked at.

    Raises:
        GeosegError: imagery cannot be read.
    """
    chance = np.full(len(rows["change"]), np.nan)
    listed = rows["change"] != "unchanged"
    if not listed.any():
        return Told(chance, np.zeros(len(chance), dtype=bool), ())
    old, new = rows["row_old"], rows["row_new"]
    changed = np.flatnonzero(rows["change"] == "changed")
    pairs = old[changed], new[changed]
    (forth, back), nothing = _seen(dates, crs, extent, doubts, pairs, progress)
    weighed = forth.weighed(), back.weighed()
    real = real_ones(*weighed, doubts.settings.age_years)
    of_old, of_new = forth.changed(weighed[0], real[0]), back.changed(weighed[1], real[1])
    earlier = old >= 0
    chance[earlier] = of_old[old[earlier]]
    chance[~earlier] = of_new[new[~earlier]]
    chance[changed] *= nothing
    chance[~listed] = np.nan
    likely = np.zeros(len(chance), dtype=bool)
    likely[listed] = decided(chance[listed], doubts.settings.sure)
    said = NONE_STANDS_OUT.format(listed=int(listed.sum()))
    if likely.any():
        said = STANDS_OUT.format(
            listed=int(listed.sum()),
            likely=int(likely.sum()),
            share=100 * (1 - doubts.settings.sure),
        )
    blind = doubts.settings.recall is None and (doubts.before is None or doubts.after is None)
    return Told(1 - chance, likely, (said, *([NOT_LOOKED] if blind else [])))


@dataclass(frozen=True, slots=True)
class _View:
    """One direction of time: what the later layer says of the earlier one."""

    ground: Ground
    """The layers."""
    olds: Olds
    """What became of its (n,) buildings."""
    confidence: Floats
    """(n,) their own; NaN where there is none."""
    presence: Floats
    """(n,) their own; NaN where there is none."""
    cut: NDArray[np.bool_]
    """(n,) True where they may be cut by the edge of the imagery."""
    settings: UpdateSettings
    """The choices."""

    def changed(self, weighed: Weighed, real: Floats) -> Floats:
        """(n,) probability that each has changed or is there at one date alone.

        Args:
            weighed: These buildings.
            real: Probability of those apart to be buildings.
        """
        olds, lost = self.olds, self.ground.lost
        known = np.where(np.isnan(self.confidence), 1.0, self.confidence)
        chance = (1 - olds.sure) * known
        different = np.isin(olds.decision, DIFFERENT)
        both = self._both_right()
        paired = (self.ground.relations.partner >= 0) & ~different
        chance[different] = differing(both[different], both[paired], self.settings.age_years)
        known[weighed.apart] = real
        chance[lost] = self._absent(lost) * known[lost]
        return np.asarray(np.where(self.cut, HALF * chance, chance))

    def _both_right(self) -> Floats:
        """(n,) probability that each and the one it shares most with are drawn right."""
        partner = self.ground.relations.partner
        there = self.ground.confidence[partner] if len(self.ground.confidence) else partner * 1.0
        both = self.confidence, np.where(partner >= 0, there, np.nan)
        first, second = (np.where(np.isnan(one), 1.0, one) for one in both)
        return np.asarray(first * second)

    def _absent(self, lost: NDArray[np.intp]) -> Floats:
        """(k,) probability that nothing stands there at the other date."""
        sure = self.olds.sure[lost]
        gone, perhaps = self.olds.decision[lost] == "gone", self.olds.proposal[lost] == "gone"
        return np.asarray(np.where(gone, sure, np.where(perhaps, 1 - sure, 0.0)))

    def weighed(self) -> Weighed:
        """The buildings, to be told from what is made up.

        Those lie on open ground, so that it is among those with nothing under them at the other date that
        real and false ones are weighed.
        """
        apart, lost = np.zeros(len(self.confidence), dtype=bool), self.ground.lost
        empty = self._absent(lost) >= HALF
        apart[lost[empty] if empty.any() else lost] = True
        return Weighed(self.confidence, self.presence, together_m2(self.ground.old), apart)


def _seen(
    dates: tuple[Dated, Dated],
    crs: CRS,
    extent: shapely.Geometry | None,
    doubts: Doubts,
    pairs: Pairs,
    progress: Progress,
) -> tuple[tuple[_View, _View], Floats]:
    """The view from the earlier date to the later one, and back; of pairs whether differences are bare.

    The last is the probability, per pair, that nothing stands where only the other date has building.
    """
    every = np.concatenate([date.outlines for date in dates])
    plane = plane_of(every, crs, "the buildings")
    flat = [onto(date.outlines, crs, plane) for date in dates]
    shifts = find_shifts(flat[0], flat[1], doubts.settings.quarter_m)
    flat[1] = shifts.undone(flat[1])
    seen = [inside(date, np.arange(len(date.outlines)), extent) for date in dates]
    forth = _ground(dates[1], flat, seen)
    back = _ground(dates[0], flat[::-1], seen[::-1])
    views, nothing = [], np.ones(len(pairs[0]))
    for ground, date, maps, place, (mine, other) in (
        (forth, dates[0], doubts.after, shifts, pairs),
        (back, dates[1], doubts.before, None, pairs[::-1]),
    ):
        more = surplus(ground.old[mine], ground.new[other], doubts.settings.tolerance_m)
        under, beyond = _under(ground, more, maps, place, plane, progress)
        olds = decide_old(ground, under, doubts.settings)
        confidence, cut = _own(date, "confidence"), _own(date, "at_edge") > 0
        presence = presences_of(_own(date, PRESENCE))
        views.append(_View(ground, olds, confidence, presence, cut, doubts.settings))
        nothing *= bare(beyond)
    return (views[0], views[1]), nothing


def _ground(later: Dated, flat: list[NDArray[np.object_]], seen: list[NDArray[np.bool_]]) -> Ground:
    """What is held against each other, the other layer being ``later``."""
    nothing = np.full(len(flat[1]), np.nan)
    return Ground(
        flat[0], flat[1], relate(flat[0], flat[1]), _own(later, "confidence"), nothing,
        _own(later, "at_edge") > 0, nothing, seen[0].astype(float), seen[1],
    )  # fmt: skip


def _under(
    ground: Ground,
    more: NDArray[np.object_],
    maps: Maps | None,
    shifts: Shifts | None,
    plane: CRS,
    progress: Progress,
) -> tuple[Floats | None, Floats]:
    """(lost,) mean probability, at the other date, under what was not found there; None: nobody looked.

    And (k,) under what outlines have more; NaN where that is nothing.
    """
    beyond = np.full(len(more), np.nan)
    if maps is None:
        return None, beyond
    lost, some = ground.old[ground.lost], shapely.area(more) > 0
    asked = np.concatenate([lost, more[some]])
    if not len(asked):
        return np.zeros(0), beyond
    found = maps.under(asked if shifts is None else shifts.done(asked), plane, progress)
    beyond[some] = found[len(lost) :]
    return found[: len(lost)], beyond


def _own(date: Dated, name: str) -> Floats:
    """(n,) a column of a date; NaN where it has none."""
    return date.buildings.columns.get(name, np.full(len(date.outlines), np.nan))

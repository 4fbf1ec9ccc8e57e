"""Outlines are drawn, and drawn again, as long as that makes them plainer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.shaping.apart import beyond, outlines_apart
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.changes import KEPT_PX, Changes, touching
from geoseg.shaping.drawing import Drawn
from geoseg.shaping.limits import are_near
from geoseg.shaping.noise import MIN_NOISE_PX
from geoseg.shaping.plain import count_flaws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry import Polygon

    from geoseg.shaping.settings import RegularizeSettings

WORTH_FIRST = 0.2
"""Outlines given are drawn where that saves this share of their corners and flaws."""
WORTH_LATER = 0.12
"""A drawing is drawn again where that saves this share. As it is less than the above, what the last
pass left is left by the first pass of another run as well."""
PASSES = 8
"""What still becomes plainer after so many passes is left as it is then."""
LATER_ROOM = 1.25
"""Later passes may change areas by so much more than the first: else what the first brings to the
limit, another run would take past it."""
PROBE_PX = 0.2
"""Spacing of the points at which an outline's distance to the raw polygons is measured."""
HALF_EDGE_PX = 0.5
"""A raw outline's corners lie so much farther out than the middles of its edges, which a single
pass measures at."""

Pass = Callable[[Polygons, Ints, "RegularizeSettings"], Drawn]
"""Draws groups numbered from 0 once."""


@dataclass(frozen=True, slots=True)
class _Underway:
    """Polygons on their way; the last four are written in place."""

    given: Polygons
    """(n,) polygons as given."""
    group: Ints
    """(n,) their groups."""
    settings: RegularizeSettings
    """Limits, against the polygons as given."""
    noise: Floats
    """(n,) standard deviation of each outline given about its walls, pixels."""
    polygons: Polygons
    """(n,) the polygons as drawn so far."""
    shapes: Polygons
    """(n,) how each was drawn."""
    cost: Ints
    """(n,) corners and flaws of each."""
    flaws: Ints
    """(n,) flaws of each."""


def settle(polygons: Polygons, group: Ints, settings: RegularizeSettings, draw: Pass) -> Drawn:
    """Draw groups until another pass would not make them plainer.

    Plainer is what has fewer corners and flaws, by a share of them: see ``count_flaws``. Polygons
    that a pass changes together are taken together, or stay as they are. So no drawing leads in a
    circle, and a drawing is its own drawing: whether an outline is worth drawing shows in the
    outline alone. Only what a pass would take past a limit may move once more in another run, for
    that measures from the drawing.
    """
    drawn = draw(polygons, group, settings)
    corners, flaws = count_flaws(polygons)
    now = polygons.copy(), drawn.shapes, corners + flaws, flaws
    state = _Underway(polygons, group, settings, drawn.noise, *now)
    taken = _begin(state, drawn)
    part = touching(state.polygons, group)
    active = _anywhere(taken, part) & _anywhere(state.flaws > 0, part)
    # Simplified outlines look noisy, and are drawn otherwise beside others that do not: so what
    # stays as it is at their own noise is also tried without any.
    calm = np.zeros(len(polygons), dtype=bool)
    quiet = replace(settings, noise_px=min(MIN_NOISE_PX, settings.noise_px))
    for _ in range(PASSES - 1):
        for how, these in ((settings, active & ~calm), (quiet, active & calm)):
            chosen = np.flatnonzero(these)
            if len(chosen) == 0:
                continue
            number = np.unique(group[chosen], return_inverse=True)[1].astype(np.int64)
            drawn = draw(state.polygons[chosen], number, how)
            taken = _anywhere(_take(state, chosen, drawn, WORTH_LATER, later=True), part[chosen])
            flawed = _anywhere(state.flaws[chosen] > 0, part[chosen])
            noisy = _anywhere(drawn.noise > MIN_NOISE_PX, part[chosen])
            active[chosen], calm[chosen] = np.where(taken, flawed, noisy), ~taken
    return Drawn(state.polygons, state.shapes, state.noise)


def _begin(state: _Underway, drawn: Drawn) -> Bools:
    """Take the first drawing where it is worth it; (n,) True where it is."""
    corners, flaws = count_flaws(drawn.polygons)
    gain = state.cost - corners - flaws
    # Where it is for every polygon, there is no need to look which change together.
    doubtful = _anywhere(gain < np.maximum(WORTH_FIRST * state.cost, 1), state.group)
    taken = ~doubtful
    state.polygons[taken] = drawn.polygons[taken]
    state.cost[taken], state.flaws[taken] = (corners + flaws)[taken], flaws[taken]
    chosen = np.flatnonzero(doubtful)
    some = Drawn(drawn.polygons[chosen], drawn.shapes[chosen], drawn.noise[chosen])
    taken[chosen] = _take(state, chosen, some, WORTH_FIRST, later=False)
    return taken


def _take(state: _Underway, chosen: Ints, drawn: Drawn, worth: float, *, later: bool) -> Bools:
    """Take a drawing of chosen polygons where it is worth it; (c,) True where it is.

    A polygon counts as straight when one of the passes drew it so: what a later one thins stays
    straight.
    """
    corners, flaws = count_flaws(drawn.polygons)
    changes = Changes.between(state.polygons[chosen], drawn.polygons, state.group[chosen])
    gain = state.cost[chosen] - corners - flaws
    taken = _is_worth(gain, state.cost[chosen], changes, worth)
    if later:
        bad = taken.copy()
        bad[taken] = ~_are_allowed(state, chosen, changes, taken)
        taken &= ~_anywhere(bad, changes.unit)
    state.polygons[chosen] = _without_clashes(state, chosen, changes, taken)
    straight = taken & (drawn.shapes != "simplified")
    state.shapes[chosen[straight]] = drawn.shapes[straight]
    state.cost[chosen[taken]] = (corners + flaws)[taken]
    state.flaws[chosen[taken]] = flaws[taken]
    return taken


def _is_worth(gain: Ints, cost: Ints, changes: Changes, worth: float) -> Bools:
    """(c,) True for polygons in units that gain so large a share of what they cost."""
    unit, moved = changes.unit, changes.moved
    gains = np.bincount(unit, gain * moved)[unit] if len(unit) else gain
    costs = np.bincount(unit, cost * moved)[unit] if len(unit) else cost
    return np.asarray(moved & (gains > 0) & (gains >= worth * costs))


def _without_clashes(state: _Underway, chosen: Ints, changes: Changes, taken: Bools) -> Polygons:
    """(c,) polygons drawn where ``taken``, which loses those that clash with what stays."""
    while True:
        out, whole = changes.only(taken), state.polygons.copy()
        whole[chosen] = out
        clash = np.zeros(len(whole), dtype=bool)
        for members in _members(state.group, _partly(state.group, chosen[taken])):
            clash[members] = ~shapely.is_empty(shapely.coverage_invalid_edges(whole[members]))
            clash[members] |= ~shapely.is_valid(whole[members])
        back = taken & _anywhere(taken & clash[chosen], changes.unit)
        if not back.any():
            return out
        taken &= ~back


def _partly(group: Ints, taken: Ints) -> Ints:
    """Groups of which some polygons are taken, but not all."""
    every = np.bincount(group)
    some = np.bincount(group[taken], minlength=len(every))
    return np.flatnonzero((some > 0) & (some < every))


def _members(group: Ints, wanted: Ints) -> Iterator[Ints]:
    """The polygons of each wanted group."""
    order = np.argsort(group, kind="stable")
    begin, end = np.searchsorted(group, [wanted, wanted + 1], sorter=order)
    return (order[i:j] for i, j in zip(begin, end, strict=True))


def _anywhere(some: Bools, group: Ints) -> Bools:
    """(n,) True in groups with any in ``some``."""
    return np.asarray(np.bincount(group, some)[group] > 0) if len(group) else some


def _are_allowed(state: _Underway, chosen: Ints, changes: Changes, taken: Bools) -> Bools:
    """(t,) True where those of the chosen polygons that are taken are within the limits."""
    before, after, mine = changes.before[taken], changes.after[taken], state.given[chosen[taken]]
    (apart, between), reach = outlines_apart(mine, after), state.settings.max_outward_px
    middles = apart - HALF_EDGE_PX, between
    noise, group = state.noise[chosen[taken]], state.group[chosen[taken]]
    good = are_near(mine, after, middles, noise, state.settings, LATER_ROOM)
    far = np.flatnonzero(good & (apart > reach))
    for i, members in zip(far, _members(state.group, group[far]), strict=True):
        xy = shapely.get_coordinates(shapely.segmentize(after[i], PROBE_PX))
        xy = _outside(mine[i], reach, xy[beyond(xy, before[i], KEPT_PX)])
        for member in state.given[members]:
            xy = _outside(member, reach, xy)
        good[i] = len(xy) == 0
    return good


def _outside(polygon: Polygon, reach: float, xy: Floats) -> Floats:
    """The points that lie outside a polygon and farther than ``reach`` from it."""
    if len(xy):
        xy = xy[~shapely.intersects_xy(polygon, xy)]
        xy = xy[beyond(xy, polygon, reach)]
    return xy

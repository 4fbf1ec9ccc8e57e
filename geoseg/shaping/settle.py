"""Outlines are drawn, and drawn again, until another drawing would not make them plainer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.shaping.apart import beyond, outlines_apart
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons, anywhere
from geoseg.shaping.changes import Changes, touching
from geoseg.shaping.clean import unclean
from geoseg.shaping.drawing import Drawn
from geoseg.shaping.fitting import meeting
from geoseg.shaping.limits import are_near
from geoseg.shaping.noise import MIN_NOISE_PX, with_smooth_errors
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
PROBE_PX = 0.2
"""Spacing of the points at which an outline's distance to the raw polygons is measured."""
ROUNDED_PX = 0.02
"""Points in other places show an outline farther out by less."""
HALF_EDGE_PX = 0.5
"""A raw outline's corners lie so much farther out than the middles of its edges, which a single
pass measures at."""
BEGUN, THINNED, HELD = 1, 2, 3
"""How far polygons were sent back: to what the first pass left, to their thinned outlines, or to what
was given, where they stay."""

Pass = Callable[[Polygons, Ints, "RegularizeSettings"], Drawn]
"""Draws groups numbered from 0 once."""


@dataclass(frozen=True, slots=True)
class _Underway:
    """Polygons on their way; all from ``polygons`` on are written in place."""

    given: Polygons
    """(n,) polygons as given."""
    group: Ints
    """(n,) their groups."""
    part: Ints
    """(n,) numbers of the sets of polygons that touch."""
    settings: RegularizeSettings
    """Limits, against the polygons as given, and how these are drawn again."""
    draw: Pass
    """Draws them."""
    noise: Floats
    """(n,) standard deviation of each outline given about its walls, pixels."""
    polygons: Polygons
    """(n,) polygons as drawn so far."""
    shapes: Polygons
    """(n,) how each was drawn."""
    cost: Ints
    """(n,) corners and flaws of each."""
    flaws: Ints
    """(n,) flaws of each."""
    again: Bools
    """(n,) True for those that are no longer as the first pass left them."""
    back: Ints
    """(n,) how far each was sent back; 0: not at all."""
    begun: Polygons
    """(n,) polygons as the first pass left them."""
    begun_as: Polygons
    """(n,) how each of those was drawn."""


def settle(polygons: Polygons, group: Ints, settings: RegularizeSettings, draw: Pass) -> Drawn:
    """Draw groups until another drawing would not make them plainer.

    Plainer is what has fewer corners and flaws, by a share of them: see ``count_flaws``. Polygons
    that a pass changes together are taken together, or stay as they are. So no drawing leads in a
    circle, and the passes come to an end, at a drawing that is its own: whether one is taken shows
    in the outlines that it is drawn from, whatever these were drawn from.

    Only the end is held against the polygons given. Those that then break a limit go back to what the
    first pass left, with all that changed together with them since, and stay there unless a first
    pass would move them: so another run leaves them as well. Where that leads too far again, all
    that they touch are drawn from their thinned outlines instead, and where even that does they stay
    as they were given: another run would be led as far.
    """
    drawn = draw(polygons, group, settings)
    corners, flaws = count_flaws(polygons)
    now = polygons.copy(), drawn.shapes, corners + flaws, flaws
    part, zeros = touching(polygons, group), np.zeros(len(polygons), dtype=np.int64)
    # Drawings show their own noise only, in later passes as in the first one of another run.
    later = replace(settings, layer_noise_px=None)
    late = zeros > 0, zeros, polygons.copy(), drawn.shapes.copy()
    state = _Underway(polygons, group, part, later, draw, drawn.noise, *now, *late)
    _draw_again(state, _begin(state, drawn))
    while (bad := _too_far(state)).any():
        _draw_again(state, _send_back(state, bad))
    return Drawn(state.polygons, state.shapes, state.noise)


def _begin(state: _Underway, drawn: Drawn) -> Bools:
    """Take the first drawing where it is worth it; (n,) True where it is."""
    corners, flaws = count_flaws(drawn.polygons)
    gain = state.cost - corners - flaws
    # Where it is for every polygon, there is no need to look which change together.
    doubtful = anywhere(gain < np.maximum(WORTH_FIRST * state.cost, 1), state.group)
    taken = ~doubtful
    state.polygons[taken] = drawn.polygons[taken]
    state.cost[taken], state.flaws[taken] = (corners + flaws)[taken], flaws[taken]
    chosen = np.flatnonzero(doubtful)
    some = Drawn(drawn.polygons[chosen], drawn.shapes[chosen], drawn.noise[chosen])
    taken[chosen] = _take(state, chosen, some, WORTH_FIRST)
    state.begun[:], state.begun_as[:] = state.polygons, state.shapes
    return taken


def _draw_again(state: _Underway, changed: Bools) -> None:
    """Draw on from what has just ``changed`` (n,), until no drawing is worth it.

    A drawing depends on all outlines of its group. So in the end groups are drawn whole, as another
    run would begin.
    """
    while changed.any():
        stale = _draw_parts(state, changed)
        chosen = np.flatnonzero(stale & anywhere(state.flaws > 0, state.group))
        changed = np.zeros_like(stale)
        if len(chosen):
            changed[chosen] = _draw_once(state, chosen, state.settings)[0]


def _draw_parts(state: _Underway, changed: Bools) -> Bools:
    """Draw sets that have ``changed`` (n,) until that is not worth it.

    Returns:
        (n,) True in groups that have changed since they were last drawn whole.
    """
    active = anywhere(changed, state.part) & anywhere(state.flaws > 0, state.part)
    stale, size = anywhere(changed, state.group), np.bincount(state.group)
    # Simplified outlines look noisy, and are drawn otherwise beside others that do not: so what
    # stays as it is at their own noise is also tried without any.
    calm = np.zeros(len(active), dtype=bool)
    quiet = replace(state.settings, noise_px=min(MIN_NOISE_PX, state.settings.noise_px))
    while active.any():
        for how, these in ((state.settings, active & ~calm), (quiet, active & calm)):
            chosen = np.flatnonzero(these)
            if len(chosen) == 0:
                continue
            home, part = state.group[chosen], state.part[chosen]
            taken, noisy = _draw_once(state, chosen, how)
            taken, noisy = anywhere(taken, part), anywhere(noisy, part)
            flawed = anywhere(state.flaws[chosen] > 0, part)
            active[chosen], calm[chosen] = np.where(taken, flawed, noisy), ~taken
            whole = np.bincount(home, minlength=len(size)) == size
            stale &= ~whole[state.group] | (how is quiet)
            stale |= np.isin(state.group, home[taken])
    return stale


def _draw_once(state: _Underway, chosen: Ints, how: RegularizeSettings) -> tuple[Bools, Bools]:
    """Draw chosen polygons once more; (c,) True where that is taken, and where they show noise."""
    number = np.unique(state.group[chosen], return_inverse=True)[1].astype(np.int64)
    drawn = state.draw(state.polygons[chosen], number, how)
    taken = _take(state, chosen, drawn, WORTH_LATER)
    state.again[chosen[taken]] = True
    return taken, np.asarray(drawn.noise > MIN_NOISE_PX)


def _take(state: _Underway, chosen: Ints, drawn: Drawn, worth: float) -> Bools:
    """Take a drawing of chosen polygons where it is worth it; (c,) True where it is.

    Polygons that change together are taken together, unless they clash with what stays. One counts as
    straight when one of the passes drew it so: what a later one thins stays straight.
    """
    changes = Changes.between(state.polygons[chosen], drawn.polygons, state.group[chosen])
    unit, back = changes.unit, np.where(changes.moved, state.back[chosen], 0)
    taken = changes.moved & ~anywhere(back >= HELD, unit)
    least = np.where(anywhere(back == BEGUN, unit), WORTH_FIRST, worth)
    while True:
        out = changes.only(taken)
        corners, flaws = count_flaws(out)
        bad = taken & ~_is_worth(
            state.cost[chosen] - corners - flaws, state.cost[chosen], unit, least
        )
        if not bad.any():
            bad = taken & _clashing(state, chosen, out, taken)
        if not bad.any():
            break
        taken &= ~anywhere(bad, unit)
    state.polygons[chosen] = out
    straight = taken & (drawn.shapes != "simplified")
    state.shapes[chosen[straight]] = drawn.shapes[straight]
    state.cost[chosen], state.flaws[chosen] = corners + flaws, flaws
    return taken


def _is_worth(gain: Ints, cost: Ints, unit: Ints, worth: Floats) -> Bools:
    """(c,) True for polygons in units that gain so large a share of what they cost."""
    gains, costs = np.bincount(unit, gain)[unit], np.bincount(unit, cost)[unit]
    return np.asarray((gains > 0) & (gains >= worth * costs))


def _clashing(state: _Underway, chosen: Ints, out: Polygons, taken: Bools) -> Bools:
    """(c,) True where one of the chosen polygons, some ``taken``, clashes with what stays."""
    whole = state.polygons.copy()
    whole[chosen] = out
    clash, moved = np.zeros(len(whole), dtype=bool), np.zeros(len(whole), dtype=bool)
    moved[chosen[taken]] = True
    near = [np.empty(0, dtype=np.int64)]
    for members in _members(state.group, _partly(state.group, chosen[taken])):
        boxes = shapely.bounds(whole[members])
        near.append(members[moved[members] | meeting(boxes, boxes[moved[members]])])
    looked = np.concatenate(near)
    clash[looked] = unclean(whole[looked], state.group[looked])
    return clash[chosen]


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


def _too_far(state: _Underway) -> Bools:
    """(n,) True for polygons that were drawn again and break a limit."""
    chosen = np.flatnonzero(state.again & (state.back < HELD))
    after, mine = state.polygons[chosen], state.given[chosen]
    (apart, between), reach = outlines_apart(mine, after), state.settings.max_outward_px
    middles = apart - HALF_EDGE_PX, between
    noise = with_smooth_errors(state.noise[chosen])
    good = are_near(mine, after, middles, noise, state.settings, later=True)
    far = np.flatnonzero(good & (apart > reach))
    for i, members in zip(far, _members(state.group, state.group[chosen[far]]), strict=True):
        xy = shapely.get_coordinates(shapely.segmentize(after[i], PROBE_PX))
        xy = _outside(mine[i], reach + ROUNDED_PX, xy)
        for member in state.given[members]:
            xy = _outside(member, reach + ROUNDED_PX, xy)
        good[i] = len(xy) == 0
    bad = np.zeros(len(state.group), dtype=bool)
    bad[chosen[~good]] = True
    return bad


def _outside(polygon: Polygon, reach: float, xy: Floats) -> Floats:
    """The points that lie outside a polygon and farther than ``reach`` from it."""
    if len(xy):
        xy = xy[~shapely.intersects_xy(polygon, xy)]
        xy = xy[beyond(xy, polygon, reach)]
    return xy


def _send_back(state: _Underway, bad: Bools) -> Bools:
    """Put ``bad`` polygons (n,) back to where they began; (n,) True for all put back.

    The first time with what changed together with them, then with all that they touch.
    """
    wide = anywhere(bad & (state.back >= BEGUN), state.part)
    moved = _undo(state, bad & ~wide)
    return moved | _send_sets_back(state, wide)


def _undo(state: _Underway, bad: Bools) -> Bools:
    """Put ``bad`` polygons (n,) back to what the first pass left; (n,) True for all put back.

    With them goes what has changed together with them since, and what clashes with them then.
    """
    moved = np.zeros(len(bad), dtype=bool)
    for members in _members(state.group, np.unique(state.group[bad])):
        changes = Changes.between(
            state.begun[members], state.polygons[members], np.zeros(len(members), dtype=np.int64)
        )
        undone = anywhere(bad[members], changes.unit)
        out = changes.only(~undone)
        # Those undone fit to each other, so of two that clash one is not undone yet.
        while (clash := unclean(out) & ~undone).any():
            undone |= anywhere(clash, changes.unit)
            out = changes.only(~undone)
        state.polygons[members] = out
        moved[members[undone]] = True
    state.shapes[moved], state.again[moved] = state.begun_as[moved], False
    state.back[moved] = np.maximum(state.back[moved], BEGUN)
    corners, flaws = count_flaws(state.polygons[moved])
    state.cost[moved], state.flaws[moved] = corners + flaws, flaws
    return moved


def _send_sets_back(state: _Underway, bad: Bools) -> Bools:
    """Put sets of ``bad`` polygons (n,) back to where they began; (n,) True for all put back.

    The first time they are thinned, then as they were given, and so is what clashes with them.
    """
    moved = np.zeros(len(bad), dtype=bool)
    while bad.any():
        moved |= bad
        state.polygons[bad] = state.given[bad]
        for members in _members(state.part, np.unique(state.part[bad])):
            thinned = shapely.coverage_simplify(state.given[members], state.settings.simplify_px)
            if (state.back[members] < THINNED).all() and not unclean(thinned).any():
                state.polygons[members], state.back[members] = thinned, THINNED
            else:
                state.back[members] = HELD
        clash = np.zeros(len(bad), dtype=bool)
        for members in _members(state.group, np.unique(state.group[bad])):
            clash[members] = unclean(state.polygons[members])
        bad = anywhere(clash, state.part) & (state.back < HELD)
    corners, flaws = count_flaws(state.polygons[moved])
    state.cost[moved], state.flaws[moved] = corners + flaws, flaws
    state.shapes[moved] = np.where(state.back[moved] < HELD, "simplified", "raw")
    state.again[moved] = True
    return moved

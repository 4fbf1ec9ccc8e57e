"""A drawing is done when drawing it once more would leave it where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.shaping.apart import beyond, outlines_apart
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.drawing import Drawn
from geoseg.shaping.limits import are_near

if TYPE_CHECKING:
    from geoseg.shaping.settings import RegularizeSettings

STILL_PX = 0.1
"""An outline that a pass moves by less, and keeps the vertices of, is left as it was."""
PASSES = 6
"""Groups that move after so many passes are left where they are then."""
PROBE_PX = 0.2
"""Spacing of the points at which an outline's distance to the raw polygons is measured."""
HALF_EDGE_PX = 0.5
"""A raw outline's corners lie so much farther out than the middles of its edges, which a single
pass measures at."""

Pass = Callable[[Polygons, Ints, "RegularizeSettings"], Drawn]
"""Draws groups numbered from 0 once."""


def settle(polygons: Polygons, group: Ints, settings: RegularizeSettings, draw: Pass) -> Drawn:
    """Draw groups again and again until a pass leaves them where they are.

    The result is the first of the polygons, their drawing, the drawing of that, and so on, that the
    next pass does not move. So a drawing is its own drawing. A polygon counts as straight when one
    of the passes drew it so: what a later one thins stays straight.
    """
    done = draw(polygons, group, settings)
    still = ~_anywhere(_moved(polygons, done.polygons), group)
    done.polygons[still] = polygons[still]
    active = np.flatnonzero(~(still | done.firm))
    for _ in range(PASSES - 1):
        if len(active) == 0:
            break
        numbers = np.unique(group[active], return_inverse=True)[1].astype(np.int64)
        before = done.polygons[active]
        after = draw(before, numbers, settings)
        moved = _moved(before, after.polygons)
        changed = _anywhere(moved, numbers)
        chosen = active[moved]
        drawn = np.column_stack([before, after.polygons])[moved]
        moved[moved] = ~_are_allowed(polygons, group, chosen, drawn, done.noise, settings)
        changed &= ~_anywhere(moved, numbers)
        done.polygons[active[changed]] = after.polygons[changed]
        gained = changed & (done.shapes[active] == "simplified")
        done.shapes[active[gained]] = after.shapes[gained]
        active = active[changed & ~after.firm]
    return done


def _moved(before: Polygons, after: Polygons) -> Bools:
    """(n,) True for polygons that a pass has moved."""
    moved = shapely.get_num_coordinates(before) != shapely.get_num_coordinates(after)
    rest = np.flatnonzero(~moved)
    moved[rest] = outlines_apart(before[rest], after[rest]) >= STILL_PX
    return np.asarray(moved)


def _anywhere(some: Bools, group: Ints) -> Bools:
    """(n,) True in groups with any in ``some``."""
    return np.asarray(np.bincount(group, some)[group] > 0)


def _are_allowed(
    raw: Polygons,
    group: Ints,
    chosen: Ints,
    drawn: Polygons,
    noise: Floats,
    settings: RegularizeSettings,
) -> Bools:
    """(c,) True where chosen polygons are within the limits after one more pass.

    ``drawn`` (c, 2) are they before it, then within the limits, and after it.
    """
    before, after, mine = drawn[:, 0], drawn[:, 1], raw[chosen]
    apart = outlines_apart(mine, after)
    middles = apart - HALF_EDGE_PX, np.full(len(mine), np.inf)
    good = are_near(mine, after, middles, noise[chosen], settings)
    reach, by_group = settings.max_outward_px, np.argsort(group, kind="stable")
    for i in np.flatnonzero(good & (apart > reach)):
        xy = shapely.get_coordinates(shapely.segmentize(after[i], PROBE_PX))
        probes = np.asarray(shapely.points(xy[beyond(xy, before[i], STILL_PX)]))
        span = group[chosen[i]] + np.arange(2)
        begin, end = np.searchsorted(group, span, sorter=by_group)
        for member in raw[by_group[begin:end]]:
            probes = probes[~shapely.dwithin(member, probes, reach)]
        good[i] = len(probes) == 0
    return good

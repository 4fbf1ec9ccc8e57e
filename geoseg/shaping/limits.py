"""How far a drawn outline departs from the raw one, and how far it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arcs import OUTSIDE
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons

if TYPE_CHECKING:
    from geoseg.shaping.arcs import Arcs
    from geoseg.shaping.settings import RegularizeSettings

PROBE_PX = 0.2
"""Spacing of the points at which a drawn outline is compared with the raw one."""
WINDOW = 4
"""Edges of a drawn arc, to either side, among which the nearest is sought."""
DOUBT = 1.1
"""Areas are estimated along the arcs; nearer to the limit than this factor they are computed."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Distances between drawn and raw arcs, pixels."""

    farthest: Floats
    """(a,) Hausdorff distance."""
    band: Floats
    """(a,) area between the two, square pixels, estimated."""
    probe_arc: Ints
    """(p,) arcs of the drawn points that lie farther from the raw arc than is allowed outwards."""
    probe_xy: Floats
    """(p, 2) those points."""


def measure(arcs: Arcs, xy: Floats, first: Ints, reach_px: float) -> Departure:
    """Compare drawn arcs with the raw ones they stand for."""
    return Departure(*_measure(arcs.xy, arcs.first, xy, first, reach_px))


def exceeds_reach(departure: Departure, arcs: Arcs, raw: Polygons, group: Ints) -> Bools:
    """(n,) True where a polygon's outer wall strays too far outside its group's raw polygons."""
    out = np.zeros(len(raw), dtype=bool)
    outer = arcs.far[departure.probe_arc] == OUTSIDE
    arc, xy = departure.probe_arc[outer], departure.probe_xy[outer]
    home = arcs.near[arc]
    inside = np.zeros(len(arc), dtype=bool)
    for member in np.unique(group[home]):
        points = np.flatnonzero(group[home] == member)
        members = raw[group == member]
        hits = shapely.contains_xy(members[:, None], xy[points, 0], xy[points, 1])
        inside[points] = hits.any(axis=0)
    out[home[~inside]] = True
    return out


def within_limits(
    raw: Polygons,
    drawn: Polygons,
    departure: Departure,
    arcs: Arcs,
    noise: Floats,
    settings: RegularizeSettings,
) -> Bools:
    """(n,) True where a drawn polygon is valid and near enough to its raw polygon.

    A share of the area says little about a shed of ten pixels: a wall that errs by the noise is
    right even there. The limits are therefore the larger of the share and a band along the outline.
    """
    good = shapely.is_valid(drawn) & ~shapely.is_empty(drawn)
    area, new_area = shapely.area(raw), shapely.area(drawn)
    band = 1.25 * noise * shapely.length(drawn)
    good &= np.abs(new_area - area) <= np.maximum(settings.max_area_change * area, 0.25 * band)
    good &= (
        _of_polygons(np.maximum, departure.farthest, arcs, len(raw)) <= settings.max_deviation_px
    )
    apart = _of_polygons(np.add, departure.band, arcs, len(raw))
    share = 2 * (1 - settings.min_iou) / (1 + settings.min_iou)
    allowed = np.maximum(share * 0.5 * (area + new_area), band)
    doubtful = np.flatnonzero(good & (DOUBT * apart > allowed))
    common = shapely.area(shapely.intersection(raw[doubtful], drawn[doubtful]))
    apart[doubtful] = area[doubtful] + new_area[doubtful] - 2 * common
    return np.asarray(good & (apart <= allowed))


def _of_polygons(combine: np.ufunc, values: Floats, arcs: Arcs, polygons: int) -> Floats:
    """(polygons,) values of arcs combined over the polygons on either side."""
    out = np.zeros(polygons)
    shared = arcs.far != OUTSIDE
    combine.at(out, arcs.near, values)
    combine.at(out, arcs.far[shared], values[shared])
    return out


@jit
def _measure(
    raw: Floats, raw_first: Ints, xy: Floats, first: Ints, reach: float
) -> tuple[Floats, Floats, Ints, Floats]:
    arcs = len(first) - 1
    farthest, band = np.zeros(arcs), np.zeros(arcs)
    probe_arc, probe_xy = [0 for _ in range(0)], [(0.0, 0.0) for _ in range(0)]
    for arc in range(arcs):
        lo, hi = first[arc], first[arc + 1] - 1
        at = lo
        for i in range(raw_first[arc], raw_first[arc + 1] - 1):
            x, y = 0.5 * (raw[i, 0] + raw[i + 1, 0]), 0.5 * (raw[i, 1] + raw[i + 1, 1])
            gap, at = _gap_to_chain(xy, lo, hi, at, x, y)
            # A staircase is longer than the band is: count the step between midpoints.
            j = i - 1 if i > raw_first[arc] else i + 1
            step = 1.0
            if j < raw_first[arc + 1] - 1:
                step = np.hypot(
                    x - 0.5 * (raw[j, 0] + raw[j + 1, 0]), y - 0.5 * (raw[j, 1] + raw[j + 1, 1])
                )
            band[arc] += gap * step
            farthest[arc] = max(farthest[arc], gap)
        near = raw_first[arc]
        for i in range(lo, hi):
            length = np.hypot(xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1])
            count = int(length / PROBE_PX) + 1
            for k in range(count + 1):
                x = xy[i, 0] + (xy[i + 1, 0] - xy[i, 0]) * k / count
                y = xy[i, 1] + (xy[i + 1, 1] - xy[i, 1]) * k / count
                gap, near = _nearest(raw, raw_first[arc], raw_first[arc + 1] - 1, near, x, y, reach)
                farthest[arc] = max(farthest[arc], gap)
                if gap > reach:
                    probe_arc.append(arc)
                    probe_xy.append((x, y))
    place = np.empty((len(probe_xy), 2))
    for i in range(len(probe_xy)):
        place[i, 0], place[i, 1] = probe_xy[i]
    return farthest, band, np.array(probe_arc, dtype=np.int64), place


@inner_jit
def _gap_to_chain(xy: Floats, lo: int, hi: int, at: int, x: float, y: float) -> tuple[float, int]:
    """Distance to the drawn edges about the one found last, and the edge that showed it."""
    best, found, n = np.inf, at, hi - lo
    for k in range(min(n, 2 * WINDOW + 1)):
        i = lo + (at - lo - WINDOW + k) % n
        gap = _gap(xy, i, x, y)
        if gap < best:
            best, found = gap, i
    return best, found


@inner_jit
def _gap(xy: Floats, i: int, x: float, y: float) -> float:
    """Distance from (x, y) to edge i."""
    dx, dy = xy[i + 1, 0] - xy[i, 0], xy[i + 1, 1] - xy[i, 1]
    square = dx * dx + dy * dy
    share = 0.0
    if square > 0.0:
        share = min(1.0, max(0.0, ((x - xy[i, 0]) * dx + (y - xy[i, 1]) * dy) / square))
    return float(np.hypot(x - xy[i, 0] - share * dx, y - xy[i, 1] - share * dy))


@inner_jit
def _nearest(
    raw: Floats, lo: int, hi: int, near: int, x: float, y: float, enough: float
) -> tuple[float, int]:
    """Distance to the raw arc and the edge that showed it.

    The search spreads from the edge found last and ends with the first edge near enough.
    """
    best, at = np.inf, near
    for spread in range(hi - lo):
        for side in range(2):
            i = near + spread if side == 0 else near - spread
            if i < lo or i >= hi:
                continue
            gap = _gap(raw, i, x, y)
            if gap < best:
                best, at = gap, i
        if best <= enough:
            break
    return best, at

"""Rows of houses of which each is turned by the same angle against the one before, as along a crescent.

The few pixels of a house hardly tell its direction. All houses of such a row, and the walls between them,
which run halfway, tell of two angles alone: that of the first house, and the one by which they turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from geoseg.shaping.arcs import OUTSIDE
from geoseg.shaping.arrays import Bools, Floats, Ints, runs

if TYPE_CHECKING:
    from geoseg.shaping.arcs import Arcs

QUARTER = np.pi / 2
FEWEST_HOUSES = 3
"""Any two houses are turned by one angle."""
AMID_ROW = 2
"""Neighbours of a house that is not at an end of its row."""
STEPS = 6
"""Of Newton's method."""
MOST_TURN_DEG = 34
"""Houses that are turned by more against each other have no wall halfway."""
ANGLE_PRICE = 6.0
"""What each angle costs that tells the directions of a row, in squared standard deviations of walls' directions."""
TURN_PRICE = 12.0
"""What a row must gain, counted so, by turning evenly instead of not at all."""
MOST_OFF = 16.0
"""A wall that runs in no such direction (a bay, the end of the row) counts for no more than this, counted so."""
MOST_EACH = 5.0
"""Rows whose walls are farther off than this in the mean, counted so, have odd angles."""
MOST_PULL = 0.4
"""Walls between them turn houses by no more, radians: those without walls of their own could turn anywhere."""
NEAR = 0.05
"""Walls farther off than this, radians, and by their own standard deviation, count for less."""
CORRELATION_PX = 6.0
"""Length over which the noise of an outline is correlated: so many samples count as one."""
LEAST_SQUARE = 1e-9
"""Stands for what nothing is known of."""


class Rows(NamedTuple):
    """Rows of houses each of which touches the one before, the next, and no other."""

    number: Ints
    """(n,) of the row that each polygon stands in, or -1."""
    place: Ints
    """(n,) its place there, from 0."""

    @classmethod
    def of(cls, arcs: Arcs, polygons: int) -> Self:
        """Those of so many polygons."""
        shared = arcs.far != OUTSIDE
        pairs = np.column_stack([arcs.near[shared], arcs.far[shared]])
        beside: dict[int, list[int]] = {}
        for a, b in np.unique(np.sort(pairs, axis=1), axis=0).tolist():
            beside.setdefault(a, []).append(b)
            beside.setdefault(b, []).append(a)
        number, place = cls.none(polygons)
        count, ends = 0, [one for one in sorted(beside) if len(beside[one]) == 1]
        for end in ends:
            members = _follow(beside, end)
            if number[end] < 0 and len(beside[members[-1]]) == 1 and len(members) >= FEWEST_HOUSES:
                number[members], place[members] = count, np.arange(len(members))
                count += 1
        return cls(number, place)

    @classmethod
    def none(cls, polygons: int) -> Self:
        """Of polygons that nothing is known of."""
        return cls(np.full(polygons, -1), np.zeros(polygons, np.int64))

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self.number.max(initial=-1)) + 1

    def only(self, wanted: Bools) -> Self:
        """The same of the wanted polygons (n,) alone, which are whole rows."""
        number = self.number[wanted]
        kept = np.bincount(number[number >= 0], minlength=self.row_count) > 0
        return type(self)(number, self.place[wanted]).chosen(kept)

    def chosen(self, some: Bools) -> Self:
        """Some of the rows (rows,), numbered anew."""
        anew = np.append(np.where(some, np.cumsum(some) - 1, -1), -1)
        return type(self)(anew[self.number], self.place)

    def middles(self, near: Ints, far: Ints) -> Floats:
        """Places of arcs between polygons: half one more where it bounds the next house."""
        there = np.where(far == OUTSIDE, near, far)
        return np.asarray(0.5 * (self.place[near] + self.place[there]), dtype=np.float64)


def _follow(beside: dict[int, list[int]], end: int) -> list[int]:
    """The houses from one at an end of its row on, as far as each has two neighbours."""
    members, at = [end], beside[end][0]
    while len(beside[at]) == AMID_ROW:
        one, other = beside[at]
        before = members[-1]
        members.append(at)
        at = other if one == before else one
    return [*members, at]


def evenly_turning(
    rows: Rows,
    arcs: Arcs,
    cut: tuple[Floats, Ints, Ints],
    noise: Floats,
    found: tuple[Floats, Ints],
) -> tuple[Rows, Floats]:
    """The rows that turn evenly, as far as walls of any direction tell, and (n,) the directions then.

    Args:
        rows: All rows.
        arcs: The outlines.
        cut: (v, 6) prefix sums, (a + 1,) first wall of each arc, and (w,) where each ends.
        noise: (n,) standard deviation of each outline about its walls, pixels.
        found: (n,) directions, radians, and (n,) which polygons share theirs, where nothing is known of rows.
    """
    if rows.row_count == 0:
        return rows, found[0]
    arc, angle, variance = _wall_angles(rows, arcs, cut, noise)
    near, far = arcs.near[arc], arcs.far[arc]
    row, place = rows.number[near], rows.middles(near, far)
    first, turn = _likeliest((row, place), angle, variance, MOST_TURN_DEG)
    alone, _ = _likeliest((row, 0.0 * place), angle, variance, 0)

    def cost(way: Floats) -> Floats:
        off = _apart(angle, way) ** 2 / variance
        return np.asarray(np.bincount(row, np.minimum(off, MOST_OFF)), dtype=np.float64)

    even, straight = cost(first[row] + place * turn[row]), cost(alone[row])

    theta, alike = found
    there = np.where(far == OUTSIDE, near, far)
    halfway = theta[near] + 0.5 * _apart(theta[there], theta[near])
    ways = [np.abs(_apart(angle, way)) for way in (theta[near], theta[there], halfway)]
    before = cost(angle + np.min(ways, axis=0))
    mine = np.flatnonzero(rows.number >= 0)
    angles = np.bincount(rows.number[mine], alike[mine] == mine)
    good = (even < before + ANGLE_PRICE * (angles - 2)) & (even < straight - TURN_PRICE)
    good &= even < MOST_EACH * np.bincount(row)
    out = rows.chosen(good)
    return out, _with_turns(out, theta, first[good], turn[good])


def _wall_angles(
    rows: Rows, arcs: Arcs, cut: tuple[Floats, Ints, Ints], noise: Floats
) -> tuple[Ints, Floats, Floats]:
    """Arcs, directions and variances of the walls of rows, one row after the other."""
    sums, first, end = cut
    arc = np.flatnonzero(rows.number[arcs.near] >= 0)
    arc = arc[np.argsort(rows.number[arcs.near[arc]], kind="stable")]
    k, one = runs(np.diff(first)[arc])
    wall, arc = first[arc][one] + k, arc[one]
    begin = np.where(k == 0, arcs.first[arc], end[wall - 1])
    w, x, y, xx, xy, yy = (sums[end[wall]] - sums[begin]).T
    w = np.maximum(w, LEAST_SQUARE)
    xx, xy, yy = xx - x * x / w, xy - x * y / w, yy - y * y / w
    d, t = 0.5 * (xx - yy), 0.5 * (xx + yy)
    lever = np.maximum(t + np.hypot(d, xy), LEAST_SQUARE)
    return arc, 0.5 * np.arctan2(xy, d), noise[arcs.near[arc]] ** 2 * CORRELATION_PX / lever


def _likeliest(
    at: tuple[Ints, Floats], angle: Floats, variance: Floats, most_deg: int
) -> tuple[Floats, Floats]:
    """(rows,) direction of each row's first house, and by how much each turns against the one before.

    ``at`` are the rows of walls, ascending, and their places there; no row turns by more than
    so many degrees.
    """
    row, place = at
    begin = np.flatnonzero(np.diff(row, prepend=-1))
    count = len(begin)
    step = np.exp(-4j * np.radians(1.0) * place)
    vector = np.exp(4j * (angle + np.radians(most_deg) * place)) / (variance + NEAR**2)
    best, turn = np.zeros(count, np.complex128), np.zeros(count)
    for degrees in range(-most_deg, most_deg + 1):
        total = np.add.reduceat(vector, begin)
        better = np.abs(total) > np.abs(best)
        best, turn = np.where(better, total, best), np.where(better, np.radians(degrees), turn)
        vector *= step
    first = np.angle(best) / 4
    for _ in range(STEPS):
        miss = _apart(angle, first[row] + place * turn[row])
        sure = np.exp(-0.5 * (miss / (NEAR + np.sqrt(variance))) ** 2) / (variance + LEAST_SQUARE)
        first, turn = _stepped((first, turn), (row, place), sure * miss, sure)
    return first, turn


def _stepped(
    angles: tuple[Floats, Floats], at: tuple[Ints, Floats], pull: Floats, sure: Floats
) -> tuple[Floats, Floats]:
    """Directions of first houses and turns, a step of Newton's method on; ``pull`` is how far times ``sure``."""
    (first, turn), (row, place), count = angles, at, len(angles[0])
    a, b = (np.bincount(row, values, minlength=count) for values in (pull, pull * place))
    aa, ab, bb = (np.bincount(row, sure * place**k, minlength=count) for k in range(3))
    bb = np.maximum(bb, LEAST_SQUARE)  # where no place but one is known, nothing turns
    whole = np.maximum(aa * bb - ab * ab, LEAST_SQUARE**2)
    return first + (bb * a - ab * b) / whole, turn + (aa * b - ab * a) / whole


def _apart(angle: Floats, other: Floats) -> Floats:
    """Signed differences modulo 90 degrees, in -45..45 degrees."""
    return np.asarray((angle - other + QUARTER / 2) % QUARTER - QUARTER / 2)


def _with_turns(rows: Rows, theta: Floats, first: Floats, turn: Floats) -> Floats:
    """(n,) directions, those of rows by their angles; walls along and across them stay what they are."""
    house, out = np.flatnonzero(rows.number >= 0), theta.copy()
    row = rows.number[house]
    out[house] += _apart(first[row] + rows.place[house] * turn[row], theta[house])
    return out


def even_directions(
    rows: Rows, theta: Floats, own: Floats, between: tuple[Ints, Ints, Floats, Floats]
) -> Floats:
    """(n,) directions, those of rows that turn evenly with the least squared residuals over all classed walls.

    Args:
        rows: Those that turn evenly.
        theta: (n,) where the walls of each house alone run best, radians.
        own: (n, 2) how sure these are of that: the length of a vector.
        between: Of walls halfway the houses on either side, how sure they are of where these run together,
            and by how much they would turn both from ``theta``, times that.
    """
    if rows.row_count == 0:
        return theta
    house = np.flatnonzero(rows.number >= 0)
    near, far, sure, pull = between
    row = np.concatenate([rows.number[house], rows.number[near]])
    place = np.concatenate([rows.place[house], 0.5 * (rows.place[near] + rows.place[far])])
    weight = 4.0 * np.concatenate([np.hypot(*own[house].T), sure])
    turned = np.clip(pull / np.maximum(2.0 * sure, LEAST_SQUARE), -MOST_PULL, MOST_PULL)
    halfway = theta[near] + 0.5 * _apart(theta[far], theta[near]) + turned
    angle = np.concatenate([theta[house], halfway])
    first, turn = _mean_turns(rows, theta)
    for _ in range(STEPS):
        miss = _apart(angle, first[row] + place * turn[row])
        first, turn = _stepped((first, turn), (row, place), weight * miss, weight)
    return _with_turns(rows, theta, first, turn)


def _mean_turns(rows: Rows, theta: Floats) -> tuple[Floats, Floats]:
    """(rows,) direction of each first house, and the mean turn between houses that follow each other."""
    order = np.lexsort((rows.place, rows.number))
    order = order[rows.number[order] >= 0]
    row, heads = rows.number[order], order[rows.place[order] == 0]
    step = np.where(row[1:] == row[:-1], _apart(theta[order[1:]], theta[order[:-1]]), 0.0)
    return theta[heads], np.bincount(row[1:], step) / (np.bincount(row) - 1)

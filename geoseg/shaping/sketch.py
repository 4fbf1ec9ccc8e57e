"""Polygons as they are drawn at the moment, and which of them break a limit.

A coverage is drawn again and again, each time otherwise in a few places alone. So what was found out
about a polygon stays as long as none of its arcs changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import Self

import numpy as np
import shapely

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arcs import OUTSIDE, Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons, anywhere
from geoseg.shaping.assemble import assemble
from geoseg.shaping.clean import overlapping
from geoseg.shaping.limits import Departure, are_near, exceeds_reach
from geoseg.shaping.settings import RegularizeSettings
from geoseg.shaping.simple import are_valid


@dataclass(frozen=True, slots=True)
class Given:
    """What drawings are held against."""

    raw: Polygons
    """(n,) polygons as given, in canonical order, each group in its own coordinates."""
    group: Ints
    """(n,) group of each polygon, ascending."""
    arcs: Arcs
    """Their arcs."""
    noise: Floats
    """(n,) standard deviation of each outline about its walls, pixels."""
    settings: RegularizeSettings
    """Limits."""
    groups: tuple[slice, ...]
    """The polygons of each group."""

    @classmethod
    def of(
        cls, raw: Polygons, group: Ints, arcs: Arcs, noise: Floats, settings: RegularizeSettings
    ) -> Self:
        """With the bounds of the groups."""
        bounds = np.append(np.flatnonzero(np.diff(group, prepend=-1)), len(group))
        return cls(
            raw, group, arcs, noise, settings, tuple(starmap(slice, pairwise(bounds.tolist())))
        )


@dataclass(slots=True)
class Sketch:
    """One drawing; the next is written over it."""

    given: Given
    """What it stands for."""
    xy: Floats
    """(v, 2) vertices of all arcs as drawn."""
    first: Ints
    """(a + 1,) where each arc begins in ``xy``."""
    departure: Departure
    """How far arcs lead from the raw ones."""
    polygons: Polygons
    """(n,) as drawn."""
    breaks: Bools
    """(n,) True where a polygon is not valid, or departs from the raw ones by more than is allowed."""
    clashes: Bools
    """(n,) True where a polygon overlapped another of its group, or missed its vertices, when its
    group was last looked at for that."""
    stale: Bools
    """(n,) True where a polygon was drawn otherwise since."""

    @classmethod
    def begin(cls, given: Given) -> Self:
        """Nothing is drawn yet."""
        arcs, polygons = len(given.arcs.near), len(given.raw)
        nothing = np.empty((0, 2)), np.zeros(arcs + 1, np.int64)
        no, empty = np.zeros((3, polygons), dtype=np.bool_), np.empty(polygons, dtype=object)
        return cls(given, *nothing, Departure.none(arcs), empty, no[0], no[1], ~no[2])

    def clashing(self, wanted: Bools) -> Bools:
        """(n,) True where a polygon clashes, of the wanted groups, which are looked at."""
        looked = np.flatnonzero(wanted & anywhere(self.stale, self.given.group))
        moved = (self.stale | self.clashes)[looked]
        mine = self.polygons[looked], self.given.group[looked], self.breaks[looked]
        self.clashes[looked], self.stale[looked] = overlapping(*mine, moved), False
        return self.clashes & wanted

    def is_clean(self, span: slice) -> bool:
        """Whether all polygons of a group are valid, and none clashed when they were last looked at."""
        mine = self.polygons[span]
        sound = are_valid(mine) & ~shapely.is_empty(mine) & ~self.clashes[span]
        return bool(sound.all())

    def draw(self, xy: Floats, first: Ints) -> None:
        """Take other vertices, (v, 2), and where each arc begins among them."""
        arcs = self.given.arcs
        changed = np.zeros(len(arcs.near), dtype=np.bool_)
        _mark_changed((self.xy, self.first), (xy, first), changed)
        self.xy, self.first = xy, first
        beside = np.zeros(len(self.polygons), dtype=bool)
        beside[arcs.near[changed]] = True
        beside[arcs.far[changed & (arcs.far != OUTSIDE)]] = True
        self.stale |= beside
        if beside.any():
            reach = self.given.settings.max_outward_px
            self.departure.measure(arcs, (xy, first), np.flatnonzero(changed), reach)
            self._look(np.flatnonzero(beside))

    def _look(self, chosen: Ints) -> None:
        """Put chosen polygons together anew, and see which break a limit."""
        given, arcs, departure = self.given, self.given.arcs, self.departure
        drawn = assemble(arcs, self.xy, self.first, chosen)
        self.polygons[chosen] = drawn
        farthest, between = departure.of_polygons(arcs, len(self.polygons))
        near = are_near(
            given.raw[chosen], drawn, (farthest[chosen], between[chosen]), given.noise[chosen],
            given.settings,
        )  # fmt: skip
        mine = np.zeros(len(self.polygons), dtype=bool)
        mine[chosen] = True
        strays = np.flatnonzero(departure.strays & mine[arcs.near])
        lines, reach = (self.xy, self.first), given.settings.max_outward_px
        far = exceeds_reach(strays, arcs, lines, given.raw, given.group, reach)
        self.breaks[chosen] = ~near | far[chosen]


@jit
def _mark_changed(one: tuple[Floats, Ints], other: tuple[Floats, Ints], out: Bools) -> None:
    """Mark arcs that have other vertices on the one side than on the other."""
    for arc in range(len(out)):
        out[arc] = not _are_equal(one, other, arc)


@inner_jit
def _are_equal(one: tuple[Floats, Ints], other: tuple[Floats, Ints], arc: int) -> bool:
    (xy, first), (there, begin) = one, other
    a, b = first[arc], begin[arc]
    size = first[arc + 1] - a
    if begin[arc + 1] - b != size:
        return False
    for i in range(size):
        if xy[a + i, 0] != there[b + i, 0] or xy[a + i, 1] != there[b + i, 1]:
            return False
    return True

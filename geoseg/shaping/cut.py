"""Outlines cut into walls: what finding directions and cutting hand to each other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.turning import Rows


class Walls(NamedTuple):
    """The cut of all arcs into walls."""

    sums: Floats
    """(v, 6) prefix sums of the samples, see ``segment.prefix_sums``."""
    first: Ints
    """(a + 1,) first wall of each arc."""
    end: Ints
    """(w,) vertex at which each wall ends; it begins where the one before it ends."""
    kind: Ints
    """(w,) class, see ``segment``."""
    owner: Ints
    """(a,) polygon whose direction the classes of the arc's walls refer to."""
    other: Ints
    """(a,) polygon whose direction is averaged with that; the same one where they refer to one."""
    theta: Floats
    """(n,) direction of each polygon, radians."""
    noise: Floats
    """(n,) standard deviation of each polygon's outline about its walls, pixels."""


class FreeWalls(NamedTuple):
    """Walls of any direction, and which arcs bound which polygon."""

    sums: Floats
    """(v, 6) prefix sums of the samples, see ``segment.prefix_sums``."""
    arc_first: Ints
    """(a + 1,) first vertex of each arc."""
    wall_first: Ints
    """(a + 1,) first wall of each arc."""
    wall_end: Ints
    """(w,) vertex at which each wall ends."""
    polygon_first: Ints
    """(n + 1,) where each polygon's arcs begin in ``arcs``."""
    arcs: Ints
    """Arcs of the polygons in order."""


class FreeCut(NamedTuple):
    """What a free cut tells of coverages, before they are cut along their directions."""

    arcs: Arcs
    """Theirs, closed ones rotated to begin at a corner."""
    sums: Floats
    """(v, 6) prefix sums of the samples, see ``segment.prefix_sums``."""
    first: Ints
    """(a + 1,) first wall of each arc."""
    end: Ints
    """(w,) vertex at which each wall ends."""
    noise: Floats
    """(n,) standard deviation of each polygon's outline about its walls, pixels."""
    theta: Floats
    """(n,) direction of each polygon, radians."""
    alike: Ints
    """(n,) the first of the polygons that each shares its direction with."""
    even: Rows
    """Those that turn evenly."""

    def only(self, wanted: Bools) -> FreeCut:
        """That of the wanted polygons (n,) alone, which are whole coverages."""
        arcs, mine = self.arcs.only(wanted), wanted[self.arcs.near]
        walls, count = np.repeat(mine, np.diff(self.first)), np.diff(self.first)[mine]
        shift = self.arcs.first[:-1][mine] - arcs.first[:-1]
        return FreeCut(
            arcs,
            self.sums[np.repeat(mine, np.diff(self.arcs.first))],
            np.append(0, np.cumsum(count)),
            self.end[walls] - np.repeat(shift, count),
            self.noise[wanted],
            self.theta[wanted],
            (np.cumsum(wanted) - 1)[self.alike[wanted]],
            self.even.only(wanted),
        )

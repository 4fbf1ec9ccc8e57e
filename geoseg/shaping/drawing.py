"""Draw coverages from their fitted walls, and give up on what breaks a limit."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geoseg.shaping.arcs import OUTSIDE, Arcs, build_arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.assemble import assemble
from geoseg.shaping.circles import draw_circle, fit_circles
from geoseg.shaping.clean import unclean
from geoseg.shaping.corners import CLOSE_CORNER_PX, CORNER_PX, draw_arcs, place_nodes
from geoseg.shaping.cut import Walls
from geoseg.shaping.limits import exceeds_reach, measure, within_limits
from geoseg.shaping.prune import prune_walls
from geoseg.shaping.walls import cut_walls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geoseg.shaping.settings import RegularizeSettings
    from geoseg.types import DrawnAs

STEP_PX = 2.0**-10
"""Coordinates of the output are multiples of this, so that moving the input by whole pixels moves
the output by exactly as much."""

SHORT_ARC_PX = 16
"""Arcs up to this length are given up first."""
OUT = 2
"""A polygon refused so often is drawn simplified."""
LAST = 3
"""Refused so often, even the nodes of its walls stay where they are."""


class Drawn(NamedTuple):
    """What became of polygons."""

    polygons: Polygons
    """(n,) the new ones."""
    shapes: Polygons
    """(n,) how each was drawn."""
    noise: Floats
    """(n,) standard deviation of each raw outline about its walls, pixels."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Coverages, their fitted walls, and the means to draw some of their polygons simplified."""

    raw: Polygons
    """(n,) polygons as given, in canonical order, each group in its own coordinates."""
    group: Ints
    """(n,) group of each polygon, ascending."""
    arcs: Arcs
    """Their arcs."""
    walls: Walls
    """The walls of the arcs."""
    lines: Floats
    """(w, 3) a line per wall."""
    circular: Bools
    """(a,) True where an arc is a circle."""
    circles: Floats
    """(a, 3) centre x, y and radius of those."""
    settings: RegularizeSettings
    """Limits and tolerances."""

    @classmethod
    def begin(
        cls,
        raw: Polygons,
        group: Ints,
        settings: RegularizeSettings,
        *,
        faithful: bool = False,
    ) -> Drawing:
        """Fit walls to all arcs; faithful ones follow what may be smooth errors of a mask."""
        arcs = build_arcs(raw, group)
        walls = cut_walls(
            arcs,
            group - group[0],
            settings.noise_px,
            correlation_px=settings.correlation_px,
            faithful=faithful,
        )
        walls, lines = prune_walls(arcs, walls)
        return cls(raw, group, arcs, walls, lines, *fit_circles(arcs, walls), settings)

    def finish(self) -> tuple[Polygons, Polygons]:
        """Draw, and give up where the result breaks a limit, until it breaks none.

        A polygon refused once gives up corners far out, and its short arcs, which bound slivers
        between touching buildings more often than walls; refused twice, it gives up all, but the
        nodes of its walls still move onto the straight walls of its neighbours, for a joint from a
        node to a wall could run into a simplified one; refused three times, they stay as well. A
        group where even that clashes is simplified as a whole.
        """
        strikes = np.zeros(len(self.raw), dtype=np.int64)
        kept = _Kept.of(self.arcs, self._simplified_vertices())
        drawn, refused = self.draw(strikes, kept)
        while refused.any():
            strikes += refused
            # What is drawn as before has passed.
            drawn, refused = self.draw(strikes, kept, np.isin(self.group, self.group[refused]))
        names = self.names(strikes)
        for span in self._groups():
            if (strikes[span] >= LAST).any() and unclean(drawn[span]).any():
                drawn[span], names[span] = self._plainly(self.raw[span])
        return drawn, names

    def names(self, strikes: Ints) -> Polygons:
        """(n,) how each polygon is drawn after so many strikes."""
        out = np.where(strikes < OUT, "regularized", "simplified").astype(object)
        out[self.arcs.near[self._as_circles(strikes)]] = "circle"
        return out

    def _as_circles(self, strikes: Ints) -> Bools:
        """(a,) True where an arc is drawn as a circle; a refused one never is."""
        return np.asarray(self.circular & (strikes[self.arcs.near] == 0))

    def draw(
        self, strikes: Ints, kept: _Kept | None, anew: Bools | None = None
    ) -> tuple[Polygons, Bools]:
        """Polygons with straight walls, but for the arcs that were given up.

        Args:
            strikes: (n,) how often each polygon was refused.
            kept: what arcs given up are drawn from; None where there are no such arcs.
            anew: (n,) True in groups that are drawn otherwise than in the last look; None: in all.

        Returns:
            The polygons, and (n,) True where one is refused.
        """
        arcs = self.arcs
        worst = np.maximum(strikes[arcs.near], np.where(arcs.far == OUTSIDE, 0, strikes[arcs.far]))
        short = np.diff(arcs.first) <= SHORT_ARC_PX
        as_is = (worst >= OUT) | (short & (worst > 0))
        nodes, xy, first = self._along_walls(worst, as_is)
        xy = _snap(xy)
        round_arcs = np.flatnonzero(self._as_circles(strikes))
        if len(round_arcs):
            xy, first = self._with_circles(xy, first, round_arcs)
        if kept is not None:
            chosen = np.flatnonzero(as_is)
            spans = kept.first[chosen], kept.first[chosen + 1]
            xy, first = _replaced((xy, first), kept.moved(arcs, chosen, nodes), chosen, *spans)
        drawn = assemble(arcs, xy, first, len(self.raw))
        departure = measure(arcs, xy, first, self.settings.max_outward_px)
        bad = ~within_limits(self.raw, drawn, departure, arcs, self.walls.noise, self.settings)
        strays, reach = np.flatnonzero(departure.strays), self.settings.max_outward_px
        bad |= exceeds_reach(strays, arcs, (xy, first), self.raw, self.group, reach)
        bad &= strikes < LAST
        settled = ~np.isin(self.group, self.group[bad])
        if anew is not None:
            settled &= anew
        return drawn, bad | (self._clashing(drawn, settled) & (strikes < LAST))

    def _along_walls(self, worst: Ints, as_is: Bools) -> tuple[Floats, Floats, Ints]:
        """Places of the nodes; vertices of all arcs along their walls, and where each begins.

        ``worst`` (a,) counts the strikes of the polygons beside an arc; ``as_is`` (a,) marks those
        that are given up.
        """
        arcs = self.arcs
        fixed = np.zeros(len(arcs.node_xy), dtype=bool)
        held = as_is & (arcs.node_from >= 0) & (worst >= LAST)
        fixed[arcs.node_from[held]] = True
        fixed[arcs.node_to[held]] = True
        nodes = _snap(place_nodes(arcs, self.walls, self.lines, fixed, as_is))
        corner_px = np.where(worst > 0, CLOSE_CORNER_PX, CORNER_PX)
        return nodes, *draw_arcs(arcs, self.walls, self.lines, nodes, corner_px)

    def _with_circles(self, xy: Floats, first: Ints, chosen: Ints) -> tuple[Floats, Ints]:
        circles = [self._circle(arc) for arc in chosen.tolist()]
        ends = np.cumsum([len(circle) for circle in circles])
        begins = np.concatenate([[0], ends[:-1]])
        return _replaced((xy, first), np.concatenate(circles), chosen, begins, ends)

    def _circle(self, arc: int) -> Floats:
        ring = self.arcs.xy[self.arcs.first[arc] : self.arcs.first[arc + 1]]
        return _snap(draw_circle(self.circles[arc], ring))

    def _groups(self) -> Iterator[slice]:
        """The polygons of each group."""
        bounds = np.append(np.flatnonzero(np.diff(self.group, prepend=-1)), len(self.group))
        return starmap(slice, pairwise(bounds.tolist()))

    def _clashing(self, drawn: Polygons, wanted: Bools) -> Bools:
        """(n,) True where a polygon overlaps another of its group, or misses its vertices.

        Looks at the groups whose first polygon is in ``wanted`` (n,).
        """
        out = np.zeros(len(drawn), dtype=bool)
        for span in self._groups():
            if span.stop - span.start > 1 and wanted[span.start]:
                out[span] = ~shapely.is_empty(shapely.coverage_invalid_edges(drawn[span]))
        return out

    def _plainly(self, raw: Polygons) -> tuple[Polygons, DrawnAs]:
        """A whole group simplified, or raw where that is no clean layer."""
        simplified = shapely.coverage_simplify(raw, self.settings.simplify_px)
        return (raw, "raw") if unclean(simplified).any() else (simplified, "simplified")

    def _simplified_vertices(self) -> Bools:
        """(v,) True for the vertices of arcs that the simplified coverages keep."""
        arcs, kept = self.arcs, []
        for span in self._groups():
            simplified = shapely.coverage_simplify(self.raw[span], self.settings.simplify_px)
            begin, end = arcs.first[np.searchsorted(arcs.near, [span.start, span.stop])]
            left = _as_complex(shapely.get_coordinates(simplified))
            kept.append(np.isin(_as_complex(arcs.xy[begin:end]), left))
        return self._with_nodes(np.concatenate(kept))

    def _with_nodes(self, kept: Bools) -> Bools:
        """(v,) the same with the ends of open arcs."""
        arcs = self.arcs
        kept[arcs.first[:-1]] |= arcs.node_from >= 0
        kept[arcs.first[1:] - 1] |= arcs.node_to >= 0
        return kept


def draw_groups(raw: Polygons, group: Ints, settings: RegularizeSettings) -> Drawn:
    """Draw all groups at once, and those again where a polygon broke a limit.

    Args:
        raw: (n,) polygons in canonical order, each group in its own coordinates.
        group: (n,) their groups, ascending.
        settings: Limits and tolerances.
    """
    drawing = Drawing.begin(raw, group, settings)
    strikes = np.zeros(len(raw), dtype=np.int64)
    drawn, refused = drawing.draw(strikes, None)
    shapes = drawing.names(strikes)
    again = np.isin(group, group[refused])
    if again.any():
        faithful = Drawing.begin(raw[again], group[again], settings, faithful=True)
        drawn[again], shapes[again] = faithful.finish()
    return Drawn(drawn, shapes, drawing.walls.noise)


def _snap(xy: Floats) -> Floats:
    return np.asarray(np.round(xy / STEP_PX) * STEP_PX)


def _as_complex(xy: Floats) -> NDArray[np.complex128]:
    return np.ascontiguousarray(xy).view(np.complex128).ravel()


@dataclass(frozen=True, slots=True)
class _Kept:
    """What arcs given up are drawn from: the vertices of all arcs that simplifying keeps."""

    xy: Floats
    """(k, 2) of arc after arc; closed ones end where they begin."""
    first: Ints
    """(a + 1,) where each arc begins in ``xy``."""

    @classmethod
    def of(cls, arcs: Arcs, kept: Bools) -> _Kept:
        """From (v,) True for vertices that are kept."""
        chosen = np.flatnonzero(kept)
        first = np.searchsorted(chosen, arcs.first)
        xy, some = arcs.xy[chosen], np.diff(first) > 0
        begin, end = first[:-1][some], first[1:][some] - 1
        opened = np.zeros(len(some), dtype=bool)
        opened[some] = (arcs.node_from[some] < 0) & (xy[begin] != xy[end]).any(axis=1)
        last, start = first[1:][opened], first[:-1][opened]
        more = np.concatenate([[0], np.cumsum(opened)])
        return cls(np.insert(xy, last, xy[start], axis=0), first + more)

    def moved(self, arcs: Arcs, chosen: Ints, nodes: Floats) -> Floats:
        """The vertices, ends of the chosen arcs at their nodes' new places."""
        xy, ends = self.xy.copy(), chosen[arcs.node_from[chosen] >= 0]
        xy[self.first[ends]] = nodes[arcs.node_from[ends]]
        xy[self.first[ends + 1] - 1] = nodes[arcs.node_to[ends]]
        return xy


def _replaced(
    drawn: tuple[Floats, Ints], other: Floats, arcs: Ints, first: Ints, last: Ints
) -> tuple[Floats, Ints]:
    """The drawn arcs, some with other vertices.

    Args:
        drawn: vertices of all arcs, and where each begins.
        other: (k, 2) where the others are taken from.
        arcs: (c,) which arcs get others.
        first: (c,) where theirs begin in ``other``.
        last: (c,) where theirs end, one past the last.
    """
    xy, bounds = drawn
    begin, size = bounds[:-1].copy(), np.diff(bounds)
    begin[arcs], size[arcs] = first + len(xy), last - first
    out = np.concatenate([[0], np.cumsum(size)])
    places = np.arange(out[-1]) + np.repeat(begin - out[:-1], size)
    return np.concatenate([xy, other])[places], out

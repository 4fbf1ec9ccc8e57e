"""Draw coverages from their fitted walls, and give up on what breaks a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geoseg.shaping.arcs import OUTSIDE, build_arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons, anywhere
from geoseg.shaping.circles import draw_circle, fit_circles
from geoseg.shaping.clean import unclean
from geoseg.shaping.corners import CLOSE_CORNER_PX, CORNER_PX, are_tiny, draw_arcs, place_nodes
from geoseg.shaping.cut import FreeCut, Walls
from geoseg.shaping.kept import Kept, replaced, simplified_vertices
from geoseg.shaping.noise import long_noise, price_units, with_smooth_errors
from geoseg.shaping.prune import prune_walls
from geoseg.shaping.refit import refit
from geoseg.shaping.sketch import Given, Sketch
from geoseg.shaping.walls import cut_walls, learn

if TYPE_CHECKING:
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

    given: Given
    """Polygons and their arcs."""
    walls: Walls
    """The walls of the arcs."""
    lines: Floats
    """(w, 3) a line per wall."""
    circular: Bools
    """(a,) True where an arc is a circle."""
    circles: Floats
    """(a, 3) centre x, y and radius of those."""

    @classmethod
    def begin(
        cls,
        raw: Polygons,
        group: Ints,
        cut: FreeCut,
        settings: RegularizeSettings,
        *,
        faithful: bool,
    ) -> Drawing:
        """Fit walls to all arcs; faithful ones follow what may be smooth errors of a mask.

        These may therefore depart by as much as such errors explain.
        """
        arcs, walls = cut_walls(cut, settings, faithful=faithful)
        walls, lines = prune_walls(arcs, walls, 0.0)
        circles = fit_circles(arcs, walls, long_noise(walls.noise, settings.correlation_px))
        width = settings.correlation_px
        # Drawings of drawings, for which no noise of the layer is known, err otherwise than outlines do.
        if width is not None and settings.layer_noise_px is not None and not faithful:
            walls, lines = refit(cut, arcs, walls, lines, width)
        noise = with_smooth_errors(walls.noise) if faithful else walls.noise
        given = Given.of(raw, group, arcs, noise, settings)
        return cls(given, walls, lines, *circles)

    def straight(self) -> tuple[Sketch, Bools]:
        """All walls straight; (n,) True where a polygon breaks a limit so."""
        sketch = Sketch.begin(self.given)
        return sketch, self.draw(sketch, np.zeros(len(self.given.raw), dtype=np.int64), None)

    def finish(self, sketch: Sketch, refused: Bools) -> Polygons:
        """Give up where what was drawn breaks a limit, until it breaks none.

        A polygon refused once gives up corners far out, and its short arcs, which bound slivers
        between touching buildings more often than walls; refused twice, it gives up all, but the
        nodes of its walls still move onto the straight walls of its neighbours, for a joint from a
        node to a wall could run into a simplified one; refused three times, they stay as well. A
        group where even that clashes is simplified as a whole.

        Args:
            sketch: All walls straight; drawn over.
            refused: (n,) True for polygons of it that break a limit. Groups without any stay as they
                are.

        Returns:
            (n,) how each polygon was drawn.
        """
        given, strikes = self.given, np.zeros(len(self.given.raw), dtype=np.int64)
        if not refused.any():
            return self.names(strikes)
        kept, wanted = self._kept(refused), anywhere(refused, given.group)
        while refused.any():
            strikes += refused
            # What is drawn as before has passed.
            refused = self.draw(sketch, strikes, kept, anywhere(refused, given.group)) & wanted
        names = self.names(strikes)
        for span in given.groups:
            if (strikes[span] >= LAST).any() and not sketch.is_clean(span):
                sketch.polygons[span], names[span] = self._plainly(given.raw[span])
        return names

    def names(self, strikes: Ints) -> Polygons:
        """(n,) how each polygon is drawn after so many strikes."""
        out = np.where(strikes < OUT, "regularized", "simplified").astype(object)
        # By its shell: a round courtyard makes no circle of a house.
        polygon, arc = self.given.arcs.whole_shells()
        out[polygon[self._as_circles(strikes)[arc]]] = "circle"
        return out

    def _as_circles(self, strikes: Ints) -> Bools:
        """(a,) True where an arc is drawn as a circle; a refused one never is."""
        return np.asarray(self.circular & (strikes[self.given.arcs.near] == 0))

    def draw(
        self,
        sketch: Sketch,
        strikes: Ints,
        kept: Kept | None,
        anew: Bools | None = None,
    ) -> Bools:
        """Draw polygons with straight walls, but for the arcs that were given up.

        Args:
            sketch: What is drawn on.
            strikes: (n,) how often each polygon was refused.
            kept: what arcs given up are drawn from; None where there are no such arcs.
            anew: (n,) True in groups that are drawn otherwise than in the last look; None: in all.

        Returns:
            (n,) True where a polygon is refused.
        """
        sketch.draw(*self._vertices(strikes, kept))
        bad = sketch.breaks & (strikes < LAST)
        settled = ~anywhere(bad, self.given.group)
        if anew is not None:
            settled &= anew
        return bad | (sketch.clashing(settled) & (strikes < LAST))

    def _vertices(self, strikes: Ints, kept: Kept | None) -> tuple[Floats, Ints]:
        """Vertices of all arcs, and where each begins."""
        arcs = self.given.arcs
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
            xy, first = replaced((xy, first), kept.moved(arcs, chosen, nodes), chosen, *spans)
        return xy, first

    def _along_walls(self, worst: Ints, as_is: Bools) -> tuple[Floats, Floats, Ints]:
        """Places of the nodes; vertices of all arcs along their walls, and where each begins.

        ``worst`` (a,) counts the strikes of the polygons beside an arc; ``as_is`` (a,) marks those
        that are given up.
        """
        arcs = self.given.arcs
        fixed = np.zeros(len(arcs.node_xy), dtype=bool)
        held = as_is & (arcs.node_from >= 0) & (worst >= LAST)
        fixed[arcs.node_from[held]] = True
        fixed[arcs.node_to[held]] = True
        tiny = are_tiny(arcs)
        nodes = _snap(place_nodes(arcs, self.walls, self.lines, fixed, as_is | tiny))
        corner_px = np.where(worst > 0, CLOSE_CORNER_PX, CORNER_PX)
        return nodes, *draw_arcs(arcs, self.walls, self.lines, nodes, corner_px, tiny)

    def _with_circles(self, xy: Floats, first: Ints, chosen: Ints) -> tuple[Floats, Ints]:
        circles = [self._circle(arc) for arc in chosen.tolist()]
        ends = np.cumsum([len(circle) for circle in circles])
        begins = np.concatenate([[0], ends[:-1]])
        return replaced((xy, first), np.concatenate(circles), chosen, begins, ends)

    def _circle(self, arc: int) -> Floats:
        arcs = self.given.arcs
        ring = arcs.xy[arcs.first[arc] : arcs.first[arc + 1]]
        return _snap(draw_circle(self.circles[arc], ring))

    def _kept(self, refused: Bools) -> Kept:
        """What the arcs of groups with a refused polygon may be drawn from."""
        given = self.given
        groups = [span for span in given.groups if refused[span].any()]
        kept = simplified_vertices(given.raw, given.arcs, groups, given.settings.simplify_px)
        return Kept.of(given.arcs, kept)

    def _plainly(self, raw: Polygons) -> tuple[Polygons, DrawnAs]:
        """A whole group simplified, or raw where that is no clean layer."""
        simplified = shapely.coverage_simplify(raw, self.given.settings.simplify_px)
        return (raw, "raw") if unclean(simplified).any() else (simplified, "simplified")


def draw_groups(raw: Polygons, group: Ints, settings: RegularizeSettings) -> Drawn:
    """Draw all groups at once, and those again where a polygon broke a limit.

    Args:
        raw: (n,) polygons in canonical order, each group in its own coordinates.
        group: (n,) their groups, ascending.
        settings: Limits and tolerances.
    """
    cut = learn(build_arcs(raw, group), group - group[0], settings)
    drawing = Drawing.begin(raw, group, cut, settings, faithful=False)
    sketch, refused = drawing.straight()
    # What is priced by the noise that it shows anyhow would be drawn the same once more.
    otherwise = price_units(cut.noise, settings.correlation_px) != cut.noise**2
    again = anywhere(refused, group) & anywhere(otherwise, group)
    shapes = drawing.finish(sketch, refused & ~again)
    if again.any():
        some = raw[again], group[again], cut.only(again)
        faithful = Drawing.begin(*some, settings, faithful=True)
        anew, refused = faithful.straight()
        shapes[again] = faithful.finish(anew, refused)
        sketch.polygons[again] = anew.polygons
    return Drawn(sketch.polygons, shapes, drawing.walls.noise)


def _snap(xy: Floats) -> Floats:
    return np.asarray(np.round(xy / STEP_PX) * STEP_PX)

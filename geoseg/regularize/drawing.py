"""Draw coverages from their fitted walls, and give up on what breaks a limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.regularize.arcs import OUTSIDE, Arcs, build_arcs
from geoseg.regularize.arrays import Bools, Floats, Ints, Polygons
from geoseg.regularize.assemble import assemble
from geoseg.regularize.corners import draw_arcs, place_nodes
from geoseg.regularize.limits import exceeds_reach, measure, within_limits
from geoseg.regularize.lines import fit_lines
from geoseg.regularize.walls import Walls, cut_walls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.regularize.settings import RegularizeSettings

STEP_PX = 2.0**-10
"""Coordinates of the output are multiples of this, so that moving the input by whole pixels moves
the output by exactly as much."""


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
    settings: RegularizeSettings
    """Limits and tolerances."""

    @classmethod
    def begin(
        cls,
        raw: Polygons,
        group: Ints,
        settings: RegularizeSettings,
    ) -> Drawing:
        """Fit walls to all arcs."""
        arcs = build_arcs(raw, group)
        walls = cut_walls(arcs, len(raw), settings.noise_px)
        lines = fit_lines(arcs, walls, settings.noise_px)
        return cls(raw, group, arcs, walls, lines, settings)

    def finish(self) -> tuple[Polygons, Polygons]:
        """Draw; give up straight walls where the result breaks a limit; repeat until none does."""
        plain = np.zeros(len(self.raw), dtype=bool)
        kept = self._simplified_vertices()
        drawn, refused = self.draw(plain, kept)
        while refused.any():
            plain |= refused
            drawn, refused = self.draw(plain, kept)
        return drawn, np.where(plain, "simplified", "regularized").astype(object)

    def draw(self, plain: Bools, kept: Bools | None) -> tuple[Polygons, Bools]:
        """Polygons with straight walls, but for the arcs of those marked as plain.

        Returns:
            The polygons, and (n,) True where one must be drawn plain instead.
        """
        arcs = self.arcs
        as_is = plain[arcs.near] | ((arcs.far != OUTSIDE) & plain[arcs.far])
        fixed = np.zeros(len(arcs.node_xy), dtype=bool)
        open_as_is = as_is & (arcs.node_from >= 0)
        fixed[arcs.node_from[open_as_is]] = True
        fixed[arcs.node_to[open_as_is]] = True
        nodes = _snap(place_nodes(arcs, self.walls, self.lines, fixed))
        xy, first = draw_arcs(arcs, self.walls, self.lines, nodes)
        xy = _snap(xy)
        if kept is not None and as_is.any():
            xy, first = _replace_arcs(xy, first, arcs, as_is, kept)
        drawn = assemble(arcs, xy, first, len(self.raw))
        departure = measure(arcs, xy, first, self.settings.max_outward_px)
        bad = ~within_limits(self.raw, drawn, departure, arcs, self.settings)
        bad |= exceeds_reach(departure, arcs, self.raw, self.group)
        bad &= ~plain
        return drawn, bad if bad.any() else self._clashing(drawn) & ~plain

    def _clashing(self, drawn: Polygons) -> Bools:
        """(n,) True where a polygon overlaps another of its group, or misses its vertices."""
        out = np.zeros(len(drawn), dtype=bool)
        _, begins, sizes = np.unique(self.group, return_index=True, return_counts=True)
        for begin, size in zip(begins[sizes > 1], sizes[sizes > 1], strict=True):
            span = slice(begin, begin + size)
            out[span] = ~shapely.is_empty(shapely.coverage_invalid_edges(drawn[span]))
        return out

    def _simplified_vertices(self) -> Bools:
        """(v,) True for the vertices of arcs that the simplified coverage keeps."""
        arcs = self.arcs
        simplified = shapely.coverage_simplify(self.raw, self.settings.simplify_px)
        left = _as_complex(shapely.get_coordinates(simplified))
        kept = np.isin(_as_complex(arcs.xy), left)
        kept[arcs.first[:-1]] |= arcs.node_from >= 0
        kept[arcs.first[1:] - 1] |= arcs.node_to >= 0
        return np.asarray(kept)


def draw_groups(
    raw: Polygons, group: Ints, settings: RegularizeSettings
) -> tuple[Polygons, Polygons]:
    """Draw all groups at once, and those again one by one where a polygon broke a limit.

    Args:
        raw: (n,) polygons in canonical order, each group in its own coordinates.
        group: (n,) their groups, ascending.
        settings: Limits and tolerances.

    Returns:
        (n,) polygons and (n,) how each was drawn.
    """
    drawing = Drawing.begin(raw, group, settings)
    drawn, refused = drawing.draw(np.zeros(len(raw), dtype=bool), None)
    shapes = np.full(len(raw), "regularized", dtype=object)
    for member in np.unique(group[refused]):
        span = slice(*np.searchsorted(group, [member, member + 1]))
        drawn[span], shapes[span] = Drawing.begin(raw[span], group[span], settings).finish()
    return drawn, shapes


def _snap(xy: Floats) -> Floats:
    return np.asarray(np.round(xy / STEP_PX) * STEP_PX)


def _as_complex(xy: Floats) -> NDArray[np.complex128]:
    return np.ascontiguousarray(xy).view(np.complex128).ravel()


def _replace_arcs(
    xy: Floats,
    first: Ints,
    arcs: Arcs,
    as_is: Bools,
    kept: Bools,
) -> tuple[Floats, Ints]:
    """The drawn arcs, those marked ``as_is`` with their own vertices that are kept."""
    pieces = []
    for arc in range(len(arcs.near)):
        piece = xy[first[arc] : first[arc + 1]]
        if as_is[arc]:
            span = slice(arcs.first[arc], arcs.first[arc + 1])
            piece = arcs.xy[span][kept[span]]
            if arcs.node_from[arc] < 0 and (piece[0] != piece[-1]).any():
                piece = np.vstack([piece, piece[:1]])
        pieces.append(piece)
    return np.vstack(pieces), np.concatenate([[0], np.cumsum([len(p) for p in pieces])])

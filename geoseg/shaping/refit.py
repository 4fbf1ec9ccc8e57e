"""Fit walls once more, now that it is known which there are.

While arcs are cut, nobody knows where walls cross, and pixels of a corner may be given to the wrong wall. So lines are
fitted to all pixels much alike. But noise that hangs together tells most of a wall by its ends: once walls part at the
corners of the outline, the likeliest line is the better one, of short walls by far. The corner is the vertex farthest
out, wherever the lines run so far: pixels given to the line that is nearer would only bear the lines out.
"""

from __future__ import annotations

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.corners import SHALLOW, cross
from geoseg.shaping.cut import FreeCut, Walls
from geoseg.shaping.direction import refine_directions
from geoseg.shaping.points import NO_NODE
from geoseg.shaping.prune import prune_walls
from geoseg.shaping.rotate import begin_at
from geoseg.shaping.segment import prefix_sums

REACH = 1.77
"""Over so many widths of the Gaussian that smooths the noise its correlation falls off, if it does so exponentially: the
integrals of both are the same."""
NEAR_PX = 3
"""How far the end of a wall may move ..."""
NEAR_SHARE = 4
"""... but no more than one in so many samples of the wall, or of the next one."""
LEVEL_PX = 1e-6
"""A vertex that is farther out by less is not."""
FEWEST = 3
"""A ring of fewer walls stays as it begins."""


def refit(
    cut: FreeCut, arcs: Arcs, walls: Walls, lines: Floats, correlation_px: float
) -> tuple[Walls, Floats]:
    """Walls that part at the corners of the outline, and their likeliest lines.

    Args:
        cut: Which polygons share a direction.
        arcs: The arcs; closed ones are rotated in place.
        walls: Their walls; ends and sums are written in place.
        lines: (w, 3) their lines.
        correlation_px: Width of the Gaussian that smooths the noise.
    """
    reach, closed = REACH * correlation_px, arcs.node_from == NO_NODE
    _part((arcs.xy, arcs.first), closed, walls, lines)
    theta = refine_directions(walls, arcs.first, cut.alike, cut.even, reach)
    return prune_walls(arcs, walls._replace(theta=theta), reach)


@jit
def _part(arcs: tuple[Floats, Ints], closed: Bools, walls: Walls, lines: Floats) -> None:
    """Let neighbouring walls part at the vertex that is farthest out at their corner."""
    xy, arc_first = arcs
    ring = np.empty((len(xy), 2))
    for arc in range(len(closed)):
        lo, hi = walls.first[arc], walls.first[arc + 1]
        start, stop = arc_first[arc], arc_first[arc + 1] - 1
        begin = start
        for wall in range(lo, hi - 1):
            span = begin, walls.end[wall + 1]
            begin = walls.end[wall] = _parting(
                (xy, start, stop), lines, (wall, wall + 1), walls.end[wall], span
            )
        if closed[arc] and hi - lo >= FEWEST:
            span = walls.end[hi - 2], stop + walls.end[lo] - start
            shift = _parting((xy, start, stop), lines, (hi - 1, lo), stop, span) - stop
            if shift != 0:
                begin_at(xy, start, stop, stop + shift if shift < 0 else start + shift, ring)
                for wall in range(lo, hi - 1):
                    walls.end[wall] -= shift
                prefix_sums(xy, start, stop, walls.sums)


@inner_jit
def _parting(
    arc: tuple[Floats, int, int],
    lines: Floats,
    walls: tuple[int, int],
    end: int,
    span: tuple[int, int],
) -> int:
    """The vertex at which two walls part, which begin and end at ``span``, and parted at ``end`` before."""
    (xy, start, stop), (a, b) = arc, walls
    if abs(cross(lines, a, b)) <= SHALLOW:
        return end
    far = min(NEAR_PX, min(end - span[0], span[1] - end) // NEAR_SHARE)
    # On with the first wall and back along the second: so the corner lies, convex or not.
    dx, dy = lines[a, 0] - lines[b, 0], lines[a, 1] - lines[b, 1]
    top, out = -np.inf, end
    for at in range(end - far, end + far + 1):
        i = at if at <= stop else at - stop + start
        along = xy[i, 0] * dx + xy[i, 1] * dy
        if along > top + LEVEL_PX:
            top, out = along, at
    return out

"""Fit walls once more, now that it is known which there are.

While arcs are cut, nobody knows where walls cross, and pixels of a corner may be given to the wrong wall. So lines are
fitted to all pixels much alike. But noise that hangs together tells most of a wall by its ends: once each corner's
pixels are with the wall that they are nearest to, the likeliest line is the better one, of short walls by far.
"""

from __future__ import annotations

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints
from geoseg.shaping.corners import SHALLOW, cross, meet
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
FEWEST = 3
"""A ring of fewer walls stays as it begins."""


def refit(
    cut: FreeCut, arcs: Arcs, walls: Walls, lines: Floats, correlation_px: float
) -> tuple[Walls, Floats]:
    """Walls that part where their lines cross, and their likeliest lines.

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
    """Let neighbouring walls part where their samples begin to lie nearer to the other's line."""
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
    crossing = cross(lines, a, b)
    if abs(crossing) <= SHALLOW:
        return end
    far = min(NEAR_PX, min(end - span[0], span[1] - end) // NEAR_SHARE)
    least, most = end - far, end + far
    corner = meet(lines, a, b, crossing)
    at = end
    while at < most and not _is_nearer(
        xy, at if at < stop else at - stop + start, lines, walls, corner
    ):
        at += 1
    if at > end:
        return at
    while at > least and _is_nearer(xy, at - 1, lines, walls, corner):
        at -= 1
    return at


@inner_jit
def _is_nearer(
    xy: Floats, i: int, lines: Floats, walls: tuple[int, int], corner: tuple[float, float]
) -> bool:
    """Whether the middle of an edge lies nearer to the second of two walls, that meet at a corner, than to the first."""
    a, b = walls
    x, y = 0.5 * (xy[i, 0] + xy[i + 1, 0]) - corner[0], 0.5 * (xy[i, 1] + xy[i + 1, 1]) - corner[1]
    off_a, off_b = lines[a, 0] * y - lines[a, 1] * x, lines[b, 0] * y - lines[b, 1] * x
    beyond_a, beyond_b = lines[a, 0] * x + lines[a, 1] * y, -lines[b, 0] * x - lines[b, 1] * y
    if beyond_a <= 0.0 or beyond_b <= 0.0:
        off_a = max(beyond_a, 0.0) ** 2 + off_a * off_a
        off_b = max(beyond_b, 0.0) ** 2 + off_b * off_b
    return bool(abs(off_a) > abs(off_b))

"""Where drawn outlines lose against the limit: by what went wrong, and by kind of building.

What a building loses is the agreement of the limit less its own. Some of it is lost by everybody who
is told which walls there are, but must find in the masks how they run: *directions*. The rest is put
down to one cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from outline_limit import FEWEST_SAMPLES, Edges, moved, walls_of
from regularize_score import corners, iou, sound
from town_kinds import ROUND

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from regularize_score import Truth

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Polygons = NDArray[np.object_]
    Weigh = Callable[[Floats, Floats], tuple[float, float]]
    """From places along an edge, and how far to its left the mask ends there, to two sums; their
    ratio is the edge's turn, and the latter grows as that is surer."""

ALIKE_DEG = 0.5
"""True walls of a lot whose directions differ by less, modulo 45 degrees, turn together."""
SMALL_PX2 = 900.0
"""Houses with smaller masks are small."""
CAUSES = (
    "only simplified", "round walls", "corners missed", "corners too many", "walls moved or turned"
)  # fmt: skip
"""The first that holds is the cause."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What each building loses."""

    total: Floats
    """(n,) agreement below the limit."""
    directions: Floats
    """(n,) what of that one loses who knows the walls, but must find how they run."""
    cause: NDArray[np.str_]
    """(n,) what the rest is put down to."""

    @classmethod
    def of(cls, truth: Truth, drawn: Polygons, shape: Polygons) -> Losses:
        """Of (n,) outlines in pixels, and how each was drawn."""
        some = sound(drawn)
        more = corners(some) - corners(truth.outlines)
        tests = shape == "simplified", np.isin(truth.kind, sorted(ROUND)), more < 0, more > 0
        known = truth.limit - iou(truth.outlines, turned_walls(truth))
        total = truth.limit - iou(truth.outlines, some)
        return cls(total, known, np.select(tests, CAUSES[:-1], CAUSES[-1]))


def turned_walls(truth: Truth) -> Polygons:
    """(n,) true outlines whose walls were moved and turned to fit their pixels in the masks.

    Walls of a lot that run alike, or square or half square to each other, turn by one angle; walls
    that bend do not turn.
    """
    edges = [Edges.of(*pair) for pair in zip(truth.outlines, truth.raw, strict=True)]
    out = truth.outlines.copy()
    for number in np.unique(truth.lot):
        members = np.flatnonzero(truth.lot == number)
        lot = [edges[i] for i in members]
        found, _ = turns(lot, [levers(one, one.inner, weigh_alike) for one in lot])
        for i, turn in zip(members, found, strict=True):
            out[i] = moved(truth.outlines[i], edges[i], turn)
    return out


def turns(lot: list[Edges], sums: list[Floats]) -> tuple[list[Floats], list[Floats]]:
    """For each building of a lot (e,) by what angle its edges turn, radians, and the sums that tell how sure.

    ``sums`` are the ``levers`` of each building.
    """
    group = alike(lot)
    moment, inertia = (np.bincount(group, column)[group] for column in np.vstack(sums).T)
    inertia = np.maximum(inertia, 1e-9)
    turn = np.where(np.concatenate([bends(one) for one in lot]), 0.0, moment / inertia)
    ends = np.cumsum([len(one.length) for one in lot])[:-1]
    return np.split(turn, ends), np.split(inertia, ends)


def alike(lot: list[Edges]) -> NDArray[np.int64]:
    """(e,) numbers of the edges of a lot, those that run alike, or square or half square, the same."""
    angle = np.concatenate([np.arctan2(*one.unit.T[::-1]) for one in lot]) % (np.pi / 4)
    order = np.argsort(angle)
    begins = np.diff(angle[order], prepend=angle[order[-1]] - np.pi / 4) > np.radians(ALIKE_DEG)
    group = np.empty(len(angle), dtype=int)
    group[order] = np.cumsum(begins)
    group[group == 0] = group.max()  # those across the end of the circle
    return group


def bends(edges: Edges) -> Bools:
    """(e,) True for edges of walls that bend."""
    wall = walls_of(edges)
    return np.asarray(np.bincount(wall)[wall] > 1)


def levers(edges: Edges, some: Bools, weigh: Weigh) -> Floats:
    """(e, 2) the two sums of each edge, over those of its pixels that are marked in ``some`` (s,)."""
    out = np.zeros((len(edges.length), 2))
    for number in range(len(out)):
        mine = some & (edges.owner == number)
        if mine.sum() >= FEWEST_SAMPLES:
            out[number] = weigh(edges.along[mine], edges.across[mine])
    return out


def weigh_alike(along: Floats, across: Floats) -> tuple[float, float]:
    """Least squares of a line."""
    place = along - along.mean()
    return float(place @ across), float(place @ place)


def print_losses(truth: Truth, drawn: Polygons, shape: Polygons) -> None:
    """A table by cause, and one by kind; shares are of all that is lost."""
    losses = Losses.of(truth, drawn, shape)
    every, rest = np.ones(len(drawn), dtype=bool), losses.total - losses.directions
    in_row = np.bincount(truth.lot)[truth.lot] > 1
    whole = losses.total.sum()
    print(f"{'lost by':34}buildings    each  of all")
    _print_row("everything", every, losses.total, whole)
    _print_row("directions, where walls are known", every, losses.directions, whole)
    for cause in CAUSES:
        for where, some in (("alone", ~in_row), ("in rows", in_row)):
            _print_row(f"{cause}, {where}", (losses.cause == cause) & some, rest, whole)
    _print_row("all of these, of small houses", shapely.area(truth.raw) < SMALL_PX2, rest, whole)
    for kind in np.unique(truth.kind):
        mine = truth.kind == kind
        known = f"{losses.directions[mine].mean():8.4f} by directions"
        _print_row(kind, mine, losses.total, whole, known)


def _print_row(name: str, mine: Bools, lost: Floats, whole: float, more: str = "") -> None:
    if mine.any():
        share = lost[mine].sum() / whole
        print(f"{name:34}{mine.sum():9d}{lost[mine].mean():8.4f}{share:8.1%}{more}")

"""Lines lie where all the pixels of their walls say, and nodes amid a wall lie on its line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import town
from numpy.typing import NDArray
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from geoseg.shaping import RegularizeSettings
from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.corners import place_nodes
from geoseg.shaping.cut import Walls
from geoseg.shaping.lines import SHORT, fit_lines, walls_at_nodes
from geoseg.shaping.prune import prune_walls
from geoseg.shaping.segment import ACROSS, ALONG, FREE
from geoseg.shaping.walls import cut_walls, learn

Floats = NDArray[np.float64]
KINDS = ("ell", "trapezoid", "bay", "curved")
LEFT, RIGHT = box(0, 0, 40, 30), box(40, 0, 80, 30)


def cut(raw: NDArray[np.object_], group: NDArray[np.int64]) -> tuple[Arcs, Walls]:
    """Arcs and walls of coverages."""
    usual = RegularizeSettings()
    return cut_walls(learn(build_arcs(raw, group), group, usual), usual)


def weights(samples: int, oblique: bool) -> Floats:
    """(samples,) how often each sample of a wall counts."""
    out = np.ones(samples)
    ends = min(2 if oblique and samples < SHORT else 4, samples // 4)
    out[:ends] = out[samples - ends :] = 0 if oblique and samples < SHORT else 2
    return out


def samples(arcs: Arcs, walls: Walls) -> Iterator[tuple[int, Floats, Floats]]:
    """Each wall, its (n, 2) samples, and how much each counts."""
    begins = np.append(0, walls.end[:-1])
    begins[walls.first[:-1]] = arcs.first[:-1]
    for wall, (i, j) in enumerate(zip(begins, walls.end, strict=True)):
        oblique = walls.kind[wall] not in (ALONG, ACROSS)
        weight = np.diff(walls.sums[i : j + 1, 0]) * weights(j - i, oblique)
        yield wall, 0.5 * (arcs.xy[i:j] + arcs.xy[i + 1 : j + 1]), weight


def test_walls_are_fitted_to_all_their_pixels_and_those_at_the_ends_count_twice() -> None:
    seen = town.build_town(town.TownSpec(24, KINDS, jitter_px=0.5, seed=3))
    arcs, walls = cut(np.asarray(seen.raw), np.arange(len(seen.raw)))
    lines = fit_lines(arcs, walls, 0.0)
    for wall, xy, weight in samples(arcs, walls):
        (ux, uy, offset), (x, y) = lines[wall], weight @ xy / weight.sum()
        assert ux * y - uy * x == pytest.approx(offset)
        if walls.kind[wall] == FREE:
            along = np.linalg.eigh(np.cov(xy.T, aweights=weight))[1][:, -1]
            assert abs(along @ (ux, uy)) == pytest.approx(1)
    free, short = walls.kind == FREE, np.diff(np.append(0, walls.end)) < SHORT
    assert min((walls.kind <= ACROSS).sum(), (free & short).sum(), (free & ~short).sum()) > 5


@pytest.mark.parametrize(
    ("jog", "hole"),
    [
        (box(40, 9, 41, 12), box(40, 12, 41, 15)),
        (box(40, 9, 41, 12) | box(40, 15, 41, 17), box(40, 12, 41, 15)),
        (box(40, 9, 41, 12), box(39, 12, 41, 14)),
    ],
    ids=["beside the wall", "between two steps", "across the wall"],
)
def test_nodes_amid_a_straight_wall_lie_on_it(jog: BaseGeometry, hole: BaseGeometry) -> None:
    houses = np.array([(LEFT | jog) - hole, RIGHT - jog - hole], object)
    arcs, walls = cut(houses, np.zeros(2, np.int64))
    walls, lines = prune_walls(arcs, walls, 0.0)
    nodes = place_nodes(arcs, walls, lines, np.zeros(len(arcs.node_xy), dtype=bool))
    x, y = nodes[np.repeat(np.arange(len(nodes)), np.diff(arcs.node_first))].T
    ux, uy, offset = lines[walls_at_nodes(arcs, walls.first)[:, 0]].T
    amid = np.abs(arcs.node_xy[:, 1] - 15) < 10
    assert amid.sum() == 2
    assert np.abs(ux * y - uy * x - offset).max() < 0.1

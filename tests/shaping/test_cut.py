"""The cut into walls against the plain dynamic programming that it abbreviates."""

from itertools import pairwise

import numpy as np
import pytest
import town
from numpy.typing import NDArray

from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.beginnings import new_beginnings
from geoseg.shaping.candidates import RUN
from geoseg.shaping.cut import Walls
from geoseg.shaping.points import NO_NODE
from geoseg.shaping.segment import CLASSES, DIAGONAL, FREE, PARALLEL_PRICE, PRICES
from geoseg.shaping.walls import _along, _begin_far, _cut_freely

NOISE_PX = 1.3
THETA = 0.4


Candidates = tuple[NDArray[np.int64], NDArray[np.int64]]


def ring(kind: str, seed: int) -> tuple[Arcs, NDArray[np.float64], Candidates]:
    """The outline of a house, its prefix sums, and where a wall may end."""
    raw = np.asarray(town.build_town(town.TownSpec(1, (kind,), seed=seed)).raw)
    arcs = build_arcs(raw, np.zeros(1, np.int64))
    sums = np.empty((len(arcs.xy), 6))
    some = np.zeros(1, np.int64), np.empty(len(arcs.xy), np.int64)
    _begin_far((arcs.xy, arcs.first), arcs.node_from == NO_NODE, sums, some)
    return arcs, sums, some


def moments(sums: NDArray[np.float64], i: int, j: int) -> tuple[float, float, float]:
    """Half the sum and half the difference of the central moments, and the mixed one."""
    w, x, y, xx, xy, yy = sums[j] - sums[i]
    cxx, cxy, cyy = xx - x * x / w, xy - x * y / w, yy - y * y / w
    return (cxx + cyy) / 2, (cxx - cyy) / 2, cxy


def wall_costs(sums: NDArray[np.float64], i: int, j: int) -> NDArray[np.float64]:
    """(classes,) what a wall of each class costs between two vertices."""
    t, d, c = moments(sums, i, j)
    across = d * np.cos(2 * THETA) + c * np.sin(2 * THETA)
    slanting = c * np.cos(2 * THETA) - d * np.sin(2 * THETA)
    gain = np.array([across, -across, slanting, -slanting, np.hypot(d, c)])
    return np.asarray(t - gain + NOISE_PX**2 * np.array(PRICES))


def joints() -> NDArray[np.float64]:
    """(classes, classes) extra price of a wall of the one class before one of the other."""
    extra = NOISE_PX**2 * PARALLEL_PRICE * np.eye(CLASSES)
    extra[FREE, FREE] = 0
    return extra


def least_cost(sums: NDArray[np.float64], cand: list[int]) -> float:
    """What the cheapest of all cuts costs."""
    best = np.full((len(cand), CLASSES), np.inf)
    for j in range(1, len(cand)):
        for i in range(j):
            enter = (best[i][:, None] + joints()).min(axis=0) if i else np.zeros(CLASSES)
            best[j] = np.minimum(best[j], enter + wall_costs(sums, cand[i], cand[j]))
    return float(best[-1].min())


def coarse(xy: NDArray[np.float64]) -> list[int]:
    """Every third vertex of a long arc, but of a straight run of more than eight edges its ends."""
    edges = len(xy) - 1
    count = edges // 3
    steps = np.diff(xy, axis=0)
    turns = [0, *(i for i in range(1, edges) if (steps[i] != steps[i - 1]).any()), edges]
    runs = [run for run in pairwise(turns) if run[1] - run[0] > RUN]
    every = {k * edges // count for k in range(count + 1)}
    amid = {i for begin, end in runs for i in range(begin + 1, end)}
    return sorted(every - amid | {0, edges} | {i for run in runs for i in run})


def spent(sums: NDArray[np.float64], walls: Walls) -> float:
    """What a cut costs."""
    ends, kinds = [0, *walls.end.tolist()], walls.kind.tolist()
    costs = [wall_costs(sums, i, j)[k] for (i, j), k in zip(pairwise(ends), kinds, strict=True)]
    return float(sum(costs) + sum(joints()[pair] for pair in pairwise(kinds)))


houses = pytest.mark.parametrize(("kind", "seed"), [("house", 1), ("ell", 2), ("octagon", 3)])


@houses
def test_no_cut_along_a_direction_is_cheaper(kind: str, seed: int) -> None:
    arcs, sums, _ = ring(kind, seed)
    whole = np.array([0, 1]), np.array([len(sums) - 1]), np.zeros(1, np.int64)
    start = Walls(sums, *whole, arcs.near, arcs.near, np.full(1, THETA), np.full(1, NOISE_PX))
    prices = np.full(1, NOISE_PX**2), PRICES[DIAGONAL], np.full(1, PRICES[FREE])
    nowhere = np.zeros(1, dtype=np.bool_)
    walls, cost = _along(arcs, start, prices, (nowhere, nowhere), fine=False)
    assert len(walls.end) >= 4
    least = least_cost(sums, coarse(arcs.xy))
    assert spent(sums, walls) == pytest.approx(least, abs=1e-6)
    assert cost == pytest.approx(least, abs=1e-6)


@houses
def test_no_free_cut_is_cheaper(kind: str, seed: int) -> None:
    arcs, sums, some = ring(kind, seed)
    count, end = np.zeros(1, np.int64), np.empty(len(sums), np.int64)
    every, rebate = np.ones(1, dtype=np.bool_), NOISE_PX**2 * (PRICES[FREE] - PRICES[0])
    price = NOISE_PX**2 * np.array(PRICES[:1])
    open_ = new_beginnings(len(sums))
    _cut_freely((arcs.first, *some), sums, (price, every), open_, (count, end))
    walls = pairwise([0, *end[: count[0]].tolist()])
    cand = coarse(arcs.xy)
    best = np.zeros(len(cand))
    for j in range(1, len(cand)):
        best[j] = min(best[i] + wall_costs(sums, cand[i], cand[j])[FREE] for i in range(j)) - rebate
    found = sum(wall_costs(sums, i, j)[FREE] - rebate for i, j in walls)
    assert found == pytest.approx(best[-1], abs=1e-6)

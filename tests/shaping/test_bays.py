"""Bays of houses in rows come out with all their walls; fronts that have none get none."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray
from regularize_score import corners
from shapely.affinity import translate
from shapely.geometry import Polygon

from geoseg.kernels.jit import jit
from geoseg.shaping import PREDICTED, RegularizeSettings, regularize_groups, walls
from geoseg.shaping.arcs import OUTSIDE, Arcs, build_arcs
from geoseg.shaping.bays import FLANKS, FRONT_PX, MIDDLE_PX, PRICE
from geoseg.shaping.candidates import coarse_candidates
from geoseg.shaping.cut import Walls
from geoseg.shaping.points import NO_NODE
from geoseg.shaping.segment import ACROSS, ALONG, DIAGONAL, FREE, PRICES

SETTINGS = RegularizeSettings(max_outward_px=4.0, correlation_px=3.0)
SQUARE, HALF_SQUARE = 0.0, 1.0
"""How far the flanks of a bay run along the front for a metre that they step out."""
WIDE_M = 11.0
Prices = tuple[NDArray[np.float64], float, NDArray[np.float64]]
Marks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def house(run: float, out_m: float) -> Polygon:
    """Metres; with a bay in its front."""
    way = run * out_m
    bay = [(2.4, 0), (2.4 + way, -out_m), (8.6 - way, -out_m), (8.6, 0)] if out_m else []
    return Polygon([(0, 0), *bay, (WIDE_M, 0), (WIDE_M, 12), (0, 12)])


def rows(
    monkeypatch: pytest.MonkeyPatch,
    one: Polygon,
    jitter_px: float,
    width_px: float = 3.0,
    lots: int = 12,
) -> town.Town:
    """Rows of three such houses in all directions, as networks see them."""

    def row(_: np.random.Generator, m: float) -> list[Polygon]:
        return [
            shapely.transform(translate(one, WIDE_M * i, 0), lambda xy: xy * m) for i in range(3)
        ]

    monkeypatch.setitem(town.BUILDERS, "row", row)
    spec = town.TownSpec(lots, ("row",), jitter_px=jitter_px, correlation_px=width_px)
    return town.build_town(spec)


def drawn(houses: town.Town, settings: RegularizeSettings = SETTINGS) -> NDArray[np.object_]:
    out, _ = regularize_groups(np.asarray(houses.raw), houses.lot, settings=settings)
    return out


def half_square(outlines: NDArray[np.object_]) -> NDArray[np.int64]:
    """(n,) corners of each outline at which it turns by 45 degrees."""
    out = []
    for outline in outlines:
        xy = shapely.get_coordinates(shapely.simplify(outline, 0.05).exterior)
        way = np.arctan2(*np.diff(xy, axis=0).T[::-1])
        turn = np.angle(np.exp(1j * np.diff(way, append=way[0])))
        out.append((np.abs(np.abs(turn) - np.pi / 4) < np.radians(1)).sum())
    return np.array(out)


@pytest.mark.parametrize(("jitter_px", "least"), [(0.5, 0.75), (1.2, 0.2)])
def test_bays_at_45_degrees_come_out(
    monkeypatch: pytest.MonkeyPatch, jitter_px: float, least: float
) -> None:
    out = drawn(rows(monkeypatch, house(HALF_SQUARE, 2.2), jitter_px, lots=48))
    assert ((half_square(out) == 4) & (corners(out) == 8)).mean() >= least


def test_square_bays_come_out(monkeypatch: pytest.MonkeyPatch) -> None:
    out = drawn(rows(monkeypatch, house(SQUARE, 2.2), jitter_px=0.5))
    assert ((half_square(out) == 0) & (corners(out) == 8)).mean() >= 0.8


@pytest.mark.parametrize(("jitter_px", "width_px"), [(0.5, 3.0), (1.2, 3.0), (1.2, 6.0)])
def test_straight_fronts_get_none(
    monkeypatch: pytest.MonkeyPatch, jitter_px: float, width_px: float
) -> None:
    straight = rows(monkeypatch, house(SQUARE, 0.0), jitter_px, width_px)
    settings = replace(SETTINGS, correlation_px=width_px)
    out = drawn(straight, settings)
    without_bays(monkeypatch)
    assert out.tolist() == drawn(straight, settings).tolist()


def without_bays(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Look for none from now on; whether each cut would have."""
    asked: list[bool] = []
    along = walls._along

    def plain(
        arcs: Arcs, old: Walls, prices: Prices, marks: Marks, *, fine: bool
    ) -> tuple[Walls, NDArray[np.float64]]:
        fronts, halfway = marks
        asked.append(bool(fronts.any()))
        return along(arcs, old, prices, (np.zeros_like(fronts), halfway), fine=fine)

    monkeypatch.setattr(walls, "_along", plain)
    return asked


def test_bays_are_looked_for_in_rows_whose_noise_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    houses = rows(monkeypatch, house(HALF_SQUARE, 2.2), jitter_px=0.5)
    asked = without_bays(monkeypatch)
    drawn(houses)
    assert all(asked)
    asked.clear()
    drawn(houses, replace(SETTINGS, correlation_px=None))
    assert asked
    assert not any(asked)
    asked.clear()
    regularize_groups(np.asarray(houses.raw[::3]), houses.lot[::3], settings=SETTINGS)
    assert asked
    assert not any(asked)


def test_no_bay_is_cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against all bays between the vertices at which walls may end, the pieces of the front apart."""
    houses, looked_at = rows(monkeypatch, house(HALF_SQUARE, 2.2), jitter_px=0.5), 0
    raw, alike = np.asarray(houses.raw), np.zeros(len(houses.raw), np.int64)
    cut = walls.learn(build_arcs(raw, houses.lot), alike, SETTINGS)
    arcs, unit = cut.arcs, np.ones(len(raw))
    fronts = (arcs.far == OUTSIDE) & (arcs.node_from != NO_NODE)
    start = Walls(
        cut.sums, cut.first, cut.end, np.zeros_like(cut.end), arcs.near, arcs.near, cut.theta, cut.noise
    )  # fmt: skip
    prices = unit, PRICES[DIAGONAL], np.full(len(arcs.near), PRICES[FREE])
    marks = fronts, np.zeros_like(fronts)
    out, cost = walls._along(arcs, start, prices, marks, fine=False)
    for arc in np.flatnonzero(fronts):
        kinds = out.kind[out.first[arc] : out.first[arc + 1]].tolist()
        if len(kinds) == 5 and kinds[::2] in ([ALONG] * 3, [ACROSS] * 3):
            begin, stop = arcs.first[arc], arcs.first[arc + 1] - 1
            cand = [begin + i for i in coarse(arcs.xy[begin : stop + 1])]
            theta = cut.theta[arcs.near[arc]] + (np.pi / 2 if kinds[0] == ACROSS else 0.0)
            assert cost[arc] == pytest.approx(cheapest_bay(cut.sums, cand, theta), abs=1e-6)
            looked_at += 1
    assert looked_at >= 5


def cheapest_bay(sums: NDArray[np.float64], cand: list[int], theta: float) -> float:
    """What it costs, its front being all between the first and the last candidate."""
    each = np.full((5, len(cand), len(cand)), np.inf)
    for i, j in combinations(range(len(cand)), 2):
        each[:, i, j] = left(sums, cand[i], cand[j], theta)
    across = np.array([-np.sin(theta), np.cos(theta)])
    cost, last = np.inf, len(cand) - 1
    for first, second in FLANKS:

        def apart(
            a: int, b: int, c: int, d: int, first: int = first, second: int = second
        ) -> float:
            front = each[ALONG, 0, a] + each[ALONG, b, c] + each[ALONG, d, last]
            return float(front + each[first, a, b] + each[second, c, d])

        a, b, c, d = min(combinations(range(1, last), 4), key=lambda corners: apart(*corners))
        w, w2 = (sums[cand[j], 0] - sums[cand[i], 0] for i, j in ((0, a), (d, last)))
        miss = across @ (mean(sums, cand[d], cand[last]) - mean(sums, cand[0], cand[a]))
        price = PRICES[ALONG] + PRICE + max(PRICES[first], PRICES[DIAGONAL])
        if min(w, w2) >= FRONT_PX and sums[cand[c], 0] - sums[cand[b], 0] >= MIDDLE_PX:
            cost = min(cost, apart(a, b, c, d) + w * w2 / (w + w2) * miss**2 + price)
    return cost


def mean(sums: NDArray[np.float64], i: int, j: int) -> NDArray[np.float64]:
    """Of the samples between two vertices."""
    moments = sums[j] - sums[i]
    return np.asarray(moments[1:3] / moments[0])


def left(sums: NDArray[np.float64], i: int, j: int, theta: float) -> NDArray[np.float64]:
    """(5,) squares that a wall of each class leaves."""
    w, x, y, xx, xy, yy = sums[j] - sums[i]
    cxx, cxy, cyy = xx - x * x / w, xy - x * y / w, yy - y * y / w
    ways = theta + np.array([0.0, 0.5, 0.25, 0.75]) * np.pi
    fixed = (cxx + cyy) / 2 - ((cxx - cyy) / 2 * np.cos(2 * ways) + cxy * np.sin(2 * ways))
    return np.append(fixed, (cxx + cyy) / 2 - np.hypot((cxx - cyy) / 2, cxy))


def coarse(xy: NDArray[np.float64]) -> list[int]:
    """Vertices at which walls may end at first."""
    room = np.empty(len(xy), np.int64)
    return room[: _coarse(xy, room)].tolist()


@jit
def _coarse(xy: NDArray[np.float64], room: NDArray[np.int64]) -> int:
    return coarse_candidates(xy, 0, len(xy) - 1, room)


def test_predicting_does_not_compile_what_looks_for_bays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who knows over how many pixels the noise hangs together looks for them."""
    houses = rows(monkeypatch, house(SQUARE, 3.0), 0.5)

    def no_bays(*_: object) -> None:
        raise AssertionError("a loop that predicting need not compile")

    monkeypatch.setattr(walls, "put_bays", no_bays)
    assert len(drawn(houses, PREDICTED)) == len(houses.raw)
    with pytest.raises(AssertionError, match="need not compile"):
        drawn(houses)

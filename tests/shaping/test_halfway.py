"""Walls between houses of a row that turns a corner."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
import town
from shapely.affinity import rotate
from shapely.geometry import Polygon

from geoseg.shaping import RegularizeSettings, regularize_groups
from geoseg.shaping.cut import Walls
from geoseg.shaping.direction import _turns

WIDTH_PX, DEPTH_PX = 42.0, 42.0


def bend(degrees: float) -> list[Polygon]:
    """Two houses whose wall, upright, halves the angle between them."""
    left = Polygon([(-WIDTH_PX, 0), (0, 0), (0, DEPTH_PX), (-WIDTH_PX, DEPTH_PX)])
    half = np.radians(degrees / 2)
    xy = shapely.get_coordinates(left)
    xy[:, 1] += xy[:, 0] * np.tan(half)
    xy[[0, 3, 4], 0] += (xy[[0, 3, 4], 1] - xy[0, 1]) * -np.tan(half)
    return [Polygon(xy), Polygon(xy * (-1, 1))]


def along_an_arc(degrees: float, radius: float = 150.0) -> list[Polygon]:
    """Five houses, each turned by so much against the one before it."""
    turns = np.radians(degrees) * np.arange(6)
    rays = np.column_stack([np.cos(turns), np.sin(turns)])
    return [
        Polygon(np.vstack([radius * rays[i : i + 2], (radius - DEPTH_PX) * rays[i : i + 2][::-1]]))
        for i in range(5)
    ]


def off_degrees(houses: list[Polygon], upright: float) -> float:
    """By what the longest edge that two houses share differs from a direction."""
    edges = [
        {tuple(sorted(pair)) for pair in pairwise(ring)}
        for ring in (list(house.exterior.coords) for house in houses)
    ]
    ways = [np.subtract(end, start) for start, end in edges[0] & edges[1]]
    x, y = max(ways, key=lambda way: float(np.hypot(*way)))
    return float(abs((np.degrees(np.arctan2(y, x)) - upright + 90) % 180 - 90))


@pytest.mark.parametrize("turned", [0.0, 30.0, 84.0])
def test_the_wall_between_two_houses_may_halve_their_angle(
    turned: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    degrees = 16.0
    houses = [rotate(house, turned, origin=(0, 0)) for house in bend(degrees)]
    monkeypatch.setitem(town.BUILDERS, "probe", lambda _rng, _m: houses)
    monkeypatch.setattr(town, "rotate", lambda house, *_, **__: house)
    lots = town.build_town(town.TownSpec(12, ("probe",), jitter_px=0.8, correlation_px=3.0))
    settings = RegularizeSettings(max_outward_px=4.0, correlation_px=2.0)
    drawn, _ = regularize_groups(np.asarray(lots.raw), lots.lot, settings=settings)
    pairs = [list(drawn[lots.lot == lot]) for lot in range(12)]
    assert np.median([off_degrees(pair, turned + 90) for pair in pairs]) < degrees / 8


def test_walls_of_a_row_along_an_arc_point_to_its_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    degrees = 16.0
    monkeypatch.setitem(town.BUILDERS, "probe", lambda _rng, _m: along_an_arc(degrees))
    monkeypatch.setattr(town, "rotate", lambda house, *_, **__: house)
    lots = town.build_town(town.TownSpec(8, ("probe",), correlation_px=3.0, jitter_px=1.2, seed=2))
    settings = RegularizeSettings(max_outward_px=4.0, correlation_px=3.0, layer_noise_px=1.2)
    drawn, _ = regularize_groups(np.asarray(lots.raw), lots.lot, settings=settings)
    rows = [list(drawn[lots.lot == lot]) for lot in range(8)]
    off = [off_degrees(row[i : i + 2], degrees * (i + 1)) for row in rows for i in range(4)]
    assert np.sqrt(np.mean(np.square(off))) < 2.7


def test_houses_turn_as_their_own_walls_and_those_halfway_agree_best() -> None:
    rng = np.random.default_rng(0)
    count, pairs = 4, [(0, 1), (1, 2), (2, 3), (3, 3)]
    owner, other = np.array(pairs).T
    own, halfway = rng.uniform(1, 2, (count, 2)), rng.uniform(0, 1, (count, 2))
    group = np.arange(count)
    nothing = np.empty(0)
    walls = Walls(*(nothing for _ in range(4)), owner, other, nothing, nothing)  # type: ignore[arg-type]
    matrix, right = 4 * np.diag(np.hypot(*own.T)), np.zeros(count)
    for (a, b), (sure, pull) in zip(pairs[:3], halfway, strict=False):
        matrix[np.ix_([a, b], [a, b])] += sure
        right[[a, b]] += pull
    turns = _turns(walls, own, halfway, group)
    assert turns == pytest.approx(np.linalg.solve(matrix, right), abs=2e-4)
    unsure = _turns(walls, 0 * own, halfway * (0, 1), group)
    assert np.abs(unsure).max() < 0.5

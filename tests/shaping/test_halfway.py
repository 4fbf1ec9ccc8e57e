"""Walls between houses of a row that turns a corner."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
import town
from shapely.affinity import rotate
from shapely.geometry import Polygon

from geoseg.shaping import RegularizeSettings, regularize_groups

WIDTH_PX, DEPTH_PX = 42.0, 42.0


def bend(degrees: float) -> list[Polygon]:
    """Two houses whose wall, upright, halves the angle between them."""
    left = Polygon([(-WIDTH_PX, 0), (0, 0), (0, DEPTH_PX), (-WIDTH_PX, DEPTH_PX)])
    half = np.radians(degrees / 2)
    xy = shapely.get_coordinates(left)
    xy[:, 1] += xy[:, 0] * np.tan(half)
    xy[[0, 3, 4], 0] += (xy[[0, 3, 4], 1] - xy[0, 1]) * -np.tan(half)
    return [Polygon(xy), Polygon(xy * (-1, 1))]


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

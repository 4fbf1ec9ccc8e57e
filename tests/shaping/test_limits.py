"""How far a drawing may depart from its raw polygon: each limit on its own, just met and just missed."""

from dataclasses import replace

import numpy as np
import pytest
from shapely import Polygon
from shapely.affinity import scale, translate
from shapely.geometry import box

from geoseg.shaping import RegularizeSettings
from geoseg.shaping.limits import DOUBT, are_near

SIDE = 40.0
HOUSE = box(0, 0, SIDE, SIDE)
SETTINGS = RegularizeSettings()


def is_near(
    drawn: Polygon, *, settings: RegularizeSettings = SETTINGS, noise_px: float = 0.0,
    farthest_px: float = 0.0, estimate: float = 1.0,
) -> bool:  # fmt: skip
    """Whether ``drawn`` stands for the house; the area between them is estimated by a factor."""
    between = np.array([estimate * HOUSE.symmetric_difference(drawn).area])
    apart = np.array([farthest_px]), between
    noise = np.array([noise_px])
    raw, polygons = np.array([HOUSE], object), np.array([drawn], object)
    return bool(are_near(raw, polygons, apart, noise, settings)[0])


def moved(iou: float) -> Polygon:
    """The house moved along a wall until just so much of the two is common."""
    return translate(HOUSE, SIDE * (1 - iou) / (1 + iou))


@pytest.mark.parametrize("estimate", [1.0, 1 / DOUBT, 1.5], ids="estimated at {}".format)
@pytest.mark.parametrize("least", [None, 0.8, 0.95])
def test_intersection_over_union(least: float | None, estimate: float) -> None:
    settings = SETTINGS if least is None else replace(SETTINGS, min_iou=least)
    limit = 0.90 if least is None else least
    enough, too_little = moved(limit + 0.001), moved(limit - 0.001)
    assert HOUSE.intersection(enough).area / HOUSE.union(enough).area > limit
    assert is_near(enough, settings=settings, estimate=estimate)
    assert not is_near(too_little, settings=settings, estimate=estimate)


def test_noise_excuses_what_it_costs() -> None:
    drawn = moved(0.85)
    apart, length = HOUSE.symmetric_difference(drawn).area, 4 * SIDE
    assert is_near(drawn, noise_px=1.01 * apart / length / 1.25)
    assert not is_near(drawn, noise_px=0.99 * apart / length / 1.25)


def test_change_of_area() -> None:
    assert is_near(scale(HOUSE, 1.019))
    assert not is_near(scale(HOUSE, 1.021))
    assert not is_near(scale(HOUSE, 0.979))


@pytest.mark.parametrize(
    ("correlation_px", "times"), [(None, 1.0), (1.0, 1.0), (1.7, 1.284), (6.0, 1.5)]
)
def test_areas_may_change_by_more_where_noise_hangs_together(
    correlation_px: float | None, times: float
) -> None:
    settings = replace(SETTINGS, correlation_px=correlation_px)
    for factor in (1.03, 0.97):
        drawn = scale(HOUSE, factor)
        change, length = abs(drawn.area - HOUSE.area), drawn.length
        just = change / (0.25 * times * 1.25 * length)
        assert is_near(drawn, settings=settings, noise_px=1.01 * just)
        assert not is_near(drawn, settings=settings, noise_px=0.99 * just)


def test_distance() -> None:
    assert is_near(HOUSE, farthest_px=6.0)
    assert not is_near(HOUSE, farthest_px=6.01)


def test_several_drawings_together_have_more_room() -> None:
    def near(drawn: Polygon, farthest_px: float = 0.0) -> bool:
        apart = np.array([farthest_px]), np.array([HOUSE.symmetric_difference(drawn).area])
        raw, polygons = np.array([HOUSE], object), np.array([drawn], object)
        return bool(are_near(raw, polygons, apart, np.zeros(1), SETTINGS, later=True)[0])

    assert near(scale(HOUSE, 1.039))
    assert not near(scale(HOUSE, 1.041))
    assert near(HOUSE, 9.0)
    assert not near(HOUSE, 9.01)
    assert near(moved(0.81))
    assert not near(moved(0.80))


def test_validity() -> None:
    bow = Polygon([(0, 0), (SIDE, SIDE), (SIDE, 0), (0, SIDE)])
    lax = replace(SETTINGS, min_iou=0, max_area_change=1)
    drawn, house = np.array([HOUSE, bow, Polygon()]), np.array([HOUSE] * 3)
    near = are_near(house, drawn, (np.zeros(3), np.zeros(3)), np.zeros(3), lax)
    assert near.tolist() == [True, False, False]

"""A quick look at coverages is never surer than the full one, and mostly as sure."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon, box

from geoseg.shaping.arrays import Bools, Polygons
from geoseg.shaping.clean import overlapping
from geoseg.shaping.fitting import may_clash
from geoseg.shaping.rings import rings_of

COURTYARD = box(20, 0, 29, 9).difference(box(22, 2, 27, 7))
TOWN = [
    # A row, whose party wall stops amid the wall behind it.
    Polygon([(0, 0), (4, 0), (4, 6), (0, 6)]),
    Polygon([(4, 0), (9, 0), (9, 6), (4, 6)]),
    Polygon([(0, 6), (4, 6), (9, 6), (9, 9), (0, 9)]),
    # One that turns about a corner of another, and one that meets it there alone.
    Polygon([(9, 0), (14, 0), (14, 3), (12, 3), (12, 6), (9, 6)]),
    Polygon([(12, 3), (14, 3), (14, 6), (12, 6)]),
    Polygon([(14, 6), (18, 7), (17, 9)]),
    # A courtyard, a house in it and one that fills another.
    COURTYARD,
    box(23, 3, 25, 5),
    box(30, 0, 39, 9).difference(box(32, 2, 37, 7)),
    box(32, 2, 37, 7),
]


def objects(polygons: list[Polygon]) -> Polygons:
    return np.array(polygons, dtype=object)


def doubtful(polygons: Polygons) -> Bools:
    return may_clash(polygons, np.zeros(len(polygons), np.int64), np.ones(len(polygons), bool))


def invalid(polygons: Polygons) -> Bools:
    return np.asarray(~shapely.is_empty(shapely.coverage_invalid_edges(polygons)))


@pytest.mark.parametrize("turned", [False, True])
def test_a_clean_town_is_surely_clean(turned: bool) -> None:
    town = objects(TOWN)
    turned_round = shapely.reverse(town) if turned else town
    assert not invalid(turned_round).any()
    assert not doubtful(turned_round).any()


@pytest.mark.parametrize("number", range(len(TOWN)))
@pytest.mark.parametrize("by", [(0.5, 0.0), (0.0, -0.5), (0.3, 0.2)])
def test_a_house_out_of_place_is_found(number: int, by: tuple[float, float]) -> None:
    town = objects(TOWN)
    town[number] = shapely.transform(town[number], lambda xy: xy + by)
    assert not (invalid(town) & ~doubtful(town)).any()
    group, no = np.zeros(len(town), np.int64), np.zeros(len(town), bool)
    assert (overlapping(town, group, no) == invalid(town)).all()


def test_one_within_another_is_found() -> None:
    assert doubtful(objects([box(0, 0, 9, 9), box(2, 2, 5, 5)])).all()
    assert doubtful(objects([box(0, 0, 9, 9), box(0, 0, 9, 9)])).all()
    assert doubtful(objects([COURTYARD, box(20, 0, 29, 9)])).all()


def test_no_sure_pair_of_random_polygons_clashes() -> None:
    rng, sure, wrong = np.random.default_rng(7), 0, 0
    for _ in range(5000):
        rings = [rng.integers(0, 6, (rng.integers(3, 6), 2)) for _ in range(3)]
        polygons = objects([Polygon(ring) for ring in rings])
        if shapely.is_valid(polygons).all() and (shapely.area(polygons) > 0).all():
            clash, doubt = invalid(polygons), doubtful(polygons)
            sure += int((~doubt).sum())
            wrong += int((clash & ~doubt).sum())
    assert wrong == 0
    assert sure > 100


def test_groups_and_what_did_not_move_are_left_out() -> None:
    town = objects([box(0, 0, 2, 2), box(1, 1, 3, 3), box(9, 9, 10, 10)])
    yes = np.ones(3, bool)
    assert not may_clash(town, np.array([0, 1, 1]), yes).any()
    assert not may_clash(town, np.zeros(3, np.int64), np.array([False, False, True])).any()


def test_rings_are_those_of_shapely() -> None:
    polygons = objects([*TOWN, TOWN[6]])
    rings, home = shapely.get_rings(polygons, return_index=True)
    told = rings_of(polygons)
    assert (told.home == home).all()
    assert len(told.xy) == told.first[-1]
    for ring, begin, end in zip(rings, told.first[:-1], told.first[1:], strict=True):
        assert (told.xy[begin:end] == shapely.get_coordinates(ring)).all()


def test_an_empty_polygon_has_a_ring_without_vertices() -> None:
    told = rings_of(objects([TOWN[0], Polygon(), COURTYARD]))
    assert told.home.tolist() == [0, 1, 2, 2]
    assert np.diff(told.first).tolist() == [5, 0, 5, 5]

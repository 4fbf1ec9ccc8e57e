"""Outlines that lie on each other up to rounding share their ground, in every verb that asks for it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from geoseg.accuracy.matching import match
from geoseg.accuracy.site import clip, share_within
from geoseg.change.parts import surplus
from geoseg.labelled.repair import repair
from geoseg.shaping import RegularizeSettings
from geoseg.shaping.limits import are_near
from geoseg.statistics.zones import overlapping_pairs, zones_from_polygons
from geoseg.upkeep.fitting import aligned_iou, fit
from geoseg.upkeep.place import share_in
from geoseg.upkeep.relating import PAIR, relate
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.observed import observed_parts
from geoseg.vectors.overlap import find_overlaps
from geoseg.vectors.shared import part_beyond, shared_area, shared_by_all, shared_part

HOUSE = shapely.Polygon([
    (1.0280403504695168, 3.692868990987619), (10.34956207631824, 0.072201550510619),
    (12.52196254060444, 5.665114586019852), (8.79335385026495, 7.113381562210652),
    (9.87955408240805, 9.909838079965269), (4.286641046898817, 12.082238544251467),
])  # fmt: skip
"""An L of 78 square metres,"""
AROUND = shapely.Polygon([
    (10.34956207631824, 0.072201550510619), (1.028040350469518, 3.692868990987619),
    (4.286641046898816, 12.082238544251464), (13.608162772747542, 8.461571103774455),
])  # fmt: skip
"""and its minimum rotated rectangle of 90."""
HUT = shapely.Polygon([
    (21.944433732989122, 2.770205939900261), (25.27336340738184, -6.659440247680033),
    (30.931151119930018, -4.662082443044403), (27.6022214455373, 4.7675637445358925),
])  # fmt: skip
"""A rectangle of 10 m by 6 m,"""
TURNED = shapely.Polygon([
    (21.944433732989122, 2.7702059399002597), (25.27336340738184, -6.659440247680034),
    (30.93115111993002, -4.662082443044403), (27.602221445537303, 4.767563744535893),
])  # fmt: skip
"""and the same after it was turned and turned back."""


def array(*shapes: shapely.Geometry) -> np.ndarray:
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out


@pytest.mark.parametrize(("one", "other", "area"), [(HOUSE, AROUND, 78), (HUT, TURNED, 60)])
def test_what_two_outlines_share(one: shapely.Polygon, other: shapely.Polygon, area: float) -> None:
    assert shared_area(array(one), array(other)) == pytest.approx(area, abs=1e-4)
    assert shapely.equals_exact(
        shared_part(array(one), array(other))[0].normalize(), one.normalize(), tolerance=1e-5
    )


def test_what_one_has_beyond_the_other() -> None:
    pairs = array(HOUSE, AROUND, HUT, TURNED), array(AROUND, HOUSE, TURNED, HUT)
    assert shapely.area(part_beyond(*pairs)) == pytest.approx([0, 12, 0, 0], abs=1e-4)
    assert shapely.area(part_beyond(HOUSE, shapely.box(0, 50, 1, 51))) == shapely.area(HOUSE)


def test_a_house_and_the_hole_that_it_fills_share_nothing() -> None:
    yard = shapely.Polygon(shapely.box(-30, -30, 50, 50).exterior, [AROUND.exterior])
    assert shared_area(yard, HOUSE) == pytest.approx(0, abs=1e-4)
    assert shapely.area(part_beyond(HOUSE, yard)) == pytest.approx(78)


def test_parts_are_not_lost_beside_others() -> None:
    one = shapely.MultiPolygon([HOUSE, shapely.box(200, 200, 210, 210)])
    other = shapely.MultiPolygon([AROUND, shapely.box(205, 200, 215, 210)])
    assert shared_area(one, other) == pytest.approx(128)
    assert shapely.area(part_beyond(one, other)) == pytest.approx(50)
    assert shapely.area(shared_by_all([one, other, AROUND])) == pytest.approx(78)


def test_outlines_that_touch_share_nothing() -> None:
    beside = shapely.affinity.translate(shapely.box(0, 0, 1, 1), 1)
    firsts = array(shapely.box(0, 0, 1, 1), shapely.Polygon(), shapely.box(0, 0, 1, 1))
    assert (shared_area(firsts, array(beside, beside, shapely.Polygon())) == 0).all()


def test_turned_houses_share_themselves_with_their_rectangles() -> None:
    count = 20_000
    rng = np.random.default_rng(1)
    angle = rng.uniform(0, np.pi, count)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1)
    plan_m = np.array([(0, 0), (10, 0), (10, 6), (6, 6), (6, 9), (0, 9)], float)
    corners = np.einsum("kj,nji->nki", plan_m, turn.reshape(count, 2, 2))
    houses = shapely.polygons(corners + rng.uniform(0, 100, (count, 2))[:, None])
    shared = shared_area(houses, shapely.minimum_rotated_rectangle(houses))
    assert np.allclose(shared, 78, atol=1e-3)


def test_a_prediction_finds_its_building() -> None:
    assert find_overlaps(array(HOUSE), array(AROUND)).iou == pytest.approx(78 / 90)
    assert match(array(HUT), array(TURNED), np.ones(1)).truth.tolist() == [0]


def test_a_building_marked_as_unknown_is_unknown() -> None:
    assert share_within(array(TURNED), HUT) == pytest.approx(1)
    assert shapely.area(clip(array(TURNED), HUT)) == pytest.approx(60)


def test_an_old_outline_and_a_new_one_are_one_building() -> None:
    assert relate(array(HUT), array(TURNED)).old.tolist() == [PAIR]
    fitted = fit(array(HUT), array(TURNED), eaves_m=0.5, tolerance_m=0.5)
    assert (fitted.added_m2 == 0).all()
    assert (fitted.removed_m2 == 0).all()
    assert aligned_iou(array(HUT), array(TURNED), np.zeros((1, 2))) == pytest.approx(1)
    assert share_in(array(HUT), [TURNED]) == pytest.approx(1)


def test_labels_that_are_there_twice_are_counted_once() -> None:
    done = repair(array(HUT, TURNED))
    assert (len(done.polygons), done.counts["duplicates"]) == (1, 1)


def test_zones_that_are_there_twice_overlap() -> None:
    assert overlapping_pairs(array(HUT, TURNED)).tolist() == [[0, 1]]


def test_ground_of_an_earlier_zone_counts_once() -> None:
    crs = CRS("+proj=tmerc +lat_0=27 +lon_0=85")
    twice = gpd.GeoDataFrame({"name": ["one", "two"]}, geometry=[AROUND, HOUSE], crs=crs)
    zones = zones_from_polygons(twice, Neighbourhood(crs))
    assert shapely.area(zones.geometry) == pytest.approx([90, 0], abs=1e-4)


def test_a_zone_on_the_edge_of_what_was_observed_was_observed() -> None:
    assert shapely.area(observed_parts(array(HUT), TURNED)) == pytest.approx(60)


def test_nothing_was_built_between_two_drawings_of_a_house() -> None:
    assert shapely.area(surplus(array(HOUSE), array(AROUND), 0)).tolist() == [0]


def test_a_drawing_on_its_raw_outline_is_near_it() -> None:
    apart = np.array([0.5]), np.array([30.0])  # as estimated: enough for a closer look
    assert are_near(array(HUT), array(TURNED), apart, np.zeros(1), RegularizeSettings()).all()

"""A drawing is its own drawing; what is no drawing yet is still drawn."""

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
import town
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.affinity import rotate
from shapely.geometry import Point, Polygon, box

from geoseg.redraw import regularize
from geoseg.shaping import RegularizeSettings, regularize_coverage, regularize_groups
from geoseg.shaping.apart import outlines_apart
from geoseg.shaping.changes import Changes, touching
from geoseg.shaping.drawing import Drawn
from geoseg.shaping.near import near_groups
from geoseg.shaping.plain import count_flaws
from geoseg.shaping.settle import settle

SETTINGS = RegularizeSettings(max_outward_px=4.0)
ELL = Polygon([(0, 0), (40, 0), (40, 18), (22, 18), (22, 45), (0, 45)])
ROOM_PX = 5
"""Between the rows of a quarter: near enough to be one group."""


def quarter(rows: int, across: int, seed: int) -> NDArray[np.object_]:
    """Terraces close together, with outlines as poor as those of small houses in dense towns."""
    lots = town.build_town(town.TownSpec(rows * across, ("terrace",), jitter_px=2.0, seed=seed))
    raw, out, top = np.asarray(lots.raw), [], 0.0
    for row in range(rows):
        right, bottom = 0.0, top
        for lot in range(row * across, (row + 1) * across):
            houses = raw[lots.lot == lot]
            x, y, x_max, y_max = shapely.total_bounds(houses)
            xy = shapely.get_coordinates(houses) + np.round([right - x, bottom - y])
            out.append(shapely.set_coordinates(houses, xy))
            right, top = right + x_max - x + ROOM_PX, max(top, bottom + y_max - y + ROOM_PX)
    return np.concatenate(out)


def moved(one: NDArray[np.object_], other: NDArray[np.object_]) -> float:
    """Share of outlines that lie a tenth of a pixel apart."""
    apart = shapely.hausdorff_distance(shapely.boundary(one), shapely.boundary(other))
    return float((apart > 0.1).mean())


def array(*polygons: object) -> NDArray[np.object_]:
    return np.array(polygons, dtype=object)


def seeds(*quick: int) -> list[Any]:
    """Twenty quarters, of which only the quick ones are for every change of a line."""
    rest = [pytest.param(n, marks=pytest.mark.thorough) for n in range(20) if n not in quick]
    return [*quick, *rest]


@pytest.mark.parametrize("seed", seeds(0, 2, 6, 9, 13))
def test_a_second_pass_leaves_dense_quarters_as_they_are(seed: int) -> None:
    given = quarter(4, 4, seed)
    group = near_groups(given, 8.0)
    once, _ = regularize_groups(given, group, settings=SETTINGS)
    twice, _ = regularize_groups(once, group, settings=SETTINGS)
    assert np.bincount(group).max() > 9
    assert all(shapely.coverage_is_valid(once[group == number]) for number in np.unique(group))
    assert moved(once, twice) == 0


@pytest.mark.parametrize("seed", seeds(9, 13))
def test_a_second_run_leaves_a_dense_quarter_as_it_is(seed: int) -> None:
    metres = shapely.transform(quarter(4, 4, seed), lambda xy: 0.3 * xy)
    once = regularize(gpd.GeoDataFrame(geometry=metres, crs="EPSG:32633"))
    twice = regularize(once.drop(columns="shape"))
    drawn = [
        np.asarray(layer.geometry.scale(1 / 0.3, 1 / 0.3, origin=(0, 0))) for layer in (once, twice)
    ]
    assert moved(*drawn) == 0


@pytest.mark.thorough
def test_fronts_of_a_terrace_with_steps_do_not_lean() -> None:
    leaning = houses = 0
    for seed in range(40):
        terrace = town.build_town(town.TownSpec(1, ("terrace",), seed=seed))
        drawn = [polygon for polygon, _ in regularize_coverage(terrace.raw, settings=SETTINGS)]
        houses += len(drawn)
        leaning += sum(leans(true, one) for true, one in zip(terrace.truth, drawn, strict=True))
    assert houses > 150
    assert leaning < 0.05 * houses


def leans(true: Polygon, drawn: Polygon) -> bool:
    """Whether a long wall is turned by more than five degrees against the true ones."""
    steps, edge = (np.diff(shapely.get_coordinates(shape), axis=0) for shape in (drawn, true))
    turn = np.angle(np.exp(4j * (np.arctan2(*steps.T[::-1]) - np.arctan2(*edge[0][::-1])))) / 4
    return bool((np.abs(turn[np.hypot(*steps.T) > 15]) > np.radians(5)).any())


def test_corners_that_a_hand_missed_become_right() -> None:
    random = np.random.default_rng(0)
    corners = shapely.get_coordinates(ELL)[:-1]
    by_hand = [
        rotate(Polygon(corners + random.uniform(-0.5, 0.5, (6, 2))), degrees, origin=(0, 0))
        for degrees in range(0, 90, 5)
    ]
    drawn = [regularize_coverage([one], settings=SETTINGS)[0][0] for one in by_hand]
    assert count_flaws(array(*by_hand))[1].sum() > 60
    assert count_flaws(array(*drawn))[1].sum() <= 3


def test_what_is_plain_comes_back_as_it_is() -> None:
    turned = rotate(ELL, 31)
    ((drawn, _),) = regularize_coverage([turned], settings=SETTINGS)
    assert drawn.wkb == turned.wkb


@given(st.floats(-180, 180), st.integers(-(10**6), 10**6))
def test_flaws_are_counted_alike_wherever_an_outline_lies(degrees: float, away: int) -> None:
    step = Polygon([(0, 0), (40, 0), (40, 20), (22, 20), (22, 22), (0, 22)])  # a wall of 2 px
    odd = Polygon([(0, 0), (40, 0), (40, 20), (0, 30)])  # two corners at odd angles
    bay = Polygon([(0, 0), (40, 0), (40, 20), (30, 30), (0, 30)])
    dense = box(0, 0, 30, 20).segmentize(5)
    ring = box(0, 0, 30, 30) - box(10, 10, 20, 20)
    silo = Point(0, 0).buffer(9)
    polygons = array(step, odd, bay, dense, ring, silo)
    turned = shapely.transform(
        np.array([rotate(p, degrees, origin=(0, 0)) for p in polygons]), lambda xy: xy + away
    )
    corners, flaws = count_flaws(turned)
    assert corners.tolist() == [6, 4, 5, 4, 8, 3]
    assert flaws.tolist() == [1, 2, 0, 0, 0, 0]


def test_polygons_that_share_a_changed_vertex_change_together() -> None:
    row = array(*(box(x, 0, x + 10, 10) for x in (0, 10, 20, 30)))
    first_wall = shapely.transform(row, lambda xy: np.where(xy == 10, [11, 10], xy))
    changes = Changes.between(row, first_wall, np.zeros(4, dtype=np.int64))
    assert changes.moved.tolist() == [True, True, False, False]
    assert changes.unit[0] == changes.unit[1]
    assert len(set(changes.unit.tolist())) == 3
    assert len(set(touching(row, np.zeros(4, dtype=np.int64)).tolist())) == 1
    assert len(set(touching(row, np.arange(4)).tolist())) == 4


def test_where_only_some_change_they_share_the_vertices_of_the_others() -> None:
    row = array(*(box(x, 0, x + 10, 10) for x in (0, 10, 20, 30)))
    nudged = shapely.transform(row, lambda xy: np.where(xy == [0, 10], [-5, 10], xy + 0.05))
    changes = Changes.between(row, nudged, np.zeros(4, dtype=np.int64))
    assert changes.moved.tolist() == [True, False, False, False]
    out = changes.only(changes.moved)
    assert out[1:].tolist() == row[1:].tolist()
    assert out[0].equals(Polygon([(-5, 0.05), (-5, 10), (10, 10), (10, 0)]))
    assert shapely.coverage_is_valid(out)


def test_what_stays_of_one_group_holds_no_vertex_of_another() -> None:
    """Two groups at one place are drawn as if each were alone."""
    before = np.array([box(0, 0, 9, 9)] * 2, dtype=object)
    after = np.array([box(0.01, 0, 9, 9)] * 2, dtype=object)
    changes = Changes.between(before, after, np.arange(2))
    mine, other = changes.only(np.array([True, False]))
    assert mine.equals_exact(after[0], 0)
    assert other.equals_exact(before[1], 0)


def test_the_area_between_outlines_is_told_without_overlaying_them() -> None:
    seen = town.build_town(town.TownSpec(8, ("house", "ell", "courtyard"), seed=4))
    truth, raw = np.asarray(seen.truth), np.asarray(seen.raw)
    turned = np.asarray([rotate(house, 4) for house in truth])
    for one in (raw, turned):
        exact = shapely.area(shapely.symmetric_difference(one, truth))
        share = outlines_apart(one, truth)[1] / exact
        assert (share > 0.95).all()  # rather too much: then it is computed
        assert (share < 1.3).all()


def toothed(teeth: int, left: float = 0.0) -> Polygon:
    """A house with so many teeth along its upper wall."""
    upper = [
        (left + 8 * tooth + x, 100 + y)
        for tooth in range(teeth)
        for x, y in ((1, 0), (1, 1), (5, 1), (5, 0))
    ]
    return Polygon([(left, 0), (left, 100), *upper, (left + 170, 100), (left + 170, 0)])


def settled(given: list[Polygon], *passes: list[Polygon], noise_px: float = 0.0) -> list[Polygon]:
    """What is left of one group when the passes draw this, and the last again and again."""
    drawings = iter(passes)

    def draw(polygons: NDArray[np.object_], _: object, how: RegularizeSettings) -> Drawn:
        drawn = array(*next(drawings, passes[-1]))
        assert len(drawn) == len(polygons)
        noise = np.full(len(drawn), min(noise_px, how.noise_px))
        return Drawn(drawn, np.full(len(drawn), "regularized", object), noise)

    group = np.zeros(len(given), np.int64)
    return list(settle(array(*given), group, SETTINGS, draw).polygons)


def test_the_noise_of_a_layer_is_that_of_outlines_given_not_of_drawings() -> None:
    told: list[float | None] = []

    def draw(polygons: NDArray[np.object_], _: object, how: RegularizeSettings) -> Drawn:
        told.append(how.layer_noise_px)
        drawn = array(toothed(10 if len(told) == 1 else 8))
        return Drawn(drawn, np.full(1, "regularized", object), np.zeros(len(polygons)))

    one = array(toothed(21)), np.zeros(1, np.int64)
    settle(*one, replace(SETTINGS, layer_noise_px=1.2), draw)
    assert len(told) > 2
    assert told == [1.2] + [None] * (len(told) - 1)


def costs(polygon: Polygon) -> int:
    corners, flaws = count_flaws(array(polygon))
    return int(corners[0] + flaws[0])


def test_a_first_drawing_is_taken_where_it_saves_a_fifth() -> None:
    assert 0.18 < 1 - costs(toothed(17)) / costs(toothed(21)) < 0.2
    assert settled([toothed(21)], [toothed(17)]) == [toothed(21)]
    assert settled([toothed(21)], [toothed(16)]) == [toothed(16)]


def test_a_later_drawing_is_taken_where_it_saves_less_but_not_for_next_to_nothing() -> None:
    begun = [toothed(21)], [toothed(10)]
    assert 0.08 < 1 - costs(toothed(9)) / costs(toothed(10)) < 0.12
    assert settled(*begun, [toothed(9)]) == [toothed(10)]
    assert 0.12 < 1 - costs(toothed(8)) / costs(toothed(10)) < 0.2
    assert settled(*begun, [toothed(8)]) == [toothed(8)]


def test_areas_may_change_by_what_smooth_errors_explain() -> None:
    """A shed's, twice as much in the end as in a single drawing."""
    teeth = [
        (4 * tooth + x, y) for tooth in range(5) for x, y in ((1, 10), (1, 11), (3, 11), (3, 10))
    ]
    given = Polygon([(0, 0), (0, 10), *teeth, (22, 10), (22, 0)])
    begun = Polygon([(0, 0), (0, 10), (9, 10), (9, 11), (13, 11), (13, 10), (22, 10), (22, 0)])
    for wide, is_taken in ((box(0, 0, 22, 11.75), True), (box(0, 0, 22, 12.5), False)):
        change = wide.area - given.area
        assert change > 2 * max(0.02 * given.area, 0.25 * 1.25 * 0.5 * wide.length)
        assert (change < 2 * 0.25 * 1.25 * 0.75 * wide.length) == is_taken
        assert (settled([given], [begun], [wide], noise_px=0.5) == [wide]) == is_taken


def test_a_drawing_that_leads_too_far_from_what_was_given_is_not_taken() -> None:
    away = toothed(8, left=10)
    assert toothed(21).intersection(away).area / toothed(21).union(away).area < 0.9
    assert 0.12 < 1 - costs(away) / costs(toothed(10)) < 0.2
    assert settled([toothed(21)], [toothed(10)], [away]) == [toothed(10)]
    assert settled([toothed(10)], [away]) == [toothed(10)]


def test_where_a_first_pass_would_lead_on_too_far_outlines_are_thinned() -> None:
    begun, away = [toothed(21)], toothed(7, left=10)
    assert 1 - costs(away) / costs(toothed(10)) > 0.2
    thinned = shapely.coverage_simplify(array(toothed(21)), SETTINGS.simplify_px).tolist()
    assert costs(thinned[0]) < costs(away)
    assert settled(begun, [toothed(10)], [away]) == thinned


def beside(teeth: int) -> Polygon:
    """A house at the upper half of the right wall of a toothed one, with teeth to the right."""
    right = [
        (200 + x, 52 + 4 * tooth + y)
        for tooth in range(teeth)
        for x, y in ((0, 0), (1, 0), (1, 2), (0, 2))
    ]
    return Polygon([(170, 50), (200, 50), *right, (200, 100), (170, 100)])


def low(teeth: int, y: float = 0.0) -> Polygon:
    """A toothed house with a corner where the one beside it begins, its lower wall at ``y``."""
    (_, *upper, right, _, _) = shapely.get_coordinates(toothed(teeth)).tolist()
    return Polygon([(0, y), *upper, right, (170, 50), (170, y)])


def test_only_what_changed_together_goes_back_where_one_of_a_set_leads_too_far() -> None:
    given, begun, later = [low(21), beside(11)], [low(10), beside(7)], [low(8, -7), beside(6)]
    assert len(set(touching(array(*given), np.zeros(2, np.int64)).tolist())) == 1
    assert low(8, -7).area - low(21).area > 2 * SETTINGS.max_area_change * low(21).area
    assert 0.12 < 1 - costs(beside(6)) / costs(beside(7)) < 0.2
    kept = [low(10), beside(6)]
    assert settled(given, begun, later) == kept
    assert settled(kept, later) == kept


def stepped(top: float, teeth: int) -> Polygon:
    """A house below the toothed ones, with teeth along its lower wall."""
    lower = [
        (8 * tooth + x, y)
        for tooth in range(teeth)
        for x, y in ((1, -100), (1, -101), (5, -101), (5, -100))
    ]
    return Polygon([(0, top), (0, -100), *lower, (60, -100), (60, top)])


def test_what_clashes_with_what_goes_back_goes_back_as_well() -> None:
    """It had moved into the room that a house left, which had shrunk by too much."""
    away, near = stepped(-2, 5), stepped(1, 1)
    assert low(21).area - low(8, 7).area > 2 * SETTINGS.max_area_change * low(21).area
    assert near.intersects(low(10))
    assert not near.intersects(low(8, 7))
    given = [low(21), stepped(-2, 7)]
    assert settled(given, [low(10), away], [low(10), near]) == [low(10), away]
    assert settled(given, [low(10), away], [low(8, 3.5), near]) == [low(8, 3.5), near]
    assert settled(given, [low(10), away], [low(8, 7), near]) == [low(10), away]


def test_a_drawing_that_leads_too_far_by_any_way_is_not_begun() -> None:
    away = box(10, 0, 180, 100)
    assert settled([toothed(21)], [toothed(10)], [away]) == [toothed(21)]


def test_a_drawing_that_runs_into_a_neighbour_that_stays_is_not_taken() -> None:
    neighbour = box(173, 0, 200, 100)
    plain, aside = box(0, 0, 175, 100), box(178, 0, 205, 100)
    assert plain.intersects(neighbour)
    assert not plain.intersects(aside)
    assert settled([toothed(21), neighbour], [plain, aside]) == [toothed(21), neighbour]
    assert settled([toothed(21), neighbour], [toothed(0), aside]) == [toothed(0), neighbour]

from random import Random

import numpy as np
import pytest
import shapely
import town
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from right_angles import BEVELLED, has_right_angles_alone
from shapely.affinity import rotate, translate
from shapely.geometry import Point, Polygon
from tries import tries

from geoseg.shaping import PREDICTED, RegularizeSettings, regularize_coverage, regularize_groups
from geoseg.shaping.plain import count_flaws

SETTINGS = RegularizeSettings(max_outward_px=4.0)
STRICT = RegularizeSettings()


def lot(kind: str, seed: int, jitter_px: float = 1.2) -> town.Town:
    return town.build_town(town.TownSpec(1, (kind,), jitter_px=jitter_px, seed=seed))


def redraw(polygons: list[Polygon], how: RegularizeSettings = SETTINGS) -> list[Polygon]:
    return [polygon for polygon, _ in regularize_coverage(polygons, settings=how)]


kinds = st.sampled_from(["house", "ell", "courtyard", "terrace", "octagon", "bay", "curved"])
seeds = st.integers(0, 10_000)


@tries(15)
@given(kinds, seeds, st.sampled_from([SETTINGS, STRICT, PREDICTED]))
def test_the_result_is_a_valid_coverage(kind: str, seed: int, how: RegularizeSettings) -> None:
    raw = lot(kind, seed).raw
    drawn = redraw(raw, how)
    assert shapely.is_valid(drawn).all()
    assert (shapely.get_type_id(drawn) == shapely.GeometryType.POLYGON).all()
    assert shapely.coverage_is_valid(drawn)


@tries(15)
@given(kinds, seeds, st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_moving_the_input_by_whole_pixels_moves_the_output_exactly(
    kind: str, seed: int, right: int, down: int
) -> None:
    raw = lot(kind, seed).raw
    here = redraw(raw)
    there = redraw([translate(polygon, right, down) for polygon in raw])
    moved = [translate(polygon, right, down) for polygon in here]
    assert [polygon.wkb for polygon in there] == [polygon.wkb for polygon in moved]


@tries(15)
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(seed: int, random: Random) -> None:
    raw = lot("terrace", seed).raw
    order = list(range(len(raw)))
    random.shuffle(order)
    shuffled = redraw([raw[i] for i in order])
    straight = redraw(raw)
    assert [polygon.wkb for polygon in shuffled] == [straight[i].wkb for i in order]


@tries(15)
@given(kinds, seeds)
def test_nothing_strays_outside_by_more_than_the_limit(kind: str, seed: int) -> None:
    raw = lot(kind, seed).raw
    group = shapely.union_all(raw)
    room = shapely.buffer(group, STRICT.max_outward_px + 0.1, quad_segs=32)
    assert room.covers(shapely.union_all(redraw(raw, STRICT)))


def test_groups_do_not_influence_each_other() -> None:
    lots = town.build_town(town.TownSpec(12, town.RECTILINEAR, seed=3))
    raw = np.asarray(lots.raw)
    drawn, shapes = regularize_groups(raw, lots.lot, settings=STRICT)
    for number in np.unique(lots.lot):
        alone = regularize_coverage(list(raw[lots.lot == number]), settings=STRICT)
        together = list(
            zip(drawn[lots.lot == number], np.asarray(shapes)[lots.lot == number], strict=True)
        )
        assert [(p.wkb, s) for p, s in alone] == [(p.wkb, s) for p, s in together]


def test_a_clash_is_seen_beside_groups_that_break_a_limit() -> None:
    lots = town.build_town(town.TownSpec(12, ("terrace",), seed=5))
    raw = np.asarray(lots.raw)
    drawn, _ = regularize_groups(raw, lots.lot, settings=STRICT)
    for number in np.unique(lots.lot):
        mine = lots.lot == number
        assert shapely.coverage_is_valid(drawn[mine])
        assert drawn[mine].tolist() == redraw(list(raw[mine]), STRICT)


def test_a_clean_rectangle_keeps_its_four_corners() -> None:
    turned = rotate(shapely.box(0, 0, 40, 25), 31)
    (drawn,) = redraw([turned])
    assert shapely.get_num_coordinates(drawn) == 5
    assert shapely.hausdorff_distance(drawn, turned) < 0.15


def test_noisy_houses_come_nearer_to_the_truth_than_their_masks() -> None:
    lots = town.build_town(town.TownSpec(30, ("house", "ell", "terrace"), seed=1))
    truth, raw = np.asarray(lots.truth), np.asarray(lots.raw)
    drawn, _ = regularize_groups(raw, lots.lot, settings=SETTINGS)

    def iou(shapes: NDArray[np.object_]) -> float:
        common = shapely.area(shapely.intersection(truth, shapes))
        return float(np.mean(common / shapely.area(shapely.union(truth, shapes))))

    assert iou(drawn) > iou(raw) + 0.03


def test_small_houses_are_rectangles_though_they_are_seen_badly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hut(rng: np.random.Generator, m: float) -> list[Polygon]:
        return [shapely.box(0, 0, rng.uniform(5, 9) * m, rng.uniform(5, 8) * m)]

    monkeypatch.setitem(town.BUILDERS, "hut", hut)
    huts = town.build_town(town.TownSpec(300, ("hut",), jitter_px=1.2, correlation_px=3.0))
    settings = RegularizeSettings(max_outward_px=4.0, correlation_px=3.0)
    drawn, _ = regularize_groups(np.asarray(huts.raw), np.arange(300), settings=settings)
    corners, flaws = count_flaws(drawn)
    assert ((corners == 4) & (flaws == 0)).mean() > 0.92


def square_share(shape: Polygon, how: RegularizeSettings, monkeypatch: pytest.MonkeyPatch) -> float:
    """Of forty houses of one shape, whose corners a network rounded, those with right angles alone."""
    monkeypatch.setitem(town.BUILDERS, "probe", lambda *_: [shape])
    seen = town.build_town(town.TownSpec(40, ("probe",), jitter_px=0.5, opened_px=4.0))
    drawn, _ = regularize_groups(np.asarray(seen.raw), seen.lot, settings=how)
    return float(np.mean([has_right_angles_alone(one) for one in drawn]))


def test_predicted_houses_with_a_bevelled_corner_have_right_angles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert square_share(BEVELLED, PREDICTED, monkeypatch) > 0.7
    assert square_share(BEVELLED, STRICT, monkeypatch) < 0.2


def test_fronts_that_are_long_and_aslant_stay_so_in_predictions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aslant = Polygon([(0, 0), (60, 0), (60, 22), (0, 44)])
    assert square_share(aslant, PREDICTED, monkeypatch) < 0.1


def test_courtyards_are_kept() -> None:
    (drawn,) = redraw(lot("courtyard", 5).raw)
    assert len(drawn.interiors) == 1


def test_nothing_in_nothing_out() -> None:
    assert regularize_coverage([], settings=SETTINGS) == []


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_few_pixels_survive(size: int) -> None:
    (drawn,) = redraw([shapely.box(0, 0, size, size)])
    assert drawn.is_valid
    assert drawn.area > 0


def test_a_tank_becomes_a_circle_of_its_size() -> None:
    tank = lot("circle", 1, jitter_px=0.5)
    ((drawn, shape),) = regularize_coverage(tank.raw, settings=SETTINGS)
    assert shape == "circle"
    assert drawn.area == pytest.approx(tank.truth[0].area, rel=0.03)


def drawn_as(shape: Polygon, how: town.TownSpec, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setitem(town.BUILDERS, "probe", lambda *_: [shape])
    seen = town.build_town(how)
    price = RegularizeSettings(correlation_px=how.correlation_px)
    _, shapes = regularize_groups(np.asarray(seen.raw), seen.lot, settings=price)
    return list(shapes)


@pytest.mark.parametrize("radius", [13, 20, 40])
def test_tanks_dented_by_long_noise_are_circles(
    radius: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = town.TownSpec(20, ("probe",), jitter_px=1.2, correlation_px=3.0)
    tank = Point(0, 0).buffer(radius, quad_segs=48)
    assert drawn_as(tank, seen, monkeypatch).count("circle") >= 14


def test_a_round_courtyard_makes_no_circle_of_a_house() -> None:
    yard = lot("circle", 1, jitter_px=0.5).raw[0]
    house = shapely.box(*yard.buffer(30).bounds).difference(yard)
    ((drawn, shape),) = regularize_coverage([house], settings=SETTINGS)
    assert shape == "regularized"
    assert len(drawn.interiors[0].coords) > 12  # drawn round


@pytest.mark.parametrize("side", [12, 16, 24])
def test_square_houses_with_rounded_corners_are_no_circles(
    side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = town.TownSpec(20, ("probe",), jitter_px=0.5, correlation_px=3.0, opened_px=5.0)
    assert "circle" not in drawn_as(shapely.box(0, 0, side, side), seen, monkeypatch)

"""Rows of houses of which each is turned by the same angle against the one before."""

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray
from regularize_score import angle_errors
from shapely.geometry import Polygon

from geoseg.shaping import RegularizeSettings, regularize_groups
from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.turning import Rows, even_directions
from geoseg.shaping.walls import learn

SETTINGS = RegularizeSettings(max_outward_px=4.0, correlation_px=3.0, layer_noise_px=1.2)
DEPTH_PX, FRONT_PX = 36.0, 27.0


def row(*turns: float) -> list[Polygon]:
    """Houses each of which is turned by so many degrees against the one before it."""
    at, angle, leant = np.zeros(2), 0.0, np.array([0.0, 1.0])
    out = []
    for turn in (*turns, 0.0):
        ahead = np.array([np.cos(angle), np.sin(angle)])
        back = np.array([-ahead[1], ahead[0]])
        half = np.radians(turn / 2)
        to_next = np.cos(half) * back + np.sin(half) * -ahead
        end = at + FRONT_PX * ahead
        deep = [DEPTH_PX / (way @ back) * way for way in (leant, to_next)]
        out.append(Polygon([at, end, end + deep[1], at + deep[0]]))
        at, angle, leant = end, angle + 2 * half, to_next
    return out


def seen(
    houses: list[Polygon],
    monkeypatch: pytest.MonkeyPatch,
    *,
    lots: int = 10,
    jitter_px: float = 1.2,
) -> town.Town:
    """The row, seen so many times."""
    monkeypatch.setitem(town.BUILDERS, "probe", lambda _rng, _m: houses)
    how = town.TownSpec(lots, ("probe",), jitter_px=jitter_px, correlation_px=3.0)
    return town.build_town(how)


def even_rows(rows: town.Town, settings: RegularizeSettings = SETTINGS) -> NDArray[np.int64]:
    """(n,) the evenly turning row that each house stands in, or -1."""
    raw = np.asarray(rows.raw)
    return learn(build_arcs(raw, rows.lot), rows.lot, settings).even.number


@pytest.mark.parametrize("degrees", [-12.0, 6.0, 20.0])
def test_houses_along_an_arc_are_turned_by_one_angle(
    degrees: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = seen(row(*[degrees] * 5), monkeypatch)
    drawn, _ = regularize_groups(np.asarray(rows.raw), rows.lot, settings=SETTINGS)
    assert angle_errors(np.asarray(rows.truth), drawn).mean() < 1.0
    assert (even_rows(rows) >= 0).mean() >= 0.9


@pytest.mark.parametrize(
    "turns", [(0.0,) * 5, (0.0, 16.0, 0.0, 0.0, 20.0)], ids=["straight", "bends"]
)
def test_other_rows_do_not_turn_evenly(
    turns: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (even_rows(seen(row(*turns), monkeypatch, jitter_px=0.8)) >= 0).mean() <= 0.1


def test_rows_without_right_angles_do_not_turn_evenly() -> None:
    streets = town.build_town(town.TownSpec(20, ("leaning row",), correlation_px=3.0))
    assert (even_rows(streets) >= 0).mean() <= 0.1


def test_nobody_asks_where_it_is_not_known_how_long_noise_hangs_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = seen(row(*[12.0] * 5), monkeypatch, lots=2)
    assert (even_rows(rows, RegularizeSettings()) == -1).all()


def test_what_was_drawn_turns_as_evenly_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = seen(row(*[12.0] * 5), monkeypatch, lots=4)
    drawn, _ = regularize_groups(np.asarray(rows.raw), rows.lot, settings=SETTINGS)
    again, _ = regularize_groups(drawn, rows.lot, settings=SETTINGS)
    assert shapely.hausdorff_distance(drawn, again).max() < 0.1


def touching(*pairs: tuple[int, int]) -> Arcs:
    """Arcs of polygons that touch in pairs."""
    square = np.array([shapely.box(0, 0, 1, 1)])
    arcs = build_arcs(square, np.zeros(1, np.int64))
    near, far = np.array(pairs).T
    return arcs._replace(near=near, far=far)


def test_a_row_is_where_each_house_touches_the_one_before_and_the_next_alone() -> None:
    five = touching((3, 0), (0, 3), (0, 4), (1, 4), (1, 2))
    rows = Rows.of(five, 6)
    assert rows.number.tolist() == [0, 0, 0, 0, 0, -1]
    assert rows.place[[2, 1, 4, 0, 3]].tolist() == [0, 1, 2, 3, 4]
    assert Rows.of(touching((0, 1)), 2).row_count == 0  # two turn by any angle
    assert Rows.of(touching((0, 1), (1, 2), (2, 0)), 3).row_count == 0  # round a yard
    assert Rows.of(touching((0, 1), (1, 2), (2, 3), (2, 4)), 5).row_count == 0  # a fork
    both = Rows.of(touching((0, 1), (1, 2), (3, 4), (4, 5)), 6)
    later = both.only(np.arange(6) >= 3)
    assert later.number.tolist() == [0, 0, 0]
    assert later.place.tolist() == [0, 1, 2]


def test_two_angles_agree_best_with_houses_and_the_walls_between_them() -> None:
    rng = np.random.default_rng(0)
    rows = Rows(np.zeros(4, np.int64), np.arange(4))
    theta = 0.3 + 0.2 * np.arange(4) + rng.normal(0, 0.02, 4)
    own, sure, pull = rng.uniform(1, 2, (4, 2)), rng.uniform(1, 2, 3), rng.normal(0, 0.02, 3)
    near, far = np.array([0, 2, 2]), np.array([1, 1, 3])
    place = np.concatenate([np.arange(4), (near + far) / 2])
    angle = np.concatenate([theta, (theta[near] + theta[far]) / 2 + pull / (2 * sure)])
    root = np.sqrt(np.concatenate([np.hypot(*own.T), sure]))
    matrix = np.column_stack([root, root * place])
    first, turn = np.linalg.lstsq(matrix, root * angle)[0]
    even = even_directions(rows, theta, own, (near, far, sure, pull))
    assert even == pytest.approx(first + np.arange(4) * turn)
    # A quarter more is the same direction, and walls along it stay along it.
    quarter = theta + np.array([0, np.pi / 2, 0, 0])
    turned = even_directions(rows, quarter, own, (near, far, sure, pull))
    assert turned == pytest.approx(even + np.array([0, np.pi / 2, 0, 0]))

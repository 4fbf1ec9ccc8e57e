"""How long a layer's noise hangs together, told by the layer; what a prior must leave standing."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray
from shapely.affinity import rotate
from shapely.geometry import Polygon, box

from geoseg.errors import UsageError
from geoseg.redraw import regularize
from geoseg.shaping import RegularizeSettings, regularize_coverage, regularize_groups
from geoseg.shaping.correlation import LayerNoise, estimate_layer_noise
from geoseg.shaping.noise import price_units, stretch, usual_noise

SETTINGS = RegularizeSettings(max_outward_px=4.0, correlation_px=3.0)


def seen(kind: str, correlation_px: float, lots: int = 40, jitter_px: float = 1.2) -> town.Town:
    return town.build_town(
        town.TownSpec(lots, (kind,), jitter_px=jitter_px, correlation_px=correlation_px, seed=1)
    )


def learnt(lots: town.Town) -> LayerNoise | None:
    return estimate_layer_noise(np.asarray(lots.raw), lots.lot, SETTINGS)


def width(lots: town.Town) -> float | None:
    found = learnt(lots)
    return found and found.correlation_px


@pytest.mark.thorough
def test_layers_tell_how_long_their_noise_hangs_together() -> None:
    found = [width(seen("house", px)) for px in (1.0, 3.0, 6.0)]
    assert all(found)
    short, usual, long = (float(px or 0) for px in found)
    assert short < 1.3
    assert 1.8 < usual < 2.8
    assert long > usual + 0.4


def test_the_order_of_rows_does_not_matter() -> None:
    lots = seen("house", 3.0)
    order = np.random.default_rng(0).permutation(len(lots.raw))
    shuffled = estimate_layer_noise(np.asarray(lots.raw)[order], lots.lot[order], SETTINGS)
    assert shuffled == learnt(lots)


def test_drawings_and_few_outlines_tell_nothing() -> None:
    clean = np.array([rotate(box(0, 0, 60, 40 + i), i, origin=(0, 0)) for i in range(40)])
    assert estimate_layer_noise(clean, np.arange(40), SETTINGS) is None
    assert width(seen("house", 3.0, lots=2)) is None
    bow_tie = Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    assert estimate_layer_noise(np.array([bow_tie]), np.zeros(1, np.int64), SETTINGS) is None


@pytest.mark.thorough
def test_what_is_left_in_drawings_is_no_noise() -> None:
    lots = seen("terrace", 1.5, lots=30, jitter_px=2.0)
    drawn, _ = regularize_groups(
        np.asarray(lots.raw), lots.lot, settings=RegularizeSettings(max_outward_px=4.0)
    )
    assert width(lots) is not None
    assert estimate_layer_noise(drawn, lots.lot, SETTINGS) is None


def test_walls_cost_more_where_noise_hangs_together_but_drawings_cost_the_same() -> None:
    noise = np.array([0.3, 0.5, 1.2])
    usual, long = price_units(noise, None), price_units(noise, 3.0)
    assert (price_units(noise, 1.5) == usual).all()
    assert long[0] == usual[0]
    assert long[2] > 3 * usual[2]
    assert stretch(0.5) == 1
    assert stretch(100) == 4


def test_layers_tell_their_usual_noise() -> None:
    found = learnt(seen("house", 3.0))
    assert found is not None
    assert found.noise_px is not None
    assert 0.9 < found.noise_px < 1.4
    noise, length = np.array([0.3, 1.4, 0.9, 1.0]), np.array([900.0, 10.0, 40.0, 60.0])
    assert usual_noise(noise, length) == 1.0
    assert usual_noise(noise[:1], length[:1]) is None


def leaning(lots: town.Town, settings: RegularizeSettings) -> int:
    """How many sheds are drawn with corners other than right ones."""
    drawn, _ = regularize_groups(np.asarray(lots.raw), lots.lot, settings=settings)
    turns = [(walls(shed)[1] - walls(shed)[1][0] + 45) % 90 - 45 for shed in drawn]
    return sum(bool((np.abs(turn) > 1).any()) for turn in turns)


def test_the_usual_noise_of_a_layer_keeps_sheds_square() -> None:
    lots = seen("shed", 3.0, lots=60)
    alone = RegularizeSettings(max_outward_px=4.0, correlation_px=2.0)
    assert leaning(lots, replace(alone, layer_noise_px=1.2)) < 0.7 * leaning(lots, alone)


def test_outlines_that_were_drawn_do_not_take_part_in_the_noise_of_their_layer() -> None:
    house = rotate(box(0, 0, 50, 40), 20, origin=(0, 0)) | rotate(
        box(10, 38, 16, 42), 20, origin=(0, 0)
    )
    usual = replace(SETTINGS, layer_noise_px=1.4)
    given, none = np.array([house]), np.zeros(1, np.int64)
    (alone,), _ = regularize_groups(given, none, settings=SETTINGS)
    (drawn,), _ = regularize_groups(given, none, settings=usual)
    assert drawn.equals(alone)


@pytest.mark.parametrize("px", [0.0, -1.0, float("nan")])
def test_noise_of_layers_that_is_none_is_refused(px: float) -> None:
    with pytest.raises(UsageError, match="layer_noise_px must be above 0 pixels"):
        RegularizeSettings(layer_noise_px=px)


@pytest.mark.parametrize("px", [0.0, -1.0, float("nan")])
def test_widths_that_are_none_are_refused(px: float) -> None:
    with pytest.raises(UsageError, match="correlation_px must be above 0 pixels"):
        RegularizeSettings(correlation_px=px)


def draw(raw: list[Polygon]) -> list[Polygon]:
    return [polygon for polygon, _ in regularize_coverage(raw, settings=SETTINGS)]


def walls(polygon: Polygon) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lengths of the walls, and their directions, degrees."""
    steps = np.diff(shapely.get_coordinates(polygon), axis=0)
    return np.hypot(*steps.T), np.degrees(np.arctan2(*steps.T[::-1]))


def keeps(true: Polygon, drawn: Polygon) -> bool:
    """Whether every wall aslant is there again, turned by less than 15 degrees, half as long."""
    (length, turn), (length_drawn, turn_drawn) = walls(true), walls(drawn)
    off = (turn - turn[length.argmax()]) % 90
    aslant = (off > 5) & (off < 85)
    apart = np.abs((turn_drawn - turn[aslant, None] + 90) % 180 - 90)
    return bool(((apart < 15) & (length_drawn > length[aslant, None] / 2)).any(axis=1).all())


@pytest.mark.parametrize(
    ("kind", "jitter_px", "share"),
    [("bay", 0.5, 0.75), ("cut hall", 1.2, 0.85), ("leaning hall", 1.2, 0.95)],
)
def test_bays_cut_corners_and_gables_aslant_survive(
    kind: str, jitter_px: float, share: float
) -> None:
    lots = seen(kind, 3.0, jitter_px=jitter_px)
    pairs = zip(lots.truth, draw(lots.raw), strict=True)
    assert np.mean([keeps(*pair) for pair in pairs]) >= share


def test_squares_whose_corners_are_cut_become_square() -> None:
    square = box(0, 0, 44, 36)
    for degrees in range(0, 90, 9):
        turned = rotate(square, degrees, origin=(0, 0))
        xy = shapely.get_coordinates(turned)[:-1]
        ahead, back = np.roll(xy, -1, axis=0) - xy, np.roll(xy, 1, axis=0) - xy
        legs = [3 * way / np.hypot(*way.T)[:, None] for way in (back, ahead)]
        cut = Polygon(np.stack([xy + legs[0], xy + legs[1]], axis=1).reshape(-1, 2))
        (drawn,) = draw([cut])
        assert shapely.get_num_coordinates(drawn) == 5, degrees


def test_a_layer_with_long_noise_gets_fewer_walls_than_by_the_usual_price() -> None:
    lots = seen("ell", 3.0)
    metres = gpd.GeoSeries(np.asarray(lots.raw), crs=32645).scale(0.3, 0.3, origin=(0, 0))
    learnt = regularize(gpd.GeoDataFrame(geometry=metres))
    usual = RegularizeSettings(max_outward_px=4.0, correlation_px=1.5)
    plain = regularize(gpd.GeoDataFrame(geometry=metres), settings=usual)
    corners = [shapely.get_num_coordinates(np.asarray(x.geometry)).sum() for x in (learnt, plain)]
    assert corners[0] < corners[1]

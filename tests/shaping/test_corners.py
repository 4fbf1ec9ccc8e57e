"""Masks as networks draw them, with rounded corners: what was a corner becomes one again."""

from collections.abc import Callable

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from geoseg.shaping import RegularizeSettings, regularize_groups
from geoseg.shaping.noise import MIN_NOISE_PX, SMOOTH_PX, with_smooth_errors

Draw = Callable[[BaseGeometry, float], NDArray[np.int64]]
HOUSE = box(0, 0, 45, 32)
ELL = box(0, 0, 50, 22) | box(0, 0, 22, 45)


def vertices(spec: town.TownSpec) -> NDArray[np.int64]:
    """Number of vertices of each drawn building."""
    seen = town.build_town(spec)
    drawn, _ = regularize_groups(np.asarray(seen.raw), seen.lot, settings=RegularizeSettings())
    return np.asarray(shapely.get_num_coordinates(drawn) - 1)


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """How many vertices a shape has as it is drawn from masks, at several angles."""

    def run(shape: BaseGeometry, corner_px: float) -> NDArray[np.int64]:
        monkeypatch.setitem(town.BUILDERS, "probe", lambda *_: [shape])
        return vertices(
            town.TownSpec(
                8, ("probe",), jitter_px=0.3, opened_px=corner_px, closed_px=corner_px, seed=2
            )
        )

    return run


@pytest.mark.parametrize(("shape", "corners"), [(HOUSE, 4), (ELL, 6)], ids=["house", "ell"])
@pytest.mark.parametrize("corner_px", [3.5, 5.0])
def test_rounded_corners_are_closed(
    draw: Draw, shape: BaseGeometry, corners: int, corner_px: float
) -> None:
    assert (draw(shape, corner_px) == corners).all()


def test_rounded_steps_of_a_terrace_cost_few_vertices() -> None:
    drawn = vertices(
        town.TownSpec(12, ("terrace",), jitter_px=0.3, opened_px=6.0, closed_px=6.0, seed=1)
    )
    assert drawn.mean() < 5.4  # of 4 true ones and those where neighbours' steps meet a wall


def test_a_chamfer_of_two_metres_stays(draw: Draw) -> None:
    cut = 7
    house = Polygon([(0, 0), (45, 0), (45, 32 - cut), (45 - cut, 32), (0, 32)])
    assert (draw(house, 0.0) == 5).all()


def test_a_bay_of_two_metres_stays(draw: Draw) -> None:
    x = 15 + 7.0 * np.array([0, 1, 2, 3])
    bay = Polygon(np.column_stack([x, [30, 37, 37, 30]]))
    assert (draw(box(0, 0, 51, 30) | bay, 0.0) >= 7).all()


def test_an_octagon_stays(draw: Draw) -> None:
    angles = np.pi / 8 + np.arange(8) * np.pi / 4
    octagon = Polygon(26 * np.column_stack([np.cos(angles), np.sin(angles)]))
    assert (draw(octagon, 0.0) == 8).all()


def test_smooth_errors_are_none_of_a_drawing_and_nothing_beside_much_noise() -> None:
    noise = np.array([MIN_NOISE_PX, 0.35, 0.5, SMOOTH_PX, 1.4])
    smooth = with_smooth_errors(noise)
    assert smooth[0] == pytest.approx(MIN_NOISE_PX)
    assert (smooth[1:3] > noise[1:3]).all()
    assert (smooth <= np.maximum(noise, SMOOTH_PX)).all()
    assert (smooth[3:] == noise[3:]).all()

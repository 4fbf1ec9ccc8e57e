"""The direction of a building, from walls of which some are hardly any."""

from __future__ import annotations

import numpy as np
import pytest

from geoseg.shaping.cut import FreeWalls
from geoseg.shaping.direction import first_directions

SLOPE = 0.3


def test_a_wall_of_one_sample_has_no_direction_even_if_rounding_gives_it_one() -> None:
    along = np.linspace(0, 20, 41)
    x, y = along * np.cos(SLOPE), along * np.sin(SLOPE)
    wall = [41.0, x.sum(), y.sum(), (x * x).sum(), (x * y).sum(), (y * y).sum()]
    lone = [1.0, 0.0, 0.0, -5e-17, 0.0, 0.0]  # its spread cancels out by rounding
    sums = np.array([[0.0] * 6, wall, [0.0] * 6, lone])  # prefix sums of two arcs
    walls = FreeWalls(
        sums=sums,
        arc_first=np.array([0, 2, 4]),
        wall_first=np.array([0, 1, 2]),
        wall_end=np.array([1, 3]),
        polygon_first=np.array([0, 2]),
        arcs=np.array([0, 1]),
    )
    out = np.empty((1, 2))
    first_directions(walls, np.array([0.5]), out)
    assert out[0, 0] == pytest.approx(SLOPE)
    assert 0 < out[0, 1] < 1

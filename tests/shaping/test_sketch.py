"""What is drawn over an earlier drawing is what would be drawn on an empty sheet."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray

from geoseg.shaping import RegularizeSettings
from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.cut import FreeCut
from geoseg.shaping.sketch import Given, Sketch
from geoseg.shaping.walls import learn

SETTINGS = RegularizeSettings(max_outward_px=2.0)
TOWN = town.build_town(town.TownSpec(25, town.RECTILINEAR, seed=4))
RAW, LOT = np.asarray(TOWN.raw), TOWN.lot


def without(
    arcs: Arcs, left_out: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vertices of the arcs but for some, the ends of arcs always among them."""
    left_out = left_out.copy()
    left_out[arcs.first[:-1]] = left_out[arcs.first[1:] - 1] = False
    return arcs.xy[~left_out], arcs.first - np.append(0, np.cumsum(left_out))[arcs.first]


def test_drawing_over_is_drawing_anew() -> None:
    rng = np.random.default_rng(0)
    given = Given.of(RAW, LOT, build_arcs(RAW, LOT), np.full(len(RAW), 0.5), SETTINGS)
    size = np.diff(given.arcs.first)
    over, missing, broke = Sketch.begin(given), np.zeros(len(given.arcs.xy), dtype=bool), 0
    for step in range(6):
        # Of some arcs most vertices go, or come back.
        some = np.repeat(rng.random(len(size)) < (1.0, 0.0, 0.1, 0.3, 0.1, 0.05)[step], size)
        missing[some] = rng.random(int(some.sum())) < rng.choice([0.0, 0.7, 0.98])
        drawn = without(given.arcs, missing)
        over.draw(*drawn)
        anew = Sketch.begin(given)
        anew.draw(*drawn)
        every = np.ones(len(RAW), dtype=bool)
        np.testing.assert_array_equal(over.clashing(every), anew.clashing(every))
        for name in ("farthest", "band", "strays"):
            mine, other = getattr(over.departure, name), getattr(anew.departure, name)
            np.testing.assert_array_equal(mine, other)
        assert shapely.equals_exact(over.polygons, anew.polygons).all()
        np.testing.assert_array_equal(over.breaks, anew.breaks)
        broke += int(over.breaks.sum())
    assert 0 < broke < 6 * len(RAW)


@pytest.mark.parametrize("seed", range(3))
def test_clashes_are_seen_where_a_neighbour_comes_and_goes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    houses = np.array([shapely.box(13 * i, 0, 13 * i + 10, 10) for i in range(8)])
    group = np.repeat([0, 1], 4)
    given = Given.of(houses, group, build_arcs(houses, group), np.full(8, 0.5), SETTINGS)
    over, shift, found = Sketch.begin(given), np.zeros(8), []
    moves = [(int(rng.integers(8)), rng.choice([-5, -3, 0, 3, 5])) for _ in range(20)]
    # The third house runs into the second, which the first then only touches.
    for house, by in [(0, 0), (2, -5), (0, 3), *moves]:
        shift[house] = by
        xy = given.arcs.xy + np.outer(np.repeat(shift, np.diff(given.arcs.first)), [1.0, 0.0])
        wanted = (rng.random(2) < 0.9)[group]
        over.draw(xy, given.arcs.first)
        anew = Sketch.begin(given)
        anew.draw(xy, given.arcs.first)
        found.append(anew.clashing(wanted))
        np.testing.assert_array_equal(over.clashing(wanted), found[-1])
    assert 0 < np.mean(found) < 1


@pytest.mark.parametrize("seed", range(3))
def test_some_coverages_are_as_if_there_were_no_others(seed: int) -> None:
    wanted = (np.random.default_rng(seed).random(LOT.max() + 1) < 0.6)[LOT]
    arcs = build_arcs(RAW, LOT).only(wanted)
    for one, other in zip(arcs, build_arcs(RAW[wanted], LOT[wanted]), strict=True):
        np.testing.assert_array_equal(one, other)
    number = np.unique(LOT[wanted], return_inverse=True)[1]
    cut = learn(build_arcs(RAW, LOT), LOT, SETTINGS).only(wanted)
    alone = learn(build_arcs(RAW[wanted], LOT[wanted]), number, SETTINGS)
    for name, one, other in zip(FreeCut._fields[1:], cut[1:], alone[1:], strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
    for one, other in zip(cut.arcs, alone.arcs, strict=True):
        np.testing.assert_array_equal(one, other)

"""Rows of houses without right angles keep theirs; those with right angles do not lean."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
import town
from numpy.typing import NDArray
from regularize_score import iou
from shapely.affinity import translate

from geoseg.shaping import RegularizeSettings, regularize_coverage, rows
from geoseg.shaping.arcs import build_arcs
from geoseg.shaping.cut import FreeCut
from geoseg.shaping.walls import learn

SETTINGS = RegularizeSettings(max_outward_px=4.0, correlation_px=3.0)
SEEDS = range(12)


def lot(kind: str, seed: int, jitter_px: float = 1.2) -> town.Town:
    """Houses that touch, as networks see them."""
    spec = town.TownSpec(1, (kind,), jitter_px=jitter_px, correlation_px=3.0, seed=seed)
    return town.build_town(spec)


def drawn(houses: town.Town) -> NDArray[np.object_]:
    return np.array([one for one, _ in regularize_coverage(houses.raw, settings=SETTINGS)])


def directions(outlines: NDArray[np.object_], least_px: float) -> NDArray[np.float64]:
    """Of walls at least so long, radians."""
    rings = shapely.get_rings(outlines)
    steps = np.vstack([np.diff(shapely.get_coordinates(ring), axis=0) for ring in rings])
    return np.asarray(np.arctan2(*steps[np.hypot(*steps.T) >= least_px].T[::-1]))


def test_houses_of_an_old_street_keep_their_odd_angles() -> None:
    streets = [lot("leaning row", seed, jitter_px=0.5) for seed in SEEDS]
    agreement = [iou(np.array(street.truth), drawn(street)) for street in streets]
    assert np.concatenate(agreement).mean() > 0.971


def test_long_walls_of_terraces_stay_at_right_angles() -> None:
    for seed in SEEDS:
        terrace = lot("wide terrace", seed)
        true = directions(np.array(terrace.truth), 5.0)[0]
        turn = np.angle(np.exp(4j * (directions(drawn(terrace), 15.0) - true))) / 4
        assert np.degrees(np.abs(turn)).max() < 3


def test_rows_are_not_asked_where_nobody_knows_how_long_noise_hangs_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    odd_arcs = rows.odd_arcs

    def noting(
        cut: FreeCut, unit: NDArray[np.float64], cost: NDArray[np.float64], price: float
    ) -> object:
        asked.append(len(unit))
        return odd_arcs(cut, unit, cost, price)

    monkeypatch.setattr("geoseg.shaping.walls.odd_arcs", noting)
    street = lot("leaning row", 5, jitter_px=0.5)
    regularize_coverage(street.raw, settings=replace(SETTINGS, correlation_px=None))
    assert not asked
    regularize_coverage(street.raw, settings=SETTINGS)
    assert asked


def test_whether_a_row_is_odd_shows_in_all_its_walls() -> None:
    street, terrace = lot("leaning row", 5, jitter_px=0.5), lot("wide terrace", 5)
    away = [translate(house, 0, 1000) for house in terrace.raw]
    raw = np.array([*street.raw, *away])
    number = np.zeros(len(raw), dtype=np.int64)
    cut = learn(build_arcs(raw, number), number, SETTINGS)
    unit = np.ones(len(raw))
    free = rows._free_cost(cut, unit, rows.ANY_WALL)
    home = cut.arcs.near < len(street.raw)
    # Both cost the same but for one arc of the street, which decides for all of it.
    rectilinear = free.copy()
    rectilinear[np.flatnonzero(home)[0]] += 1
    assert (rows.odd_arcs(cut, unit, rectilinear, rows.ANY_WALL) == home).all()
    assert not rows.odd_arcs(cut, unit, free, rows.ANY_WALL).any()


def test_a_house_that_stands_alone_is_no_row() -> None:
    raw = np.array(lot("trapezoid", 1).raw)
    number = np.zeros(1, dtype=np.int64)
    cut = learn(build_arcs(raw, number), number, SETTINGS)
    assert not rows.odd_arcs(cut, np.ones(1), np.full(1, np.inf), rows.ANY_WALL).any()


def test_odd_arcs_begin_from_walls_of_any_direction() -> None:
    raw = np.array(lot("leaning row", 5).raw)
    number = np.zeros(len(raw), dtype=np.int64)
    cut = learn(build_arcs(raw, number), number, SETTINGS)
    every = np.ones(len(cut.arcs.near), dtype=bool)
    walls = rows.Walls(
        cut.sums, np.zeros_like(cut.first), cut.end[:0], cut.end[:0], cut.arcs.near, cut.arcs.near, cut.theta, cut.noise
    )  # fmt: skip
    some = rows.with_free_walls(walls, cut, every)
    assert (some.first == cut.first).all()
    assert (some.end == cut.end).all()
    assert (some.kind == rows.FREE).all()

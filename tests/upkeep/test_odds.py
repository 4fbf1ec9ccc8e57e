"""Probabilities of gone and of new, where they can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geoseg.upkeep.odds import FALSE_APART, against, decided, false, gone, real
from geoseg.upkeep.shift import find_shifts


def test_nothing_but_absence_is_as_probable_as_the_age_says() -> None:
    # One in ten was not found, one in a hundred goes in a year: one in ten of those is gone.
    chance = gone(np.full(100, np.nan), 1000, 1.0, None)
    assert chance == pytest.approx(0.1)


def test_a_known_recall_says_how_many_are_gone() -> None:
    # 10 of 100 are gone; of the 90 others a model of recall .9 misses 9: 19 are lost.
    assert gone(np.full(19, np.nan), 100, 5.0, 0.9) == pytest.approx(10 / 19)


def test_the_ground_tells_gone_ones_from_missed_ones() -> None:
    under = np.r_[np.zeros(50), np.full(50, 0.3)]
    chance = gone(under, 1000, 5.0, None)
    assert (chance[:50] > 0.95).all()
    assert (chance[50:] < 0.1).all()
    assert (np.diff(gone(np.linspace(0, 1, 50), 1000, 5.0, None)) <= 0).all()


def test_a_new_one_is_less_probable_than_its_confidence() -> None:
    nothing = np.full(100, np.nan)
    made_up = false(np.array([0.7, 0.9, 0.99, np.nan, *np.full(96, 0.7)]), nothing)
    assert made_up[0] == pytest.approx(FALSE_APART * 0.3)
    found = real(made_up[:4], made_up[4:], nothing[:4], 5.0)
    assert (np.diff(found) > 0).all()
    assert found[0] < 0.7
    assert real(np.empty(0), np.full(3, 0.7), np.empty(0), 5.0).shape == (0,)


def test_chances_of_new_ones_are_right_on_average() -> None:
    # Of 40,000 buildings 2 in 10 are new; 3 in 10 predictions are wrong, a quarter of these made up.
    rng = np.random.default_rng(8)
    right = rng.random(40_000) < 0.7
    made_up = ~right & (rng.random(40_000) < FALSE_APART)
    apart = made_up | (rng.random(40_000) < 0.2)
    score = rng.normal(0, 1, 40_000) + np.where(right, 1.5, -1.5)
    confidence = 1 / (1 + 0.3 / 0.7 * np.exp(-3 * score))
    odds = false(confidence, np.full(40_000, np.nan))
    chance = real(odds[apart], odds[~apart], np.full(int(apart.sum()), np.nan), 5.0)
    truth = ~made_up[apart]
    for low, high in ((0, 0.6), (0.6, 0.95), (0.95, 1)):
        group = (chance >= low) & (chance <= high)
        assert group.sum() > 50
        assert chance[group].mean() == pytest.approx(truth[group].mean(), abs=0.03)


def test_presence_tells_by_how_far_it_is_from_the_usual() -> None:
    assert against(np.full(5, 0.8), 0.1) == pytest.approx(np.ones(5))
    ratio = against(np.array([0.5, 0.9, 0.95, np.nan]), 0.1)
    assert ratio[:3] / ratio[0] == pytest.approx([1, 1 / 9, 1 / 19])  # the odds against them
    assert np.mean(1 / (0.9 + 0.1 * ratio[:3])) == pytest.approx(
        1
    )  # over buildings, 1 is 1 in the mean
    assert ratio[3] == 1
    assert against(np.full(3, np.nan), 0.1).tolist() == [1, 1, 1]
    assert np.isfinite(against(np.array([0.0, 1.0]), 0.1)).all()


@pytest.mark.parametrize("usual", [0.95, 0.8])
def test_chances_are_right_by_presence_wherever_it_was_fitted(usual: float) -> None:
    # 2 in 10 are new, 4 in 100 made up; the presence was fitted where 5 or 20 in 100 were.
    rng = np.random.default_rng(9)
    made_up = rng.random(60_000) < 0.04
    apart = made_up | (rng.random(60_000) < 0.2)
    score = rng.normal(0, 1, 60_000) + np.where(made_up, -1.0, 1.0)
    presence = 1 / (1 + (1 - usual) / usual * np.exp(-2 * score))
    confidence = np.full(60_000, 1 - 0.04 / FALSE_APART)
    odds = false(confidence, presence)
    chance = real(odds[apart], odds[~apart], np.full(int(apart.sum()), np.nan), 5.0)
    truth = ~made_up[apart]
    for low, high in ((0, 0.6), (0.6, 0.95), (0.95, 1)):
        group = (chance >= low) & (chance <= high)
        assert group.sum() > 50
        assert chance[group].mean() == pytest.approx(truth[group].mean(), abs=0.06)


def test_decided_ones_are_right_in_that_share_together() -> None:
    chance = np.array([0.99, 0.75, 0.98, 0.5, 0.69, 0.95])
    assert decided(chance, 0.9).tolist() == [True, True, True, False, False, True]
    assert not decided(np.full(5, 0.89), 0.9).any()
    # None that is as likely wrong as right, however sure the others are.
    assert decided(np.array([*np.full(50, 0.999), 0.6, 0.5]), 0.9).tolist()[-2:] == [True, False]
    assert decided(np.empty(0), 0.9).shape == (0,)


def test_layers_that_have_nothing_in_common_have_no_shift() -> None:
    import shapely

    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 2000, (2, 2, 300))
    old, new = (
        np.asarray(shapely.box(a, b, a + 9, b + 9), object) for a, b in zip(x, y, strict=True)
    )
    assert not find_shifts(old, new, 500.0).pairs.any()

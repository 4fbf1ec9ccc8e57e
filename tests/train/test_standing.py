"""A model's own thresholds stay unless others do better where they were not chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geoseg.models.records import Calibration, Validation
from geoseg.models.weights import Decoding, Metadata
from geoseg.scenes.scene import Scene
from geoseg.train.calibrate import Evidence, fit
from geoseg.train.choosing import choose
from geoseg.train.decoded import MappedScene
from geoseg.train.doubts import tuning_doubts
from geoseg.train.draws import drawn
from geoseg.train.judge import Judgement, Rule, judge, judge_own
from geoseg.train.pieces import FOUND_PIXELS, MATCHED, PREDICTED, WANTED, WANTED_PIXELS, Pieces
from geoseg.train.proof import bias_error, jackknife_variance, proof_of
from geoseg.train.search import search
from geoseg.train.standing import Standing
from geoseg.train.tune import calibrated
from tests.train.test_tune import some_buildings

OWN = Decoding(seed_threshold=0.7, body_threshold=0.4, edge_weight=0.0, min_mean_body=0.3)
ALL = {"seed_threshold": 0.5}
STRIDE, HOUSE = 12, 8


def quarter(
    name: str, levels: np.ndarray, real: np.ndarray, *, known: np.ndarray | None = None
) -> MappedScene:
    """Houses in a lattice, as bright in ``body`` as told, of which some are real."""
    rows, cols = levels.shape
    body = np.zeros((rows * STRIDE, cols * STRIDE), np.uint8)
    labels = np.zeros(body.shape, np.uint16)
    for number, (row, col) in enumerate(np.ndindex(rows, cols), start=1):
        house = tuple(slice(at * STRIDE + 2, at * STRIDE + 2 + HOUSE) for at in (row, col))
        body[house] = round(255 * float(levels[row, col]))
        labels[house] = number * bool(real[row, col])
    ignore = np.zeros(body.shape, bool)
    if known is not None:
        ignore = ~np.kron(known, np.ones((STRIDE, STRIDE), bool))
    image = np.repeat(body[..., None], 3, 2)
    scene = Scene(name, "town", "val", 0.5, image, labels, ignore)
    return MappedScene(scene, np.stack([body, 0 * body, 0 * body]), pieces=Pieces.of(scene))


def three_plots(seed: int) -> list[MappedScene]:
    """Three checked plots of nine houses; which are real has nothing to do with the maps."""
    rng = np.random.default_rng(seed)
    known = np.zeros((3, 11), bool)
    known[:, [0, 1, 2, 4, 5, 6, 8, 9, 10]] = True
    return [quarter("a", rng.uniform(0.5, 0.95, (3, 11)), rng.random((3, 11)) < 0.6, known=known)]


def many_scenes(count: int = 40) -> list[MappedScene]:
    """Real houses are brighter than others, and many are fainter than the model's own threshold."""
    rng = np.random.default_rng(1)
    scenes = []
    for number in range(count):
        real = rng.random((3, 3)) < 0.6
        levels = np.where(real, rng.uniform(0.55, 0.95, (3, 3)), rng.uniform(0.35, 0.45, (3, 3)))
        scenes.append(quarter(f"s{number:02d}", levels, real))
    return scenes


@pytest.fixture
def short_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "geoseg.train.search.COARSE",
        {"seed_threshold": (0.5, 0.6, 0.7, 0.8), "min_mean_body": (0.3, 0.5, 0.7)},
    )
    monkeypatch.setattr("geoseg.train.search.FINE", {"seed_threshold": 0.05, "min_mean_body": 0.05})
    monkeypatch.setattr("geoseg.train.search._TOGETHER", ())
    monkeypatch.setattr("geoseg.train.choosing.SCATTERED", 0)


# --- pieces of ground ---


def test_plots_are_pieces_and_unknown_ground_is_of_the_nearest() -> None:
    plots = three_plots(0)[0]
    assert plots.pieces is not None
    number, known = plots.pieces.number, ~plots.scene.ignore
    assert [len(np.unique(number[known & (np.arange(132) // 48 == i)])) for i in range(3)] == [
        1
    ] * 3
    assert np.unique(number).tolist() == [0, 1, 2]
    assert number[0, 37] == number[0, 0] != number[0, 46] == number[0, 60]
    assert plots.pieces.wanted.sum() == len(np.unique(plots.scene.labels[known])) - 1


def test_ground_that_is_known_as_a_whole_is_cut_into_equal_parts() -> None:
    whole = quarter("a", np.full((10, 20), 0.9), np.ones((10, 20), bool))  # 60 m by 120 m
    assert whole.pieces is not None
    sizes = np.bincount(whole.pieces.number.ravel())
    assert sizes.tolist() == [sizes[0], sizes[0]]
    assert whole.pieces.wanted.tolist() == [100, 100]
    nothing = Pieces.of(replace(whole.scene, ignore=np.ones_like(whole.scene.ignore)))
    assert nothing.wanted.tolist() == [0]
    assert not nothing.number.any()


def test_draws_of_a_scene_share_their_pieces() -> None:
    scene = three_plots(0)[0].scene
    for one in drawn([scene], 3, (0.5, 0.5), 8):
        known = ~one.ignore
        rows, cols = known.shape
        expected = Pieces.of(scene).number[-rows:, -cols:]
        np.testing.assert_array_equal(Pieces.of(one).number[known], expected[known])


def test_tallies_add_up_to_the_counts() -> None:
    mapped = three_plots(3)
    own = judge_own(mapped, OWN, Rule({"town": 1}))
    tally, counts = own.tallies["town"].sum(axis=0), own.counts["town"]
    assert counts.predicted > counts.matched > 0
    assert tally[[MATCHED, PREDICTED, WANTED]].tolist() == [
        counts.matched, counts.predicted, counts.wanted,
    ]  # fmt: skip
    assert tally[[FOUND_PIXELS, WANTED_PIXELS]].tolist() == [
        counts.found_pixels, counts.wanted_pixels,
    ]  # fmt: skip
    twice = judge_own(mapped * 2, OWN, Rule({"town": 1})).tallies["town"]
    np.testing.assert_array_equal(twice, 2 * own.tallies["town"])


def test_the_error_of_a_mean_is_that_of_the_text_books() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    left_out = (values.sum() - values) / 4
    assert jackknife_variance(left_out) == pytest.approx(values.var(ddof=1) / 5)
    assert jackknife_variance(np.zeros(0)) == 0


# --- the rule ---


def test_a_bias_that_may_be_chance_is_within_the_limit() -> None:
    rule, tally = Rule({"town": 1}, max_area_bias=0.03), np.zeros((3, 5))
    tally[:, WANTED_PIXELS], tally[:, FOUND_PIXELS] = 100, (130, 100, 85)
    error = bias_error({"town": tally}, rule)
    assert error == pytest.approx(0.133, abs=0.005)
    assert replace(rule, bias_error=error).limit == pytest.approx(np.hypot(0.03, error))
    assert bias_error({"town": np.tile(tally, (100, 1))}, rule) < 0.015
    assert rule.limit == 0.03


def test_true_areas_are_a_gain_unless_thresholds_will_follow() -> None:
    rule, tally = Rule({"town": 1}, max_area_bias=0.03), np.zeros((6, 5))
    tally[:, [MATCHED, PREDICTED, WANTED, WANTED_PIXELS]] = 7, 10, 10, 100
    large, true = tally.copy(), tally.copy()
    large[:, FOUND_PIXELS], true[:, FOUND_PIXELS] = 110, 101
    own, other = (
        Judgement(OWN, 0.0, {}, 0.7, bias, max(0.0, bias - 0.03), tallies={"town": one})
        for bias, one in ((0.1, large), (0.01, true))
    )
    proof = proof_of(own, [own, other], rule)
    assert proof.gain == 0
    assert proof.merit == pytest.approx(0.07)
    assert proof.holds
    assert not proof_of(other, [own, other], rule).holds
    assert not proof_of(own, [own, other], rule, lenient=True).holds
    assert not replace(proof, gain=-0.02, error=0.03).holds


def test_steps_have_a_price_in_buildings() -> None:
    few = Standing(OWN, 0.1, 20.0)
    assert few.strayed(OWN, 0.1) == 0
    other = OWN.model_copy(update={"seed_threshold": 0.6, "contact_weight": 0.75})
    assert few.strayed(other, 0.1) == pytest.approx((2 + 1 + 2) / 20)  # joins move with the seeds
    assert few.strayed(OWN, 0.2) == pytest.approx(2 / 20)
    assert replace(few, buildings=20_000.0).strayed(other, 0.2) < 0.001
    assert replace(few, buildings=0.0).strayed(OWN, 0.1) == 0


@pytest.mark.usefixtures("short_search")
@pytest.mark.parametrize("seed", range(6))
def test_three_plots_of_noise_move_nothing(seed: int) -> None:
    mapped, rule, all_found = three_plots(seed), Rule({"town": 1}), OWN.model_copy(update=ALL)
    loose = search(lambda tried: judge(mapped, tried, rule), all_found)
    chosen = choose(mapped, all_found, rule)
    assert loose.decoding != all_found  # there was something to fall for
    assert chosen.best.decoding == all_found
    assert not chosen.proof.holds
    assert chosen.proof.pieces == 3
    calibration, validation = calibrated(chosen)
    assert calibration is None
    assert validation.kept
    metadata = Metadata(name="m", halo_px=16, validation=validation)
    (doubt,) = tuning_doubts(metadata)
    assert "stay as they were: of 3 pieces of labelled ground" in doubt


@pytest.mark.thorough
@pytest.mark.usefixtures("short_search")
def test_forty_scenes_with_a_clear_gain_are_tuned_as_ever() -> None:
    mapped, rule = many_scenes(), Rule({"town": 1})
    loose = search(lambda tried: judge(mapped, tried, rule), OWN)
    chosen = choose(mapped, OWN, rule)
    assert chosen.proof.pieces == 40
    assert chosen.proof.gain > 5 * chosen.proof.error > 0
    assert chosen.best.f1 == loose.f1 > judge_own(mapped, OWN, rule).f1 + 0.1
    assert chosen.best.decoding.seed_threshold < OWN.seed_threshold
    _, validation = calibrated(chosen)
    assert not validation.kept
    assert validation.gain == pytest.approx(chosen.proof.gain, abs=1e-4)


@pytest.mark.usefixtures("short_search")
def test_a_single_piece_of_ground_proves_nothing() -> None:
    chosen = choose(many_scenes(1), OWN, Rule({"town": 1}))
    assert chosen.best.decoding == OWN
    _, validation = calibrated(chosen)
    (doubt,) = tuning_doubts(Metadata(name="m", halo_px=16, validation=validation))
    assert "1 piece of labelled ground cannot tell" in doubt


def a_prior() -> Calibration:
    qualities, right, _ = some_buildings(2000)
    return fit(qualities, right).model_copy(update={"min_probability": 0.2})


@pytest.mark.usefixtures("short_search")
def test_what_stays_stays_as_a_whole() -> None:
    prior = a_prior()
    chosen = choose(three_plots(0), OWN, Rule({"town": 1}, prior=prior))
    calibration, validation = calibrated(chosen)
    assert validation.kept
    assert chosen.best.min_probability == 0.2
    assert calibration == prior


def test_few_buildings_hardly_move_a_calibration_and_many_do() -> None:
    prior = a_prior()

    def moved(count: int, start: Calibration | None = prior) -> float:
        qualities, right, _ = some_buildings(count, seed=5)
        after = fit(qualities, ~right, start)
        return max(
            float(np.abs(np.subtract(after.curves[name].adds, curve.adds)).max())
            for name, curve in prior.curves.items()
        )

    assert moved(6) < 2
    assert min(moved(6, None), moved(3000)) > 4
    qualities, right, _ = some_buildings(600)
    many = Evidence(qualities, right, right, np.ones(600, bool), np.arange(600) % 3)
    assert many.taught(prior) == many.taught() == fit(qualities, right)
    few = replace(many, teaches=np.arange(600) < 100)
    assert few.taught(prior) != few.taught()


def test_an_older_record_says_nothing_of_pieces() -> None:
    old = Validation(place_weights={"a": 1}, max_area_bias=0.03, f1=0.6, area_bias=0, folds="none")
    assert not old.kept
    assert old.gain is None

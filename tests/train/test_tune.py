"""Thresholds and calibration from held-out scenes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import invoke
from numpy.typing import NDArray

from geoseg.attributes.confidence import Qualities, presences, probabilities
from geoseg.errors import DatasetError, GeosegError, OutputInUseError, UsageError
from geoseg.files.atomic import scratch_folder
from geoseg.models import DEFAULT_WEIGHTS
from geoseg.models.averaged import AveragedModel
from geoseg.models.card import count_parameters, render_card
from geoseg.models.dense import TorchDenseModel
from geoseg.models.network import build_network
from geoseg.models.records import Calibration, Curve
from geoseg.models.weights import (
    Architecture,
    Decoding,
    Metadata,
    load_weights,
    read_metadata,
    save_weights,
)
from geoseg.progress import ProgressReport
from geoseg.scenes.scene import Scene, load_scene, save_scene
from geoseg.train import tune_model
from geoseg.train.calibrate import Evidence, brier, calibration_error, enough, fit, fit_odds, select
from geoseg.train.choosing import Chosen
from geoseg.train.decoded import MappedScene, decode, decode_scenes, labels_of
from geoseg.train.doubts import FLATTERED
from geoseg.train.draws import drawn
from geoseg.train.judge import (
    Judgement,
    Rule,
    cross_fit,
    evidence_of,
    judge,
    leniently,
    strictly,
)
from geoseg.train.proof import Proof
from geoseg.train.scoring import count, match
from geoseg.train.search import COARSE, SCATTERED, search
from geoseg.train.tune import TuneOptions, calibrated, place_weights, tune

SMALL = Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8))


def make_scene(name: str = "a", *, place: str = "town", seed: int = 0, side: int = 160) -> Scene:
    """Numbered houses in a lattice, with small huts of the same grey that nobody labelled."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((side, side), np.uint16)
    grey = np.full((side, side), 50)
    for number, (row, col) in enumerate(np.ndindex(side // 20, side // 20)):
        height, width = rng.integers(9, 12, 2)
        top, left = row * 20 + 1, col * 20 + 1
        labels[top : top + height, left : left + width] = number + 1
        grey[top : top + height, left : left + width] = 220
        if number % 2:
            huts = slice(top + 13, top + 18), slice(left + 2, left + 7)
            grey[huts] = 220
    image = np.repeat(grey[..., None], 3, 2) + rng.integers(-3, 4, (side, side, 1))
    return Scene(
        name, place, "val", 0.5, image.astype(np.uint8), labels, np.zeros((side, side), bool)
    )


def mapped(scene: Scene) -> MappedScene:
    maps = np.zeros((3, *scene.labels.shape), np.uint8)
    maps[0] = scene.image[..., 0]
    return MappedScene(scene, maps)


def town(seed: int = 0) -> list[MappedScene]:
    return [mapped(make_scene(p, place=p, seed=seed + i)) for i, p in enumerate("xyz")]


START = Decoding(edge_weight=0.0)


# --- decoding and matching ---


def test_clusters_are_painted_back_as_they_were_decoded() -> None:
    maps = np.zeros((3, 40, 60), np.uint8)
    maps[0, 5:35, 0:50] = 230
    maps[0, 15:20, 10:20] = 0  # a courtyard
    maps[1, :, 29:31] = 250
    scene = replace(
        make_scene(),
        image=np.zeros((40, 60, 3), np.uint8),
        labels=np.zeros((40, 60), np.uint16),
        ignore=np.zeros((40, 60), bool),
    )
    labels = labels_of(decode(MappedScene(scene, maps), START), 40, 60)
    np.testing.assert_array_equal(labels > 0, maps[0] > 0)
    assert set(np.unique(labels)) == {0, 5 * 60 + 0 + 1, 5 * 60 + 30 + 1}
    np.testing.assert_array_equal(np.unique(labels[:, :29]), [0, 5 * 60 + 1])


def test_a_match_adds_up_to_the_counts_of_what_is_kept() -> None:
    scene = make_scene()
    ignore = scene.ignore.copy()
    ignore[:, 100:] = True
    labels = labels_of(decode(mapped(scene), START), *scene.labels.shape)
    matched = match(labels, scene.labels, ignore)
    assert matched.counts(np.ones(len(matched.found), bool)) == count(labels, scene.labels, ignore)
    keep = np.zeros(len(matched.found), bool)
    keep[np.unique(labels)[1:5]] = True
    alone = np.where(np.isin(labels, np.unique(labels)[1:5]), labels, 0).astype(np.int32)
    assert matched.counts(keep) == count(alone, scene.labels, ignore)
    assert 0 < matched.counts(keep).predicted < matched.counts(~keep).predicted


def test_two_halves_of_a_building_are_one_match() -> None:
    wanted = np.zeros((20, 20), np.uint16)
    wanted[5:15, 4:16] = 1
    halves = np.zeros((20, 20), np.int32)
    halves[5:15, 4:10], halves[5:15, 10:16] = 1, 2
    counts = count(halves, wanted, np.zeros((20, 20), bool))
    assert (counts.matched, counts.predicted, counts.wanted) == (1, 2, 1)
    assert counts.area_bias == 0
    assert counts.precision == 0.5
    assert counts.recall == 1


# --- calibration ---


def some_buildings(count: int, seed: int = 0) -> tuple[Qualities, np.ndarray, np.ndarray]:
    """Buildings that are right with a probability that area and free walls decide."""
    rng = np.random.default_rng(seed)
    qualities = Qualities(
        rng.uniform(0.5, 1, count),
        np.exp(rng.uniform(2, 6, count)),
        rng.uniform(0, 1, count),
        np.full(count, np.inf),
    )
    log_odds = 1.5 * np.log(qualities.area_m2 / 40) + 2 * (qualities.free_walls - 0.5)
    truth = 1 / (1 + np.exp(-log_odds))
    return qualities, rng.random(count) < truth, truth


def test_the_fit_finds_the_true_probabilities() -> None:
    qualities, right, _ = some_buildings(6000)
    fresh, outcome, fresh_truth = some_buildings(6000, seed=1)
    told = probabilities(fit(qualities, right), fresh)
    assert np.abs(told - fresh_truth).mean() < 0.03
    assert calibration_error(told, outcome) < 0.03
    assert calibration_error(fresh.mean_body, outcome) > 0.15
    assert brier(told, outcome) < brier(np.full(6000, right.mean()), outcome) - 0.05
    assert brier(fresh_truth, outcome) <= brier(told, outcome)


def test_curves_only_rise_even_where_the_data_fall() -> None:
    qualities, right, _ = some_buildings(2000)
    curves = fit(qualities, ~right).curves
    assert all(curve.adds == tuple(sorted(curve.adds)) for curve in curves.values())
    assert max(curves["area_m2"].adds) == 0


def test_calibration_error_by_hand() -> None:
    probability = np.array([0.05, 0.05, 0.95, 1.0])
    right = np.array([False, True, True, False])
    # Bin 0: |0.1 - 1|, the last bin: |1.95 - 1|, over four buildings.
    assert calibration_error(probability, right) == pytest.approx((0.9 + 0.95) / 4)
    assert calibration_error(np.zeros(0), np.zeros(0, bool)) == 0


def test_a_fold_is_judged_by_the_others_alone() -> None:
    qualities, right, _ = some_buildings(900)
    fold = np.repeat([0, 1, 2], 300)
    teaches = np.ones(900, bool)
    teaches[::7] = False
    evidence = Evidence(qualities, right, right, teaches, fold)
    unseen = evidence.unseen()
    others = teaches & (fold != 1)
    expected = fit(select(qualities, others), right[others])
    assert unseen is not None
    assert unseen[1] == expected
    turned = np.where(fold == 1, ~right, right)
    again = replace(evidence, right=turned).unseen()
    assert again is not None
    assert [again[number] == unseen[number] for number in range(3)] == [False, True, False]


def test_presence_is_fitted_to_what_is_there() -> None:
    qualities, right, _ = some_buildings(900)
    there = right | (qualities.area_m2 > 60)
    evidence = Evidence(qualities, right, there, np.arange(900) % 9 > 0, np.arange(900) % 3)
    taught = evidence.teaches
    expected = fit_odds(select(qualities, taught), there[taught])
    assert evidence.presence() == expected
    told = presences(Calibration(intercept=0, curves={}, presence=expected), qualities)
    assert calibration_error(told, there) < 0.05 < calibration_error(told, right)
    before = evidence.taught().model_copy(update={"presence": expected})
    nearly = replace(evidence, there=np.arange(900) > 8)
    assert nearly.presence(before) == expected  # nine are too few
    assert nearly.presence() is None
    few = replace(evidence, teaches=np.arange(900) < 100)
    assert few.presence(before) != few.presence()  # leans on what was known


def test_tuning_fits_the_presence_to_labels() -> None:
    mapped, rule = town(), Rule({"x": 1, "y": 1, "z": 1}, max_area_bias=0.2)
    proof = Proof(pieces=3, gain=0.1, error=0.0, merit=0.1, merit_error=0.0)
    calibration, _ = calibrated(
        Chosen(mapped, rule, judge(mapped, START, rule), proof, calibrates=True)
    )
    scenes = decode_scenes(mapped, START)
    told = np.concatenate([presences(calibration, scene.qualities) for scene in scenes])
    there = np.concatenate([scene.there for scene in scenes])
    for scene, one in zip(scenes, mapped, strict=True):
        clusters = decode(one, START)
        painted = labels_of(clusters, *one.scene.labels.shape)
        on = [(one.scene.labels[painted == label] > 0).mean() for label in scene.label.tolist()]
        assert (np.array(on) >= 0.5).tolist() == scene.there.tolist()
    assert 0 < there.sum() < len(there)
    assert told[there].min() > told[~there].max()
    assert told.sum() == pytest.approx(there.sum(), rel=0.01)


def test_a_calibration_knows_how_small_buildings_usually_were() -> None:
    qualities, right, _ = some_buildings(300)
    assert fit(qualities, right).house_m2 == 0
    usual_m2 = np.where(np.arange(300) < 60, np.inf, np.where(np.arange(300) < 90, 30.0, 80.0))
    assert fit(replace(qualities, usual_m2=usual_m2), right).house_m2 == 30.0
    usual_m2[60:82] = 80.0
    assert fit(replace(qualities, usual_m2=usual_m2), right).house_m2 == 80.0


def test_too_few_buildings_are_not_calibrated_on() -> None:
    assert not enough(np.arange(30) % 2 == 0)
    assert not enough(np.ones(500, bool))
    assert enough(np.arange(50) % 2 == 0)
    qualities, right, _ = some_buildings(300)
    single = Evidence(qualities, right, right, np.ones(300, bool), np.zeros(300, np.int64))
    assert single.unseen() is None


# --- the rule and the search ---


def test_unlikely_buildings_are_dropped_where_that_helps() -> None:
    rule = Rule({"x": 1, "y": 1, "z": 1}, max_area_bias=0.2)
    judged = judge(town(), START, rule)
    everything = decode_scenes(town(), START)
    plain = sum(one.counts(np.ones(len(one.label), bool)).f1 for one in everything) / 3
    assert judged.min_probability > 0
    assert judged.f1 > plain + 0.05
    assert judged.f1 > 0.99


@pytest.mark.thorough
def test_places_without_weight_neither_teach_nor_count() -> None:
    places = town()
    rule = Rule({"x": 1, "y": 1, "z": 0})
    evidence = evidence_of(decode_scenes(places, START), rule)
    outside = evidence.fold == -1
    assert outside.any()
    assert not evidence.teaches[outside].any()
    emptied = [*places[:2], replace(places[2], maps=np.zeros_like(places[2].maps))]
    assert judge(places, START, rule).f1 == judge(emptied, START, rule).f1
    assert judge(places, START, rule).counts["z"].f1 > judge(emptied, START, rule).counts["z"].f1


def test_one_place_is_cross_fitted_by_scene() -> None:
    scenes = [mapped(make_scene(name, seed=i)) for i, name in enumerate("abc")]
    rule = Rule({"town": 1})
    assert np.unique(evidence_of(decode_scenes(scenes, START), rule).fold).tolist() == [0, 1, 2]
    assert judge(scenes[:1], START, rule).min_probability == 0
    same = [replace(one, scene=replace(one.scene, name="a")) for one in scenes]
    assert (
        judge(same, START, rule).min_probability == 0
    )  # draws of one scene teach each other nothing


def rows_and_halls(name: str) -> MappedScene:
    """Rows of three houses and small halls with two ridges, parted by the same faint lines."""
    labels, body = np.zeros((240, 240), np.uint16), np.full((240, 240), 10, np.uint8)
    rng = np.random.default_rng(ord(name))
    for number, (row, col) in enumerate(np.ndindex(8, 8)):
        is_row = number % 2
        height, third = rng.integers(18, 21) if is_row else 9, 7 if is_row else 3
        below, left = row * 30 + 2 + height, col * 30 + 2
        for part in range(3):
            begin, end = left + part * third, left + (part + 1) * third
            body[row * 30 + 2 : below, begin:end] = 240
            body[row * 30 + 2 : below, end - 1] = 240 if part == 2 else 150
            labels[row * 30 + 2 : below, begin:end] = 3 * number + 1 + part * is_row
    image = np.repeat(body[..., None], 3, 2)
    scene = Scene(name, name, "val", 0.5, image, labels, np.zeros(labels.shape, bool))
    return MappedScene(scene, np.stack([body, 0 * body, 0 * body]))


@pytest.mark.thorough
def test_seeds_that_meet_are_joined_where_that_is_likelier() -> None:
    scenes = [rows_and_halls(name) for name in "xyz"]
    rule = Rule(dict.fromkeys("xyz", 1.0), max_area_bias=1.0)
    apart = Decoding(seed_threshold=0.7, edge_weight=0.0)
    joining = apart.model_copy(update={"join_threshold": 0.5})
    together = apart.model_copy(update={"seed_threshold": 0.5})
    assert judge(scenes, joining, rule).f1 > 0.99
    assert max(judge(scenes, other, rule).f1 for other in (apart, together)) < 0.9
    fitted = cross_fit(scenes, joining, rule)
    assert [len(scene.label) for scene in fitted.scenes] == [32 + 3 * 32] * 3
    assert len(fitted.evidence.right) == 3 * (3 * 64 + 64)


@pytest.mark.thorough
def test_a_prior_rates_where_one_scene_teaches_too_little() -> None:
    joining = Decoding(seed_threshold=0.7, edge_weight=0.0, join_threshold=0.5)
    others = [rows_and_halls(name) for name in "xyz"]
    wide = Rule(dict.fromkeys("xyz", 1.0), max_area_bias=1.0)
    prior = cross_fit(others, joining, wide).evidence.taught()
    one = [rows_and_halls("w")]
    alone = Rule({"w": 1.0}, max_area_bias=1.0)
    assert judge(one, joining, alone).f1 < 0.9
    assert judge(one, joining, replace(alone, prior=prior)).f1 > 0.99
    assert not cross_fit(one, joining, replace(alone, prior=prior)).learnt
    assert cross_fit(others, joining, replace(wide, prior=prior)).learnt


def judgement(decoding: Decoding, f1: float, bias: float) -> Judgement:
    return Judgement(decoding, 0.0, {}, f1, bias, max(0.0, bias - 0.03))


def test_true_areas_go_before_f1() -> None:
    honest, biased, worse = (
        judgement(START, f1, bias) for f1, bias in ((0.5, 0.02), (0.6, 0.04), (0.7, 0.2))
    )
    assert max([honest, biased, worse], key=strictly) is honest
    assert max([biased, worse], key=strictly) is biased
    assert max([honest, biased, worse], key=leniently) is biased


def test_the_search_climbs_to_the_top_and_looks_nowhere_twice() -> None:
    best = Decoding(
        body_threshold=0.35,
        seed_threshold=0.65,
        contact_weight=0.75,
        edge_weight=0.25,
        min_mean_body=0.45,
    )
    seen: list[Decoding] = []

    def hill(tried: Decoding) -> Judgement:
        seen.append(tried)
        far = sum(abs(value - getattr(best, name)) for name, value in tried)
        return judgement(tried, 1 - far, 0.0)

    told: list[int] = []
    top = search(hill, Decoding(), lambda judged, _: told.append(judged))
    assert top.decoding == best
    assert len(set(seen)) == len(seen) == told[-1]
    assert len(seen) < 130 < np.prod([len(values) for values in COARSE.values()])


def test_the_search_crosses_what_is_beyond_the_limit() -> None:
    best = Decoding(body_threshold=0.3, seed_threshold=0.7, min_mean_body=0.6, edge_weight=0.0)

    def ridge(tried: Decoding) -> Judgement:
        far = sum(abs(value - getattr(best, name)) for name, value in tried)
        return judgement(tried, 1 - far, 0.02 if far < 0.01 or tried == START else 0.1)

    assert search(ridge, START).decoding == best


def test_the_search_leaves_the_hill_that_it_stands_on() -> None:
    high = Decoding(body_threshold=0.6, seed_threshold=0.85, edge_weight=1.0, min_mean_body=0.7)

    def hills(tried: Decoding) -> Judgement:
        low_far, far = (
            sum(abs(value - getattr(top, name)) for name, value in tried) for top in (START, high)
        )
        return judgement(tried, max(0.6 - 2 * low_far, 1 - far), 0.0)

    assert search(hills, START).decoding == START
    assert search(hills, START, scattered=SCATTERED).decoding == high


# --- the whole ---


def test_weights_of_places() -> None:
    blobs = replace(make_scene("b", place="city"), blobs=True)
    scenes = [make_scene(), blobs]
    assert place_weights(scenes, {}) == {"city": 0, "town": 1}
    assert place_weights([blobs], {}) == {"city": 1}
    desert = replace(make_scene("d", place="desert"), labels=np.zeros((160, 160), np.uint16))
    assert place_weights([*scenes, desert], {}) == {"city": 0, "desert": 0, "town": 1}
    assert place_weights(scenes, {"city": 2}) == {"city": 2, "town": 0}
    with pytest.raises(UsageError, match="no held-out place vilage; there are city, town"):
        place_weights(scenes, {"vilage": 1})
    with pytest.raises(UsageError, match="weight 0"):
        place_weights(scenes, {"city": 0})
    with pytest.raises(DatasetError, match="no scene of the split 'val'"):
        place_weights([], {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"gsd_ranges": ((0.4, 0.3),)},
        {"place_weights": {"a": -1.0}},
        {"max_area_bias": -0.1},
        {"draws": 0},
    ],
    ids=str,
)
def test_options_that_cannot_be_meant(wrong: Any) -> None:
    with pytest.raises(UsageError, match=r"pixel sizes|negative|draws is 1 or more"):
        TuneOptions(**wrong)


def read_off(_self: TorchDenseModel, images: np.ndarray) -> np.ndarray:
    """Maps for tests: the first band is body."""
    maps = np.zeros((len(images), 3, *images.shape[2:]), np.float32)
    maps[:, 0] = images[:, 0] / np.float32(255)
    return maps


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.safetensors"
    metadata = Metadata(
        name="small", architecture=SMALL, gsd_m=(0.5, 0.6), halo_px=80, notes=("Old.",)
    )
    save_weights(build_network(SMALL).state_dict(), metadata, path)
    return path


@pytest.fixture
def chips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(TorchDenseModel, "predict_maps", read_off)
    monkeypatch.setattr("geoseg.train.search.COARSE", {"min_mean_body": (0.5, 0.6)})
    monkeypatch.setattr("geoseg.train.search.FINE", {"seed_threshold": 0.05})
    monkeypatch.setattr("geoseg.train.search._TOGETHER", ())
    monkeypatch.setattr("geoseg.train.choosing.SCATTERED", 0)
    for i, place in enumerate(("east", "west")):
        save_scene(make_scene(place, place=place, seed=i), tmp_path / "chips")
    return tmp_path / "chips"


@pytest.mark.thorough
def test_tune_writes_thresholds_calibration_scores_and_card(
    model_file: Path, chips: Path, tmp_path: Path
) -> None:
    output, card = tmp_path / "tuned.safetensors", tmp_path / "tuned.html"
    options = ["--scenes", chips, "-o", output, "--html", card, "--note", "<b>Nice</b>.", "--json"]
    told = invoke("tune", model_file, *options, "--max-area-bias", "0.1")
    assert told.exit_code == 0, told.output
    before, after = read_metadata(model_file), read_metadata(output)
    assert after.validation is not None
    assert after.calibration is not None
    assert after.validation.folds == "places"
    assert after.validation.f1 > 0.99
    assert after.validation.ece < after.validation.ece_raw
    assert after.metrics["east"]["buildings"] == 64
    assert after.notes == ("<b>Nice</b>.",)
    assert after.gsd_m == before.gsd_m
    old, new = load_weights(model_file)[0], load_weights(output)[0]
    assert old.keys() == new.keys()
    assert all(bool((old[name] == new[name]).all()) for name in old)
    summary = json.loads(told.stdout)
    assert summary["metrics"] == after.metrics
    assert summary["output"] == str(output)
    assert summary["html"] == str(card)
    text = render_card(output)
    assert "east | 0.50 | 64 |" in text
    assert "turned" not in text
    page = card.read_text()
    assert re.search(r"<td>east</td>\s*<td>0.50</td>\s*<td>64</td>", page)
    assert "&lt;b&gt;Nice&lt;/b&gt;." in page
    assert "<b>Nice" not in page
    for path in chips.glob("*.npz"):
        save_scene(replace(load_scene(path), split="train"), chips)
    own = ["--max-area-bias", "0.1", "--overwrite", "--split", "all"]
    assert invoke("tune", model_file, *options, *own).exit_code == 0
    learnt = read_metadata(output)
    assert learnt.metrics == after.metrics
    assert learnt.notes == ("<b>Nice</b>.", FLATTERED)
    for path in chips.glob("*.npz"):
        save_scene(replace(load_scene(path), split="val"), chips)
    again = invoke("tune", output, *options, "--max-area-bias", "0.1", "--tta", "--overwrite")
    assert again.exit_code == 0, again.output
    assert "mean over the image and itself turned" in card.read_text()
    assert "mean over the image and itself turned" in render_card(output)


@pytest.mark.thorough
@pytest.mark.usefixtures("chips")
def test_a_calibration_stays_where_a_single_scene_cannot_give_another(
    model_file: Path, tmp_path: Path
) -> None:
    scenes = [make_scene(place, place=place, seed=i) for i, place in enumerate(("east", "west"))]
    state, _ = load_weights(model_file)
    wide = TuneOptions(max_area_bias=0.1)
    before = tune(TorchDenseModel.from_file(model_file, device="cpu"), scenes, wide)
    assert before.calibration is not None
    inherited = before.calibration.model_copy(update={"inherited": True})
    path = tmp_path / "fine.safetensors"
    save_weights(state, before.model_copy(update={"calibration": inherited}), path)
    after = tune(TorchDenseModel.from_file(path, device="cpu"), scenes[:1], wide)
    assert after.calibration is not None
    assert after.calibration == inherited
    assert after.validation is not None
    assert after.validation.ece is None
    save_scene(scenes[0], tmp_path / "one")
    options = ["--scenes", tmp_path / "one", "-o", tmp_path / "again.safetensors"]
    told = invoke("tune", path, *options, "--max-area-bias", "0.1")
    assert "confidence  as the model had it before: too few" in told.output
    again = tune(TorchDenseModel.from_file(path, device="cpu"), scenes, wide)
    assert again.calibration is not None
    assert not again.calibration.inherited


@pytest.mark.thorough
@pytest.mark.usefixtures("chips")
def test_the_better_pixel_size_is_declared(model_file: Path) -> None:
    scenes = [make_scene(p, place=p, seed=i) for i, p in enumerate(("east", "west"))]
    model = TorchDenseModel.from_file(model_file, device="cpu")
    ranges = ((2.0, 2.5), (0.5, 0.6))
    told: list[ProgressReport] = []
    chosen = tune(model, scenes, TuneOptions(ranges, max_area_bias=0.1), told.append)
    assert chosen.gsd_m == (0.5, 0.6)
    assert ProgressReport("predicting scenes", 1, 2, "scenes") in told
    assert chosen == tune(model, scenes, TuneOptions(ranges, max_area_bias=0.1))


@pytest.mark.usefixtures("chips")
def test_thresholds_are_chosen_on_the_maps_of_prediction(
    model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = [make_scene("east", place="east")]
    model = TorchDenseModel.from_file(model_file, device="cpu")
    seen: list[bool] = []
    look = AveragedModel.predict_maps

    def spy(model: AveragedModel, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(True)
        return look(model, images)

    def chosen(before: Metadata, *, tta: bool | None) -> tuple[bool, ...]:
        seen.clear()
        model.metadata = before
        found = tune(model, scenes, TuneOptions(((0.5, 0.5),), tta=tta))
        return found.tta, found.tta_native, bool(seen)

    monkeypatch.setattr(AveragedModel, "predict_maps", spy)
    one, both = model.metadata, model.metadata.model_copy(update={"tta": True})
    native = model.metadata.model_copy(update={"tta_native": True})
    assert chosen(one, tta=None) == (False, False, False)
    assert chosen(one, tta=True) == (True, False, True)
    assert chosen(both, tta=None) == (True, False, True)
    assert chosen(both, tta=False) == chosen(native, tta=False) == (False, False, False)
    assert chosen(native, tta=None) == (False, True, True)
    scenes = [replace(scenes[0], gsd_m=0.6)]  # enlarged
    assert chosen(native, tta=None) == (False, True, False)


@pytest.mark.thorough
@pytest.mark.usefixtures("chips")
def test_draws_are_other_cuts_of_the_same_scenes(model_file: Path) -> None:
    scenes = [make_scene(p, place=p, seed=i) for i, p in enumerate(("east", "west"))]
    moved = drawn(scenes, 3, (0.5, 0.6), 8)
    assert [scene.name for scene in moved] == ["east", "west"] * 3
    assert len({scene.labels.shape for scene in moved}) > 1
    for one, other in zip(moved, scenes * 3, strict=True):
        rows, cols = np.array(other.labels.shape) - one.labels.shape
        assert 0 <= max(rows, cols) < 8
        np.testing.assert_array_equal(one.image, other.image[rows:, cols:])
        np.testing.assert_array_equal(one.labels, other.labels[rows:, cols:])
    model = TorchDenseModel.from_file(model_file, device="cpu")
    chosen = tune(model, scenes, TuneOptions(max_area_bias=0.1, draws=3))
    assert chosen.validation is not None
    assert chosen.validation.draws == 3
    assert chosen.metrics["east"]["buildings"] == 64
    assert drawn(scenes, 1, (0.5, 0.6), 8) == scenes


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "t.pt"], "allowed are .safetensors"),
        (["-o", "small.safetensors"], "is there already"),
        (["-o", "none/t.safetensors"], "does not exist"),
        (["-o", "t.safetensors", "--html", "none/card.html"], "does not exist"),
        (["-o", "t.safetensors", "--gsd-range", "0.3"], "takes two numbers"),
        (["-o", "t.safetensors", "--gsd-range", "0.5,0.3"], "the lower first"),
        (["-o", "t.safetensors", "--place-weights", "east"], "takes place=weight"),
        (["-o", "t.safetensors", "--place-weights", "north=1"], "no held-out place north"),
        (["-o", "t.safetensors", "--split", "test"], "must be one of val, train, all"),
    ],
)
def test_wrong_usage_is_one_sentence(
    model_file: Path,
    chips: Path,
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(model_file.parent)
    told = invoke("tune", model_file, "--scenes", chips, *arguments)
    assert isinstance(told.exception, GeosegError)
    assert sentence in str(told.exception)


@pytest.mark.thorough
def test_data_without_held_out_scenes(model_file: Path, tmp_path: Path) -> None:
    save_scene(replace(make_scene(), split="train"), tmp_path / "chips")
    told = invoke(
        "tune", model_file, "--scenes", tmp_path / "chips", "-o", tmp_path / "t.safetensors"
    )
    assert isinstance(told.exception, DatasetError)
    assert "split 'val'" in str(told.exception)


# --- cards ---


def test_the_shipped_card_is_the_shipped_models() -> None:
    card = DEFAULT_WEIGHTS.with_suffix(".md").read_text(encoding="utf-8")
    assert card == render_card(DEFAULT_WEIGHTS)


def test_a_card_of_a_bare_file(model_file: Path) -> None:
    text = render_card(model_file)
    assert "raw mean of body, not calibrated" in text
    assert "## Scores" not in text
    assert "## Notes\n\nOld." in text
    trained = sum(p.numel() for p in build_network(SMALL).parameters())
    assert count_parameters(model_file) == trained


def test_curves_stand_in_the_card(model_file: Path, tmp_path: Path) -> None:
    tensors, metadata = load_weights(model_file)
    qualities, right, _ = some_buildings(200)
    calibration = fit(qualities, right)
    path = tmp_path / "calibrated.safetensors"
    save_weights(tensors, metadata.model_copy(update={"calibration": calibration}), path)
    curve = calibration.curves["area_m2"]
    assert isinstance(curve, Curve)
    assert f"| adds | {' | '.join(f'{value:g}' for value in curve.adds)} |" in render_card(path)


def test_an_output_that_another_run_tunes_is_refused_before_the_work(tmp_path: Path) -> None:
    target = tmp_path / "town.safetensors"
    with (
        scratch_folder(target),
        pytest.raises(OutputInUseError, match=r"safetensors is being written by another run"),
    ):
        tune_model("default", target, scenes=tmp_path)
    assert not list(tmp_path.iterdir())

"""Fine-tuning: halves of the ground judge each other, and what is handed out is never worse than the start."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from small_model import shaken, written
from typer.testing import CliRunner

from geoseg.cli import app
from geoseg.errors import DatasetError
from geoseg.models.weights import Architecture, Decoding, load_weights, read_metadata
from geoseg.scenes.scene import Scene, save_scene
from geoseg.train import handing
from geoseg.train.config import TrainConfig
from geoseg.train.decoded import MappedScene
from geoseg.train.halves import halves, parts_of
from geoseg.train.handing import CHOICES, Handed, _crossed, choice, hand_out
from geoseg.train.judge import Judgement, Rule, judge_own
from geoseg.train.results import Training
from geoseg.train.scoring import Counts
from geoseg.train.watch import quietly
from tests.train.test_standing import OWN, quarter

if TYPE_CHECKING:
    from geoseg.train.run import Trained

ARCHITECTURE = Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8))
DECODING = Decoding(
    body_threshold=0.5, seed_threshold=0.5, contact_weight=0, edge_weight=0, min_mean_body=0.5
)
PLOT, GAP, PLOTS = 40, 24, 4


def plots(name: str = "a", *, seed: int = 0, count: int = PLOTS) -> Scene:
    """Bright houses in checked plots beside each other; a house stands in unknown ground, too."""
    rng = np.random.default_rng(seed)
    side = PLOT + GAP
    labels = np.zeros((PLOT, side * count), np.uint16)
    ignore = np.ones(labels.shape, bool)
    for plot in range(count):
        left = plot * side
        ignore[:, left : left + PLOT] = False
        labels[4:16, left + 4 : left + 18] = 3 * plot + 1
        labels[22:36, left + 10 : left + 22] = 3 * plot + 2
        labels[10:20, left + PLOT + 4 : left + PLOT + 14] = 3 * plot + 3
    image = np.where(labels[..., None] > 0, 210, 60) + rng.integers(-9, 10, (*labels.shape, 3))
    return Scene(name, "town", "train", 0.5, image.astype(np.uint8), labels, ignore)


def train(config: TrainConfig, **options: bool) -> Trained:
    """A whole training; the trainer takes seconds to load, and other processes need none of it."""
    from geoseg.train.run import train

    return train(config, **options)


def configured(folder: Path, **changed: Any) -> TrainConfig:
    start = folder / "model.safetensors"
    if not start.exists():
        written(folder, ARCHITECTURE, gsd_m=(0.5, 0.5), decoding=DECODING)
    raw: dict[str, Any] = {
        "output": folder / "out",
        "start": start,
        "model_gsd_m": (0.5, 0.5),
        "data": {"scenes": folder, "crop_px": 32, "gsd_m": (0.5, 0.5), "workers": 0},
        "schedule": {
            "batch": 2, "max_steps": 4, "steps_per_round": 2, "warmup_steps": 0, "learning_rate": 0.01,
            "ema_decay": 0.5,
        },
        "compute": {"accelerator": "cpu", "precision": "32-true", "threads": 1},
    }  # fmt: skip
    return TrainConfig.model_validate(raw | changed)


# --- halves ---


def test_halves_share_no_ground_and_leave_none_out() -> None:
    scenes = [plots(), plots("b", count=3)]
    first, second = halves(scenes)
    for whole, one, other in zip(scenes, first, second, strict=True):
        assert not (~one.ignore & ~other.ignore).any()
        np.testing.assert_array_equal(~one.ignore | ~other.ignore, ~whole.ignore)
    known = [[int((~scene.ignore).sum()) for scene in half] for half in (first, second)]
    assert abs(sum(known[0]) - sum(known[1])) <= PLOT**2
    assert [half.labels.max() for half in first] == [scene.labels.max() for scene in scenes]


def test_buildings_are_dealt_evenly() -> None:
    scene = plots()
    labels = np.where(scene.labels > 5, 0, scene.labels)  # two of four plots are bare
    first, second = halves([replace(scene, labels=labels)])
    counts = [len(np.unique(one[0].labels[~one[0].ignore])) - 1 for one in (first, second)]
    assert counts == [2, 2]


@pytest.mark.parametrize(
    ("count", "built", "message"),
    [
        (1, True, "one piece of labelled ground cannot tell"),
        (3, False, "no scene shows a labelled building"),
    ],
)
def test_what_cannot_judge_is_told_before_the_training(
    tmp_path: Path, count: int, built: bool, message: str
) -> None:
    scene = plots(count=count)
    save_scene(replace(scene, labels=scene.labels * np.uint16(built)), tmp_path)
    with pytest.raises(DatasetError, match=message):
        train(configured(tmp_path))
    assert not (tmp_path / "out").exists()


def test_all_is_learnt_at_once_where_scenes_are_held_out_or_nothing_is_at_stake(
    tmp_path: Path,
) -> None:
    scene, config = plots(), configured(tmp_path)
    assert [one.config.schedule.max_steps for one in parts_of(config, [scene], [])] == [2, 1, 1]
    assert [one.scenes for one in parts_of(config, [scene], [scene])] == [[scene]]
    for changed in ({"fine_tune": False}, {"fine_tune": "norms"}, {"start": "scratch"}):
        alone = config.model_copy(update=changed)
        assert [one.config for one in parts_of(alone, [scene], [])] == [alone]


# --- what is handed out ---


def houses(*found: float) -> MappedScene:
    """Four plots of sixteen houses, and the share in each that is bright enough to be found."""
    levels, known = np.full((4, 19), 0.95), np.zeros((4, 19), bool)
    for plot, share in enumerate(found):
        mine = np.s_[:, 5 * plot : 5 * plot + 4]
        known[mine] = True
        levels[mine] = np.where(np.arange(16).reshape(4, 4) < 16 * share, 0.95, 0.5)
    return quarter("a", levels, np.ones(known.shape, bool), known=known)


def handed(**found: tuple[float, ...]) -> Handed:
    rule = Rule({"town": 1.0})
    mapped = {name: [houses(*found[name])] for name in CHOICES}
    return choice({name: judge_own(one, OWN, rule) for name, one in mapped.items()}, rule)


FAIR, GOOD = (0.5, 0.5, 0.5, 0.5), (0.75, 1, 0.75, 1)
BY_CHANCE = (1, 1, 0.25, 0)


@pytest.mark.parametrize(
    ("found", "which"),
    [
        ({"start": FAIR, "mean": FAIR, "trained": GOOD}, "trained"),
        ({"start": FAIR, "mean": GOOD, "trained": FAIR}, "mean"),
        ({"start": FAIR, "mean": FAIR, "trained": FAIR}, "start"),
        ({"start": FAIR, "mean": FAIR, "trained": BY_CHANCE}, "start"),
        ({"start": GOOD, "mean": FAIR, "trained": BY_CHANCE}, "start"),
    ],
)
def test_what_is_surely_best_on_ground_left_out_is_handed_out(
    found: dict[str, tuple[float, ...]], which: str
) -> None:
    told = handed(**found)
    assert told.which == which
    assert told.as_dict()["weights"] == which
    assert ("the start, since neither" in told.text) == (which == "start")
    assert "4 pieces of ground" in told.text


def judged(matched: int, found_pixels: int, rule: Rule) -> Judgement:
    """Sixteen houses of ten pixels in each of four plots, and sixteen buildings found."""
    tallies = {"town": np.array([[matched, 16.0, 16.0, found_pixels, 160.0]] * 4)}
    bias = abs(found_pixels / 160 - 1)
    excess = max(0.0, bias - rule.limit)
    counts = {"town": Counts(matched=4 * matched, predicted=64, wanted=64)}
    return Judgement(OWN, 0, counts, matched / 16, bias, excess, tallies=tallies)


def test_thresholds_that_follow_may_mend_the_area_of_better_weights() -> None:
    rule = Rule({"town": 1.0})
    start, better, too_large = (judged(*one, rule) for one in ((8, 160), (14, 176), (14, 240)))
    told = choice({"start": start, "mean": better, "trained": too_large}, rule)
    assert told.which == "mean"
    assert told.proof.gain == pytest.approx(6 / 16)
    told = choice({"start": start, "mean": too_large, "trained": too_large}, rule)
    assert told.which == "start"


def test_every_piece_is_judged_by_the_model_that_did_not_learn_it() -> None:
    whole = houses(*GOOD)
    (learnt,), _ = halves([whole.scene])
    first, second = (replace(whole, maps=np.full_like(whole.maps, level)) for level in (1, 2))
    crossed = _crossed(first, second, ~learnt.ignore).maps[0]
    known = ~whole.scene.ignore
    assert set(crossed[known & ~learnt.ignore].tolist()) == {2}
    assert set(crossed[known & learnt.ignore].tolist()) == {1}


@pytest.mark.thorough
def test_scenes_held_out_judge_the_very_weights(tmp_path: Path) -> None:
    from geoseg.train.module import SegmentationModule

    module = SegmentationModule(configured(tmp_path), [])
    start = module.start_weights()
    blind = start | {"segmentation_head.0.bias": torch.full((3,), -9.0)}
    told, weights = hand_out(module, blind, [plots(), plots("b")])
    assert (told.which, told.crossed, told.proof.pieces) == ("start", False, 8)
    assert told.f1["trained"] == {"town": 0.0}
    assert all(torch.equal(weights[name], tensor) for name, tensor in start.items())


def test_json_tells_scores_of_what_predict_finds_from_quick_ones() -> None:
    told = handed(start=FAIR, mean=FAIR, trained=GOOD)
    for crossed, f1_of in ((True, "predict"), (False, "plain")):
        done = Training(
            Path("m"),
            1,
            0.5,
            {"town": 0.6},
            {"town": 0.5},
            replace(told, crossed=crossed),
            None,
            (),
        )
        assert done.as_dict()["f1_of"] == f1_of
        assert done.as_dict()["handed_out"]["f1_of"] == "predict"


@pytest.mark.thorough
def test_networks_of_all_ground_and_of_its_halves_are_averaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.train.module import SegmentationModule

    module = SegmentationModule(configured(tmp_path), [])
    bias = "segmentation_head.0.bias"
    everywhere, first, second = (
        module.start_weights() | {bias: torch.full((3,), value)} for value in (1.0, 2.0, 6.0)
    )
    told = handed(start=FAIR, mean=FAIR, trained=GOOD)
    monkeypatch.setattr(handing, "choice", lambda *_, **__: told)
    half, other = halves([plots()])
    _, weights = hand_out(module, everywhere, [plots()], [(first, half), (second, other)])
    assert weights[bias].tolist() == [3, 3, 3]


# --- whole trainings ---


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """Labels that have nothing to do with the image."""
    folder = tmp_path_factory.mktemp("noisy")
    scene = plots()
    save_scene(replace(scene, image=plots(seed=1).image[:, ::-1] // 3), folder)
    return folder, train(configured(folder))


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_labels_of_no_use_leave_the_model_as_it_was(noisy: tuple[Path, Trained]) -> None:
    folder, done = noisy
    assert done.handed is not None
    assert done.handed.which == "start"
    assert done.last.step == 2
    start, record = load_weights(folder / "model.safetensors")
    weights, told = load_weights(done.path)
    for name, tensor in start.items():
        torch.testing.assert_close(weights[name], tensor, rtol=0, atol=0)
    assert told.sources == record.sources
    assert "the start, since" in told.training["handed out"]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_norms_keep_the_statistics_of_what_is_fine_tuned(noisy: tuple[Path, Trained]) -> None:
    folder, done = noisy
    start = shaken(ARCHITECTURE).state_dict()
    for saved in ("last.ckpt", "first/last.ckpt", "second/last.ckpt"):
        state = torch.load(folder / "out" / saved, weights_only=True)["state_dict"]
        for name, tensor in start.items():
            after = state[f"network.{name}"]
            if "running" in name:
                torch.testing.assert_close(after, tensor, rtol=0, atol=2e-3)  # files hold 16 bits
            elif name == "segmentation_head.0.weight":
                assert (after - tensor).abs().max() > 1e-3
    assert done.before.keys() == {"town"}


@pytest.mark.filterwarnings("default")
def test_the_trainer_s_surprise_at_kept_norms_is_kept_from_users(
    recwarn: pytest.WarningsRecorder,
) -> None:
    with quietly():
        warnings.warn("Found 107 module(s) in eval mode at the start of training.", stacklevel=1)
        warnings.warn("the disk is nearly full", stacklevel=1)
    assert [str(one.message) for one in recwarn] == ["the disk is nearly full"]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_the_command_says_which_weights_and_what_to_do_next(noisy: tuple[Path, Trained]) -> None:
    folder, _ = noisy
    config = folder / "c.yaml"
    config.write_text(configured(folder).model_dump_json())
    run = CliRunner().invoke(app, ["train", str(config), "--resume"])
    assert run.exit_code == 0, run.output
    assert "the start, since neither" in " ".join(run.stdout.split())
    assert "--split all -o" in run.stderr


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_what_helps_is_handed_out_and_a_finished_training_goes_on(tmp_path: Path) -> None:
    save_scene(plots(count=6), tmp_path)
    schedule = {"batch": 4, "max_steps": 80, "steps_per_round": 20, "warmup_steps": 0}
    more = {"learning_rate": 0.02, "ema_decay": 0.5, "encoder_rate": 1.0}
    plain = {"light": 0, "tint": 0, "haze": 0, "tilt": 0}
    config = configured(
        tmp_path, schedule=schedule | more, augment=plain, loss={"contact": 0, "edge": 0}
    )
    done = train(config)
    assert done.handed is not None
    assert done.handed.which != "start"
    assert done.last.f1["town"] > done.before["town"] + 0.5
    record = read_metadata(done.path)
    assert "better than the start on 6 pieces" in record.training["handed out"]
    assert [source.name for source in record.sources] == ["town"]
    assert record.training["steps"] == "40"
    again = train(config, resume=True)
    assert again.path.read_bytes() == done.path.read_bytes()

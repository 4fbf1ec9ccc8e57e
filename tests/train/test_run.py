"""Training: scenes, targets, crops, losses, scores, configuration, and a tiny run."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st
from small_training import ARCHITECTURE
from typer.testing import CliRunner

from geoseg.cli import app
from geoseg.errors import (
    DatasetError,
    ModelError,
    OutputError,
    OutputExistsError,
    OutputInUseError,
    ResumeError,
    UsageError,
)
from geoseg.files.holding import held
from geoseg.models.weights import load_weights
from geoseg.progress import ProgressReport
from geoseg.scenes.scene import Scene, load_scene, load_scenes, save_scene
from geoseg.train.config import TrainConfig, read_config
from geoseg.train.scoring import Counts, count, decode_plainly
from geoseg.train.targets import head_targets, head_weights
from geoseg.train.validation import resample_scene

CONFIGS = REPOSITORY / "configs"


def make_scene(name: str = "a", *, place: str = "town", side: int = 96, seed: int = 0) -> Scene:
    """Bright numbered squares on a dark ground."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((side, side), np.uint16)
    for number in range(1, 9):
        row, col = rng.integers(0, side - 16, 2)
        labels[row : row + 14, col : col + 12] = number
    image = np.where(labels[..., None] > 0, 210, 60) + rng.integers(-9, 10, (side, side, 3))
    ignore = np.zeros((side, side), bool)
    return Scene(name, place, "train", 0.3, image.astype(np.uint8), labels, ignore)


def make_config(folder: Path, **changes: object) -> TrainConfig:
    raw: dict[str, object] = {
        "output": folder / "out",
        "start": "scratch",
        "architecture": ARCHITECTURE,
        "data": {"scenes": folder / "scenes", "crop_px": 32, "workers": 0},
        "schedule": {
            "batch": 2,
            "max_steps": 4,
            "steps_per_round": 2,
            "rounds_per_validation": 1,
            "warmup_steps": 1,
        },
        "compute": {"accelerator": "cpu", "precision": "32-true"},
    }
    return TrainConfig.model_validate(raw | changes)


# --- scenes ---


def test_scene_round_trip(tmp_path: Path) -> None:
    scene = replace(make_scene(), blobs=True, licence="CC0")
    again = load_scene(save_scene(scene, tmp_path))
    assert (again.place, again.split, again.gsd_m, again.blobs) == ("town", "train", 0.3, True)
    np.testing.assert_array_equal(again.image, scene.image)
    np.testing.assert_array_equal(again.labels, scene.labels)


def test_scenes_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no packed scenes"):
        load_scenes(tmp_path, "train")
    (tmp_path / "x.npz").write_bytes(b"no archive")
    with pytest.raises(DatasetError, match="is not a scene"):
        load_scenes(tmp_path, "train")
    np.savez(tmp_path / "x.npz", image=np.zeros(3))
    with pytest.raises(DatasetError, match="is not a scene"):
        load_scenes(tmp_path, "train")
    with pytest.raises(DatasetError, match="share height and width"):
        replace(make_scene(), ignore=np.zeros((2, 2), bool))


# --- targets ---


def test_contact_lies_between_close_neighbours_alone() -> None:
    labels = np.zeros((20, 40), np.uint16)
    labels[4:16, 2:10], labels[4:16, 10:18] = 1, 2  # touching
    labels[4:16, 21:28] = 3  # 3 px away
    labels[4:16, 36:40] = 4  # 8 px away
    body, contact, edge = head_targets(labels, contact_px=4)
    np.testing.assert_array_equal(body, labels > 0)
    assert np.flatnonzero(contact[10]).tolist() == [8, 9, 10, 11, 19]
    assert edge[10, 2]
    assert edge[10, 9]
    assert not edge[10, 5]
    assert not edge[labels == 0].any()


def test_edge_is_half_of_small_buildings_and_some_pixels_of_large_ones() -> None:
    labels = np.zeros((60, 120), np.uint16)
    labels[5:14, 5:40], labels[5:14, 40:60] = 1, 2  # 9 px wide, touching
    labels[20:55, 60:110] = 3
    edge = head_targets(labels, contact_px=4)[2]
    np.testing.assert_array_equal(edge[5:14, 20], [1, 1, 0, 0, 0, 0, 0, 1, 1])  # 4 px deep
    np.testing.assert_array_equal(edge[9, 36:44], [0, 0, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(edge[20:28, 85], [1, 1, 1, 1, 1, 0, 0, 0])  # 17 px deep
    thin = np.zeros((9, 9), np.uint16)
    thin[2:8, 3:5] = 1
    np.testing.assert_array_equal(head_targets(thin, contact_px=4)[2], thin)


def test_edge_is_unknown_inside_what_goes_on_beyond_the_image() -> None:
    labels = np.zeros((30, 30), np.uint16)
    labels[0:9, 3:20], labels[12:21, 3:20] = 1, 2
    target = head_targets(labels, contact_px=4)
    known = head_weights(labels, target, np.zeros((30, 30), bool), blobs=False)
    assert known[:2].all()
    np.testing.assert_array_equal(known[2, :10, 10], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    assert known[2, 9:].all()


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 4, 6]))
def test_targets_turn_with_the_labels(seed: int, contact_px: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 4, (12, 15)).astype(np.uint16)
    turned = head_targets(np.rot90(labels).copy(), contact_px=contact_px)
    np.testing.assert_array_equal(
        turned, np.rot90(head_targets(labels, contact_px=contact_px), axes=(1, 2))
    )


def test_within_blobs_only_the_body_is_known() -> None:
    labels = np.zeros((12, 12), np.uint16)
    labels[2:10, 2:10] = 1
    ignore = np.zeros((12, 12), bool)
    ignore[0] = True
    target = head_targets(labels, contact_px=4)
    known = head_weights(labels, target, ignore, blobs=True)
    assert not known[:, 0].any()
    assert known[0, 1:].all()
    assert not known[1:, 5, 5].any()
    assert known[1:, 2, 2:10].all()
    assert head_weights(labels, target, ignore, blobs=False)[1:, 5, 5].all()


# --- crops ---


def test_a_crop_depends_on_its_number_alone(tmp_path: Path) -> None:
    from geoseg.train.crops import CropDataset

    scenes = [make_scene(seed=1), make_scene("b", place="village", seed=2)]
    config = make_config(tmp_path)
    first = CropDataset(scenes, config, first=0, length=8)
    later = CropDataset(scenes, config, first=5, length=3)
    for name in ("image", "target", "weight"):
        np.testing.assert_array_equal(first[6][name], later[1][name])
    assert not np.array_equal(first[0]["image"], first[1]["image"])
    assert first[0]["image"].shape == (3, 32, 32)
    assert first[0]["target"].shape == first[0]["weight"].shape == (3, 32, 32)
    with pytest.raises(IndexError):
        later[3]


def test_places_of_weight_zero_are_never_drawn(tmp_path: Path) -> None:
    from geoseg.train.crops import CropDataset

    dark = replace(make_scene("b", place="dark"), image=np.zeros((96, 96, 3), np.uint8))
    data = {"scenes": tmp_path, "crop_px": 32, "place_weights": {"dark": 0}}
    crops = CropDataset([make_scene(), dark], make_config(tmp_path, data=data), first=0, length=20)
    assert min(crops[i]["image"].max() for i in range(20)) > 0


def test_misspelt_places_are_refused(tmp_path: Path) -> None:
    from geoseg.train.crops import CropDataset

    data = {"scenes": tmp_path, "place_weights": {"twon": 2}}
    with pytest.raises(DatasetError, match="twon"):
        CropDataset([make_scene()], make_config(tmp_path, data=data), first=0, length=1)


def test_scenes_smaller_than_a_crop_are_padded_as_unknown(tmp_path: Path) -> None:
    from geoseg.train.crops import CropDataset

    data = {"scenes": tmp_path, "crop_px": 64, "gsd_m": (0.3, 0.3)}
    config = make_config(tmp_path, data=data, augment={"tilt": 0})
    crop = CropDataset([make_scene(side=40)], config, first=0, length=1)[0]
    assert crop["weight"][0].sum() == 40 * 40
    assert not crop["target"][0][crop["weight"][0] == 0].any()


# --- losses and scores ---


def test_loss_vanishes_for_the_truth_and_ignores_the_unknown() -> None:
    import torch

    from geoseg.train.losses import head_losses

    target = torch.zeros(1, 3, 8, 8)
    target[..., 2:6] = 1
    sure = (target * 2 - 1) * 50
    known = torch.ones_like(target)
    assert head_losses(sure, target, known, dice=1.0).max() < 1e-3
    wrong = sure.clone()
    wrong[..., :4, :] *= -1
    known[..., :4, :] = 0
    assert head_losses(wrong, target, known, dice=1.0).max() < 1e-3
    assert (head_losses(wrong, target, torch.ones_like(known), dice=1.0) > 10).all()
    assert head_losses(wrong, target, torch.zeros_like(known), dice=1.0).max() == 0


def test_scores_by_hand() -> None:
    wanted = np.zeros((40, 40), np.uint16)
    wanted[0:10, 0:10], wanted[0:10, 20:30], wanted[20:30, 0:10] = 1, 2, 3
    predicted = np.zeros((40, 40), np.int32)
    predicted[0:10, 0:10] = 7  # hit
    predicted[0:10, 20:24] = 8  # too small: IoU 0.4
    predicted[20:30, 20:30] = 9  # nothing there
    counts = count(predicted, wanted, np.zeros((40, 40), bool))
    assert (counts.matched, counts.predicted, counts.wanted) == (1, 3, 3)
    assert counts.f1 == pytest.approx(1 / 3)
    assert counts.iou == pytest.approx(140 / (300 + 100))
    assert (counts + counts).f1 == counts.f1
    ignore = np.zeros((40, 40), bool)
    ignore[:, 15:] = True
    assert count(predicted, wanted, ignore).f1 == pytest.approx(2 / 3)
    assert Counts().f1 == 0


def test_contact_splits_what_body_unites() -> None:
    maps = np.zeros((3, 20, 30), np.float32)
    maps[0, 5:15, 5:25] = 0.9
    assert decode_plainly(maps, seed=0.5, body=0.4, edge_weight=0).max() == 1
    maps[1, :, 14:16] = 0.9
    labels = decode_plainly(maps, seed=0.5, body=0.4, edge_weight=0)
    assert labels.max() == 2
    np.testing.assert_array_equal(labels > 0, maps[0] > 0.4)
    maps[2] = maps[1]
    maps[1] = 0
    assert decode_plainly(maps, seed=0.5, body=0.4, edge_weight=0).max() == 1
    assert decode_plainly(maps, seed=0.5, body=0.4, edge_weight=1).max() == 2


def test_resampling_moves_into_the_range_alone() -> None:
    scene = make_scene()
    assert resample_scene(scene, (0.2, 0.4)) is scene
    coarser = resample_scene(scene, (0.6, 0.8))
    assert coarser.gsd_m == 0.6
    assert coarser.image.shape == (48, 48, 3)
    finer = resample_scene(scene, (0.1, 0.15))
    assert finer.labels.shape == (192, 192)


# --- configuration ---


@pytest.mark.parametrize("name", sorted(path.name for path in CONFIGS.glob("*.yaml")))
def test_shipped_configurations_are_valid(name: str) -> None:
    assert read_config(CONFIGS / name).data.scenes.parts[0] == "runs"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("output: x", "data: Field required"),
        ("output: x\ndata: {scenes: y}\nspeed: 3", "speed: no such key; did you mean seed"),
        ("output: x\ndata: {scenes: y, gsdm: 1}", "data.gsdm: no such key; did you mean gsd_m"),
        ("output: x\ndata: {scenes: y}\nmaskrcnn: {zz: 1}", "maskrcnn.zz.*known are version, back"),
        ("output: x\ndata: {scenes: y, crop_px: -1}", "data.crop_px"),
        ("output: x\ndata: {scenes: y}\nloss: {body: 0, contact: 0, edge: 0}", "all 0"),
        ("a: [", "is not YAML"),
        ("- 1", "the file must hold keys"),
        ("", "the file must hold keys"),
        ("output: x\ndata: {scenes: y, gsd_m: [0.5, 0.3]}", r"gsd_m: the smaller .* \[0.3, 0.5\]"),
        ("output: x\ndata: {scenes: y}\nmodel_gsd_m: [0.5, 0.3]", "model_gsd_m: the smaller"),
        ("output: x\ndata: {scenes: y, place_weights: {a: -1}}", "place_weights.a"),
        ("output: x\ndata: {scenes: y}\nname: a/b", "name: it becomes a file's name"),
        ("output: x\ndata: {scenes: y}\nname: ''", "name: it becomes a file's name"),
        (
            "{output: o, data: {scenes: s}, loss: {teacher: 5}}",
            "loss.teacher: it takes a model file, default, or a list",
        ),
        (
            "{output: o, data: {scenes: s}, loss: {teacher: []}}",
            "loss.teacher: it takes a model file, default, or a list",
        ),
        (
            "{output: o, data: {scenes: s}, loss: {teacher: [default, null]}}",
            "loss.teacher: it takes a model file, default, or a list",
        ),
        (
            "{output: o, data: {scenes: s}, loss: {teacher_views: 4}}",
            "loss: teacher_views are for a teacher",
        ),
    ],
)
def test_bad_configurations_are_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_config(path)


def test_a_configuration_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ortho.tif"
    path.write_bytes(b"II*\x00\xc2\xff\x81")
    with pytest.raises(UsageError, match=r"ortho\.tif: it is not YAML") as caught:
        read_config(path)
    assert "\n" not in str(caught.value)


def test_missing_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read_config(tmp_path / "none.yaml")


# --- a whole run ---


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    save_scene(make_scene("a"), tmp_path / "scenes")
    save_scene(replace(make_scene("b", seed=3), split="val"), tmp_path / "scenes")
    return tmp_path


@pytest.mark.filterwarnings("ignore")  # the trainer library warns about its own dependencies
def test_a_run_ends_with_a_model_file(packed: Path) -> None:
    from geoseg.models.dense import TorchDenseModel
    from geoseg.train.run import train

    model = TorchDenseModel.from_file(train(make_config(packed, name="tiny")).path, device="cpu")
    assert model.metadata.name == "tiny"
    assert model.metadata.training["steps"] == "4"
    assert (packed / "out/best.ckpt").exists()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"output": "file"}, OutputError, "file cannot be written: .* Name another folder"),
        ({"output": "file/out"}, OutputError, "out cannot be written: .* Name another folder"),
        ({"compute": {"devices": 99, "accelerator": "gpu"}}, UsageError, "compute: .*auto"),
        (
            {"start": "fast"},
            ModelError,
            "no model file .*fast; name a .safetensors file or 'default'",
        ),
        ({"data": {"crop_px": 50}}, UsageError, r"crop_px 50: .* stride, 8; take 48"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    packed: Path, changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    from geoseg.train.run import train

    (packed / "file").write_text("")
    raw = make_config(packed).model_dump()
    for key, value in changed.items():
        raw[key] = raw[key] | value if isinstance(value, dict) else packed / value
    with pytest.raises(error, match=message):
        train(TrainConfig.model_validate(raw))


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_gone_on_with_is_one_sentence(packed: Path) -> None:
    from geoseg.train.run import train

    config = make_config(packed)
    train(config)
    wider = make_config(packed, architecture={**ARCHITECTURE, "decoder_channels": [16, 8, 8]})
    with pytest.raises(ResumeError, match="another network than the configuration"):
        train(wider, resume=True)
    last = config.output / "last.ckpt"
    last.write_bytes(last.read_bytes()[:5000])
    with pytest.raises(ResumeError, match="no complete checkpoint"):
        train(config, resume=True)


@pytest.mark.skipif(sys.platform == "win32", reason="has no locks of folders")
@pytest.mark.parametrize("way", ["resume", "overwrite"])
def test_two_trainings_do_not_share_a_folder(
    packed: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.train.run import train

    monkeypatch.setenv("LOCAL_RANK", "0")  # as a training on several devices leaves it
    config = make_config(packed)
    config.output.mkdir()
    (config.output / "last.ckpt").write_text("of the other")
    with (
        held(config.output, config.output),
        pytest.raises(OutputInUseError, match="is being written by another run"),
    ):
        train(config, **{way: True})
    assert (config.output / "last.ckpt").read_text() == "of the other"


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_starting_anew_leaves_nothing_of_the_older_training_to_resume(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.train import fitting, run

    config = make_config(packed)
    run.train(config)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "_trainer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.train(config, overwrite=True)
    assert not (config.output / "last.ckpt").exists()


@pytest.mark.parametrize(
    ("fine_tune", "start", "both"),
    [
        (True, "default", (True, True)),
        ("norms", "default", (True, False)),
        (False, "default", (False, False)),
        ("norms", "scratch", (False, False)),
    ],
)
def test_norms_may_be_kept_without_a_judgement(
    fine_tune: bool | str, start: str, both: tuple[bool, bool], tmp_path: Path
) -> None:
    config = make_config(tmp_path, fine_tune=fine_tune, start=start)
    assert (config.keeps_norms, config.fine_tunes) == both


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_who_watches_is_told_of_every_step_and_score(packed: Path) -> None:
    from geoseg.train.run import train

    told: list[ProgressReport] = []
    last = train(make_config(packed), progress=told.append).last
    steps = [report for report in told if report.note is None]
    assert [(report.stage.split(",")[0], report.done) for report in steps] == [
        (f"step {step}", 25 * step) for step in (1, 2, 3, 4)
    ]
    assert last.step == 4
    assert last.loss > 0
    assert last.f1.keys() == {"town"}
    assert [f"F1 {last.scores}" in report.note for report in told if report.note][-1]
    assert len(told) > len(steps)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_a_training_is_not_overwritten_by_accident(packed: Path) -> None:
    from geoseg.train.run import train

    config = make_config(packed)
    path = train(config).path
    before = path.read_bytes()
    with pytest.raises(OutputExistsError, match=r"--resume .* --overwrite"):
        train(config)
    assert path.read_bytes() == before
    assert train(config.model_copy(update={"seed": 9}), overwrite=True).path.read_bytes() != before


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_the_command_prints_one_object_and_what_to_do_next(packed: Path) -> None:
    config = packed / "c.yaml"
    config.write_text(json.dumps(make_config(packed).model_dump(mode="json")))
    result = CliRunner().invoke(app, ["train", str(config), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["step"] == 4
    assert Path(told["model"]).exists()
    assert (told["f1"].keys(), told["f1_of"]) == ({"town"}, "plain")
    again = CliRunner().invoke(app, ["train", str(config), "--overwrite"])
    assert "geoseg tune" in again.stderr
    before, first = again.stderr.splitlines()[:2]
    assert before.startswith("before training, F1 town ")
    assert first.startswith("step ")
    assert "plain decoding at fixed thresholds" in again.stderr
    assert "too short: 4 steps" in again.stderr
    assert (packed / "out/curves.svg").exists()
    assert "lightning" not in again.stderr.lower()


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_a_killed_run_resumes_onto_the_same_curve(packed: Path) -> None:
    from killed_training import assert_resumes

    from geoseg.train.module import SegmentationModule

    config = make_config(packed, name="whole", output=packed / "whole")
    assert_resumes(config, SegmentationModule, lambda path: load_weights(path)[0])


@pytest.mark.thorough
def test_minutes_end_a_training_at_the_end_of_a_step(
    packed: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    from geoseg.train.learner import Learner
    from geoseg.train.run import train

    schedule = {
        "batch": 2,
        "accumulate": 3,
        "max_steps": 9,
        "steps_per_round": 2,
        "warmup_steps": 0,
    }
    config = make_config(packed, name="tiny", schedule=schedule)
    with monkeypatch.context() as patch:
        patch.setattr(
            Learner, "progress", lambda _, __: 1.0
        )  # the clock is over from the first batch on
        train(config)
    saved = torch.load(packed / "out/last.ckpt", weights_only=True)
    done = saved["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]["completed"]
    assert (saved["global_step"], done) == (1, 3)
    recwarn.clear()
    assert train(config, resume=True).last.step == 9
    assert not [one for one in recwarn if "resuming" in str(one.message)]


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("asked", ["SIGTERM", "SIGINT"])
def test_a_training_that_is_asked_to_end_is_interrupted_and_says_how_to_go_on(
    packed: Path, asked: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.train.module import SegmentationModule
    from geoseg.train.run import train

    before = {name: signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGINT")}
    step, config = SegmentationModule.training_step, make_config(packed, name="tiny")

    def asking(self: SegmentationModule, *batch: Any) -> torch.Tensor:
        if self.global_step == 2:
            signal.raise_signal(getattr(signal, asked))
        return step(self, *batch)

    monkeypatch.setattr(SegmentationModule, "training_step", asking)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(config)
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
    assert "last.ckpt: the same command with --resume goes on" in caplog.text
    assert torch.load(packed / "out/last.ckpt", weights_only=True)["global_step"] == 2


def test_every_process_goes_by_the_first_ones_clock(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.train.module import SegmentationModule

    class Strategy:
        def broadcast(self, _: float) -> float:
            return 90.0

    class Trainer:
        strategy = Strategy()

    schedule = make_config(packed).schedule.model_copy(
        update={"max_minutes": 3, "max_steps": 1000, "warmup_steps": 0}
    )
    learner = SegmentationModule(make_config(packed).model_copy(update={"schedule": schedule}), [])
    monkeypatch.setattr(SegmentationModule, "trainer", Trainer())
    assert learner.progress(0) == 0
    learner.on_train_batch_start(None, 0)
    assert learner.progress(0) == pytest.approx(0.5)

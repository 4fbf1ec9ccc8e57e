"""What int8 needs goes into the files that training and tuning write, and belongs to their weights."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from small_model import written
from small_training import ARCHITECTURE as ANOTHER
from small_training import small_training

from geoseg.models.loading import load_model
from geoseg.models.measured import as_tensors, measured_in, network_alone
from geoseg.models.weights import Architecture, as_stored, load_arrays
from geoseg.scenes.scene import Scene, load_scene
from geoseg.train import ranges, tune_model
from geoseg.train.ranges import (
    CHIP_PX,
    chips_of,
    evenly,
    measured_on,
    scenes_for_ranges,
    with_ranges,
)
from geoseg.train.run import train

LITE = {"encoder": "tu-tf_efficientnet_lite0", "depth": 3, "decoder_channels": [8, 8, 8]}


@pytest.fixture(autouse=True)
def _few_chips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "CHIPS", 2)


def same(one: Path, scenes: Path) -> bool:
    """Whether a file holds what is measured with its own weights."""
    arrays, metadata = load_arrays(one)
    scene = load_scene(scenes / "town_train.npz")
    wanted = measured_on(
        network_alone(arrays), metadata, chips_of([scene] * ranges.CHIPS, metadata)
    )
    stored = as_stored(as_tensors(wanted))
    return all(np.array_equal(arrays[name], one) for name, one in stored.items())


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")  # the trainer library warns about its own dependencies
def test_a_trained_model_runs_in_int8_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoseg.models.runtimes.trial.require_exact", lambda _: None)
    changed = {"architecture": LITE, "start": "imagenet"}
    path = train(small_training(tmp_path, {}, **changed)).path
    assert same(path, tmp_path)
    assert load_model(path, device="cpu", precision="int8").precision == "int8"
    assert load_model(path, device="cpu", runtime="openvino").precision == "fp32"
    further = {"output": tmp_path / "further", "start": path, "fine_tune": False}
    learnt = train(small_training(tmp_path, {}, architecture=None, **further)).path
    assert same(learnt, tmp_path)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore")
def test_networks_that_int8_is_not_for_are_not_measured(tmp_path: Path) -> None:
    path = train(small_training(tmp_path, {}, architecture=ANOTHER)).path
    assert not measured_in(load_arrays(path)[0])


def test_what_cannot_be_measured_is_told_and_costs_no_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    arrays, metadata = load_arrays(written(tmp_path, Architecture.model_validate(LITE)))
    dead = {
        name: one * 0 if name.startswith("decoder.blocks.1.conv1.1") else one
        for name, one in arrays.items()
    }
    config = small_training(tmp_path, {})
    with caplog.at_level(logging.WARNING):
        kept = with_ranges(dead, metadata, scenes_for_ranges(config.data.scenes, "val"))
    assert kept is dead
    assert "small cannot run in int8" in caplog.text


@pytest.mark.thorough
def test_tuning_measures_what_is_lacking_and_keeps_what_is_there(tmp_path: Path) -> None:
    model = written(tmp_path, Architecture.model_validate(LITE))
    scenes = small_training(tmp_path, {}).data.scenes
    done = tune_model(model, tmp_path / "tuned.safetensors", scenes=scenes, device="cpu")
    first = load_arrays(done.output)[0]
    assert same(done.output, tmp_path)
    (scenes / "town_train.npz").unlink()
    again = tune_model(done.output, tmp_path / "again.safetensors", scenes=scenes, device="cpu")
    second = load_arrays(again.output)[0]
    assert all(np.array_equal(first[name], second[name]) for name in first)
    lone = tune_model(model, tmp_path / "lone.safetensors", scenes=scenes, device="cpu")
    assert measured_in(load_arrays(lone.output)[0])


def test_a_chip_of_a_small_scene_is_mirrored_where_none_is_large_enough(tmp_path: Path) -> None:
    def scene(side: int, grey: int) -> Scene:
        image = np.full((side, side, 3), grey, np.uint8)
        labels = np.zeros((side, side), np.uint16)
        return Scene("s", "p", "train", 0.3, image, labels, labels > 0)

    _, metadata = load_arrays(written(tmp_path, Architecture.model_validate(LITE)))
    small, large = scene(40, 7), scene(300, 9)
    (one,) = chips_of([small], metadata)
    assert one.shape == (3, CHIP_PX, CHIP_PX)
    assert (one == 7).all()
    assert [int(chip[0, 0, 0]) for chip in chips_of([small, large], metadata)] == [9]


def test_few_scenes_are_looked_at_often_and_many_now_and_then() -> None:
    assert evenly("ab") == ["a"] * (ranges.CHIPS // 2) + ["b"] * (ranges.CHIPS // 2)
    many = evenly(range(10 * ranges.CHIPS))
    assert many == list(range(0, 10 * ranges.CHIPS, 10))

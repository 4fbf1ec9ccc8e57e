"""A head that doubles the resolution learns what the last stage of the decoder said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small_model import written

from geoseg.errors import UsageError
from geoseg.models import load_model
from geoseg.models.measured import measured_in
from geoseg.models.protocols import DenseModel
from geoseg.models.weights import Architecture, load_arrays, load_weights
from geoseg.scenes.scene import Scene, save_scene
from geoseg.train import halve

ARCHITECTURE = Architecture(depth=3, decoder_channels=(16, 8, 8))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model file, scenes, and crops as few and small as will do."""
    monkeypatch.setattr(halve, "CROPS", 16)
    monkeypatch.setattr(halve, "CROP_PX", 64)
    written(tmp_path, ARCHITECTURE, gsd_m=(0.3, 0.4))
    image = np.repeat(
        np.repeat(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8), 8, 0), 8, 1
    )
    labels = np.zeros(image.shape[:2], np.uint16)
    save_scene(Scene("s", "p", "train", 0.3, image, labels, labels > 0), tmp_path / "scenes")
    return tmp_path


@pytest.mark.thorough
def test_it_comes_near_to_what_the_model_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(halve.time, "monotonic", lambda: float(next(ticks)))  # 60 steps
    model, halved = folder / "model.safetensors", folder / "halved.safetensors"
    halve.halve(model, folder / "scenes", halved, minutes=1)
    (before, _), (after, record) = load_weights(model), load_weights(halved)
    assert record.architecture.decoder_channels == (16, 8)
    assert record.architecture.head_px == 2
    assert record.gsd_m == (0.3, 0.4)
    encoder = [name for name in after if name.startswith("encoder.")]
    assert all(torch.equal(before[name], after[name]) for name in encoder)
    statistics = [
        name for name in after if name.startswith("decoder.blocks.0") and "running_" in name
    ]
    assert all(torch.equal(before[name], after[name]) for name in statistics)
    assert measured_in(load_arrays(halved)[0])  # so it runs in int8
    image = np.random.default_rng(1).integers(0, 256, (1, 3, 64, 64), np.uint8)
    maps = []
    for path in (model, halved):
        loaded = load_model(path, device="cpu")
        assert isinstance(loaded, DenseModel)
        maps.append(loaded.predict_maps(image))
    assert maps[0].shape == maps[1].shape
    assert np.abs(maps[0] - maps[1]).mean() < 0.05
    on = folder / "on.safetensors"
    halve.halve(model, folder / "scenes", on, minutes=0.05, start=halved)
    assert load_weights(on)[1].architecture.head_px == 2


@pytest.mark.thorough
def test_what_cannot_be_halved_is_refused(folder: Path) -> None:
    model, scenes = folder / "model.safetensors", folder / "scenes"
    with pytest.raises(UsageError, match="is no halved model of"):
        halve.halve(model, scenes, folder / "x.safetensors", minutes=0.01, start=model)
    halved = folder / "halved.safetensors"
    halve.halve(model, scenes, halved, minutes=0.01)
    with pytest.raises(UsageError, match="doubles the resolution already"):
        halve.halve(halved, scenes, folder / "x.safetensors", minutes=0.01)
    assert not (folder / "x.safetensors").exists()

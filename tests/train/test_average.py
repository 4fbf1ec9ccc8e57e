"""The mean of model files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from geoseg.errors import ModelError, UsageError
from geoseg.models.weights import (
    Architecture,
    Calibration,
    DataSource,
    Decoding,
    Metadata,
    load_weights,
    read_metadata,
    save_weights,
)
from geoseg.train.average import average_weights

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.thorough


def write(  # one per thing that differs
    path: Path,
    value: float,
    *,
    counter: int,
    source: str,
    depth: int = 4,
    seed: float = 0.9,
    gsd_m: tuple[float, float] = (0.28, 0.4),
) -> Path:
    metadata = Metadata(
        name=path.stem,
        halo_px=16,
        architecture=Architecture(depth=depth),
        gsd_m=gsd_m,
        decoding=Decoding(seed_threshold=seed),
        tta=seed > 0.8,
        calibration=Calibration(intercept=seed, curves={}),
        metrics={"here": {"f1": seed}},
        sources=(DataSource(name=source, licence="CC0"), DataSource(name="both", licence="CC0")),
        training={"steps": "7"},
    )
    state = {"a": torch.full((2, 3), value), "seen": torch.tensor(counter)}
    save_weights(state, metadata, path)
    return path


def test_the_mean_of_two(tmp_path: Path) -> None:
    one = write(tmp_path / "one.safetensors", 1.0, counter=3, source="east")
    two = write(tmp_path / "two.safetensors", 2.0, counter=5, source="west", seed=0.7)
    average_weights([one, two], tmp_path / "mean.safetensors")
    state, metadata = load_weights(tmp_path / "mean.safetensors")
    assert torch.equal(state["a"], torch.full((2, 3), 1.5))
    assert state["seen"] == 5
    assert metadata.name == "two"
    assert metadata.metrics == {}  # measured with other tensors
    assert [source.name for source in metadata.sources] == ["east", "both", "west"]
    assert metadata.training == {"steps": "7", "averaged": "2 model files"}


def test_thresholds_are_those_of_the_first_or_of_a_file_that_is_named(tmp_path: Path) -> None:
    one = write(tmp_path / "one.safetensors", 1.0, counter=3, source="east")
    two = write(tmp_path / "two.safetensors", 2.0, counter=5, source="west", seed=0.7)
    mean = tmp_path / "mean.safetensors"
    for like, seed in ((None, 0.9), (two, 0.7)):
        average_weights([one, two], mean, like)
        record = read_metadata(mean)
        assert record.decoding.seed_threshold == seed
        assert record.tta is (seed == 0.9)
        assert record.calibration == Calibration(intercept=seed, curves={}, inherited=True)


def test_where_pixel_sizes_differ_one_is_named(tmp_path: Path) -> None:
    one = write(tmp_path / "one.safetensors", 1.0, counter=3, source="east")
    fine = write(tmp_path / "fine.safetensors", 2.0, counter=5, source="west", gsd_m=(0.2, 0.28))
    mean = tmp_path / "mean.safetensors"
    with pytest.raises(
        ModelError, match=r"fine\.safetensors has another pixel size .* --like names"
    ):
        average_weights([one, fine], mean)
    average_weights([one, fine], mean, fine)
    assert read_metadata(mean).gsd_m == (0.2, 0.28)


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    one = write(tmp_path / "one.safetensors", 1.0, counter=3, source="east")
    deep = write(tmp_path / "deep.safetensors", 2.0, counter=5, source="west", depth=5)
    with pytest.raises(UsageError, match="two files or more, got 1"):
        average_weights([one], tmp_path / "mean.safetensors")
    with pytest.raises(ModelError, match=r"deep\.safetensors has another architecture"):
        average_weights([one, deep], tmp_path / "mean.safetensors")
    assert not (tmp_path / "mean.safetensors").exists()

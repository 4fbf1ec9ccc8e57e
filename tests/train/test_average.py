"""The mean of model files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from geoseg.errors import ModelError, UsageError
from geoseg.models.weights import (
    Architecture,
    DataSource,
    Decoding,
    Metadata,
    load_weights,
    save_weights,
)
from geoseg.train.average import average_weights

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.thorough


def write(path: Path, value: float, *, counter: int, source: str, depth: int = 4) -> Path:
    metadata = Metadata(
        name=path.stem,
        halo_px=16,
        architecture=Architecture(depth=depth),
        decoding=Decoding(seed_threshold=0.9),
        sources=(DataSource(name=source, licence="CC0"), DataSource(name="both", licence="CC0")),
        training={"steps": "7"},
    )
    state = {"a": torch.full((2, 3), value), "seen": torch.tensor(counter)}
    save_weights(state, metadata, path)
    return path


def test_the_mean_of_two(tmp_path: Path) -> None:
    one = write(tmp_path / "one.safetensors", 1.0, counter=3, source="east")
    two = write(tmp_path / "two.safetensors", 2.0, counter=5, source="west")
    average_weights([one, two], tmp_path / "mean.safetensors")
    state, metadata = load_weights(tmp_path / "mean.safetensors")
    assert torch.equal(state["a"], torch.full((2, 3), 1.5))
    assert state["seen"] == 5
    assert metadata.name == "two"
    assert metadata.decoding == Decoding()  # chosen for other tensors
    assert [source.name for source in metadata.sources] == ["east", "both", "west"]
    assert metadata.training == {"steps": "7", "averaged": "2 model files"}


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    one = write(tmp_path / "one.safetensors", 1.0, counter=3, source="east")
    deep = write(tmp_path / "deep.safetensors", 2.0, counter=5, source="west", depth=5)
    with pytest.raises(UsageError, match="two files or more, got 1"):
        average_weights([one], tmp_path / "mean.safetensors")
    with pytest.raises(ModelError, match=r"deep\.safetensors has another architecture"):
        average_weights([one, deep], tmp_path / "mean.safetensors")
    assert not (tmp_path / "mean.safetensors").exists()

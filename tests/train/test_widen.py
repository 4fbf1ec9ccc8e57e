"""A decoder becomes wider, and answers as before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from geoseg.errors import UsageError
from geoseg.models.loading import model_file
from geoseg.models.network import build_network
from geoseg.models.weights import load_weights
from geoseg.scenes.scene import Scene, save_scene
from geoseg.train.widen import widen

pytestmark = pytest.mark.thorough


def _answer(path: Path, image: torch.Tensor) -> torch.Tensor:
    state, record = load_weights(path)
    network = build_network(record.architecture)
    network.load_state_dict(state)
    with torch.no_grad():
        answer: torch.Tensor = network.eval()(image)
    return answer


def test_the_answer_stays(tmp_path: Path) -> None:
    wide = tmp_path / "wide.safetensors"
    widen("default", (208, 104, 48), wide)
    before = load_weights(model_file("default"))[1]
    after = load_weights(wide)[1]
    assert after.architecture.decoder_channels == (208, 104, 48)
    assert (after.decoding, after.calibration) == (before.decoding, before.calibration)
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(_answer(wide, image), _answer(model_file("default"), image), atol=1e-4)


def test_the_norms_of_new_channels_alone_are_measured(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    ground = np.zeros((300, 300), np.uint16)
    ground[40:80, 40:90] = 1
    photo = rng.integers(0, 255, (300, 300, 3), np.uint8)
    save_scene(Scene("a", "here", "train", 0.4, photo, ground, ground > 1), tmp_path)
    wide, measured = tmp_path / "wide.safetensors", tmp_path / "measured.safetensors"
    widen("default", (208, 96, 48), wide)
    widen("default", (208, 96, 48), measured, tmp_path)
    (before, _), (after, _) = load_weights(wide), load_weights(measured)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {
        f"decoder.blocks.0.conv{n}.1.running_{what}" for n in (1, 2) for what in ("mean", "var")
    }
    for name in changed:
        assert torch.equal(before[name][:192], after[name][:192])
        assert not torch.isclose(before[name][192:], after[name][192:]).any()


@pytest.mark.parametrize("channels", [(192, 96), (192, 88, 48), (192, 96, 64)])
def test_what_is_not_wider_is_refused(channels: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the decoder has \(192, 96, 48\) channels"):
        widen("default", channels, tmp_path / "wide.safetensors")

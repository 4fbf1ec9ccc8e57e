"""A decoder becomes wider, and answers as before."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from geoseg.errors import UsageError
from geoseg.models.loading import model_file
from geoseg.models.network import build_network
from geoseg.models.weights import load_weights
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
    widen("default", (160, 72, 56, 32), wide)
    before = load_weights(model_file("default"))[1]
    after = load_weights(wide)[1]
    assert after.architecture.decoder_channels == (160, 72, 56, 32)
    assert (after.decoding, after.calibration) == (before.decoding, before.calibration)
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(_answer(wide, image), _answer(model_file("default"), image), atol=1e-4)


@pytest.mark.parametrize("channels", [(128, 64, 48), (128, 64, 40, 32), (128, 64, 48, 64)])
def test_what_is_not_wider_is_refused(channels: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the decoder has \(128, 64, 48, 32\) channels"):
        widen("default", channels, tmp_path / "wide.safetensors")

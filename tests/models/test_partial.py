"""Shortcuts of the torch model: folded norms and cut decoders give the answer of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from tries import tries

from geoseg.errors import UsageError
from geoseg.models import load_model
from geoseg.models.certify import TOLERANCE
from geoseg.models.dense import TorchDenseModel
from geoseg.models.folding import fold_batch_norms
from geoseg.models.network import build_network
from geoseg.models.partial import Span
from geoseg.models.weights import Architecture, Metadata
from geoseg.types import Window

SMALL = Architecture(encoder="resnet18", depth=3, decoder_channels=(16, 8, 8))
HALVED = SMALL.model_copy(update={"decoder_channels": (16, 8)})
"""Its head gives four pixels for every one."""
HEIGHT, WIDTH = 96, 88
UNREACHED = 10
"""Norms of the encoder's stages that a decoder of depth 3 does not read."""


def unet(architecture: Architecture = SMALL) -> nn.Module:
    """With norms that do something."""
    torch.manual_seed(0)
    network = build_network(architecture)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, 0, 0.1)
    return network.eval()


def as_model(network: nn.Module) -> TorchDenseModel:
    return TorchDenseModel(
        network, Metadata(name="small", architecture=SMALL, halo_px=72), device="cpu"
    )


@pytest.fixture(scope="module", params=[SMALL, HALVED], ids=["whole", "halved"])
def model(request: pytest.FixtureRequest) -> TorchDenseModel:
    return as_model(unet(request.param))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (2, 3, HEIGHT, WIDTH), dtype=np.uint8)


@pytest.fixture(scope="module")
def whole(model: TorchDenseModel, images: np.ndarray) -> np.ndarray:
    maps = model.predict_maps(images)
    assert maps.std() > 0.01
    return maps


def largest(difference: np.ndarray) -> float:
    return float(np.abs(difference).max())


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def difference(one: nn.Module, other: nn.Module) -> float:
    """In double precision: in single, it says more about the processor than about the folding."""
    torch.manual_seed(1)
    image = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    with torch.inference_mode():
        return float((one.double()(image) - other.double()(image)).abs().max())


def test_folding_takes_all_norms_and_changes_nothing() -> None:
    network = unet()
    before, folded = norms(network), fold_batch_norms(network)
    assert norms(folded) == UNREACHED < before
    assert norms(network) == before  # the caller's network is as it was
    assert 0 < difference(network, folded) < 1e-4


def test_the_built_in_model_has_no_norm_left() -> None:
    model = load_model("default", device="cpu", runtime="torch")
    assert isinstance(model, TorchDenseModel)
    assert norms(model.network) == 0


def test_norms_of_other_kinds_stay() -> None:
    network: Any = unet()
    network.encoder.bn1 = nn.BatchNorm2d(64, track_running_stats=False)
    network.encoder.layer1[0].bn1 = nn.GroupNorm(8, 64)
    folded: Any = fold_batch_norms(network)
    assert isinstance(folded.encoder.bn1, nn.BatchNorm2d)
    assert isinstance(folded.encoder.layer1[0].bn1, nn.GroupNorm)
    assert norms(folded) == 1 + UNREACHED


class Standardised(nn.Conv2d):
    """Its weights are not what it multiplies by, so a norm cannot be folded into them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.conv2d(x, self.weight / self.weight.std(), padding=1)


def test_a_network_that_folding_would_change_stays() -> None:
    network = nn.Sequential(Standardised(3, 4, 3), nn.BatchNorm2d(4)).eval()
    nn.init.uniform_(network[1].weight, 0.5, 2)
    folded = fold_batch_norms(network)
    assert norms(folded) == 1
    assert difference(network, folded) == 0


def test_a_norm_that_follows_no_convolution_at_once_stays() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)).eval()
    assert norms(fold_batch_norms(network)) == 1


@tries(15)
@given(st.data())
def test_a_part_equals_the_whole_there(
    model: TorchDenseModel, images: np.ndarray, whole: np.ndarray, data: st.DataObject
) -> None:
    row, col = data.draw(st.integers(0, HEIGHT - 1)), data.draw(st.integers(0, WIDTH - 1))
    part = Window(
        row, col, data.draw(st.integers(1, HEIGHT - row)), data.draw(st.integers(1, WIDTH - col))
    )
    rows, cols = slice(row, part.row_end), slice(col, part.col_end)
    assert largest(model.predict_part(images, part) - whole[..., rows, cols]) < TOLERANCE


@pytest.mark.parametrize(
    ("architecture", "last", "size"),
    [
        (SMALL, "decoder.blocks.2", (24, 16)),  # three pixels more to each side, in whole pairs
        (HALVED, "decoder.blocks.1", (16, 12)),  # of twice the size, one more for the head
    ],
)
def test_a_part_costs_less_than_the_whole(
    architecture: Architecture, last: str, size: tuple[int, int], images: np.ndarray
) -> None:
    sizes: list[tuple[int, ...]] = []
    model = as_model(unet(architecture))
    decoder: Any = model.network.get_submodule(last)
    handle = decoder.register_forward_hook(lambda *args: sizes.append(tuple(args[2].shape[2:])))
    model.predict_part(images[:1], Window(40, 32, 16, 8))
    handle.remove()
    assert sizes == [size]


def test_pixels_that_come_of_one_stand_side_by_side() -> None:
    network: Any = unet(HALVED)
    with torch.no_grad():
        network.segmentation_head[0].weight.zero_()
        network.segmentation_head[0].bias.copy_(torch.arange(12.0))
        logits = network(torch.zeros(1, 3, 16, 16))
    assert tuple(logits.shape) == (1, 3, 16, 16)
    assert logits[0, 1, :4, :4].tolist() == [[4, 5, 4, 5], [6, 7, 6, 7]] * 2


def test_a_decoder_that_sees_far_is_not_cut(images: np.ndarray) -> None:
    network: Any = unet()
    network.decoder.blocks[2].conv2[1] = nn.GroupNorm(1, 8)
    model = as_model(network)
    part = model.predict_part(images, Window(16, 24, 40, 50))
    assert largest(part - model.predict_maps(images)[..., 16:56, 24:74]) < 1e-6


def test_any_network_gives_parts(images: np.ndarray) -> None:
    model = as_model(nn.Conv2d(3, 3, 3, padding=1))
    part = model.predict_part(images, Window(1, 2, 3, 4))
    assert largest(part - model.predict_maps(images)[..., 1:4, 2:6]) < 1e-6


def test_a_part_beyond_the_image_is_refused(model: TorchDenseModel, images: np.ndarray) -> None:
    for part in (Window(-1, 0, 8, 8), Window(0, WIDTH - 7, 8, 8)):
        with pytest.raises(UsageError, match="part"):
            model.predict_part(images, part)


@given(st.integers(0, 99), st.integers(1, 100), st.integers(0, 5), st.integers(50, 80))
def test_half_a_span_holds_it_and_its_reach(start: int, size: int, reach: int, half: int) -> None:
    span = Span(start, min(start + size, 2 * half))
    outer = span.halved(reach, half).doubled()
    assert outer.start <= max(span.start - reach, 0)
    assert outer.stop >= min(span.stop + reach, 2 * half)
    assert outer.start >= 0
    assert outer.stop <= 2 * half
    assert len(outer) <= len(span) + 2 * reach + 2

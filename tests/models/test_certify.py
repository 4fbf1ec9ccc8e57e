"""Certification tells exact models from those that mix the whole image."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from commands import invoke
from torch import nn
from tries import first

from geoseg.models.certify import certify
from geoseg.models.dense import TorchDenseModel
from geoseg.models.network import build_network
from geoseg.models.receptive import measure_halo_px, support_px
from geoseg.models.weights import Architecture, Metadata, save_weights

SMALL = Architecture(encoder="resnet18", depth=3, decoder_channels=(16, 8, 8))
HALO_PX = 72


def as_model(network: nn.Module, *, halo_px: int = HALO_PX) -> TorchDenseModel:
    metadata = Metadata(name="small", architecture=SMALL, halo_px=halo_px)
    return TorchDenseModel(network, metadata, device="cpu")


def unet() -> nn.Module:
    torch.manual_seed(0)
    return build_network(SMALL)


class SqueezeExcite(nn.Module):
    """As timm names and builds it: gates from the image's mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))


def swap_first_norm(network: nn.Module, norm: nn.Module) -> nn.Module:
    network.get_submodule("encoder").bn1 = norm  # type: ignore[assignment]
    return network


def test_batch_norm_unet_is_exact() -> None:
    certificate = certify(as_model(unet()))
    assert certificate.exact, certificate.reasons
    assert certificate.support_px == HALO_PX
    assert certificate.largest_difference < 1e-6
    assert certificate.looks == ("modules", "support", "probe")


@pytest.mark.parametrize(
    ("layer", "word"),
    first(
        1,
        [
            (nn.GroupNorm(8, 64), "GroupNorm"),
            (nn.InstanceNorm2d(64, affine=True), "InstanceNorm2d"),
            (nn.Sequential(nn.BatchNorm2d(64), SqueezeExcite(64)), "SqueezeExcite"),
            (nn.BatchNorm2d(64, track_running_stats=False), "statistics of the batch"),
        ],
    ),
)
def test_layers_that_mix_the_image_are_refused(layer: nn.Module, word: str) -> None:
    certificate = certify(as_model(swap_first_norm(unet(), layer)))
    assert not certificate.exact
    reasons = " ".join(certificate.reasons)
    assert word in reasons
    assert "sees the whole image" in reasons
    assert "tiles differ" in reasons


def test_too_small_a_halo_is_refused() -> None:
    certificate = certify(as_model(unet(), halo_px=16))
    assert not certificate.exact
    assert "more than its halo of 16 px" in certificate.reasons[0]


class Smoother:
    """A dense model without torch: a box mean of the given radius."""

    gsd_m = None
    stride_px = 1
    heads = ("body",)

    def __init__(self, radius_px: int, halo_px: int) -> None:
        self.radius_px, self.halo_px = radius_px, halo_px

    def predict_maps(self, images: np.ndarray) -> np.ndarray:
        from scipy.ndimage import uniform_filter

        size = (0, 0, 2 * self.radius_px + 1, 2 * self.radius_px + 1)
        return uniform_filter(images[:, :1].astype(np.float64) / 255, size).astype(np.float32)


def test_models_without_torch_are_probed() -> None:
    good, bad = certify(Smoother(9, 10)), certify(Smoother(9, 4))
    assert good.exact
    assert good.looks == ("probe",)
    assert not bad.exact
    assert "tiles differ" in bad.reasons[0]


def test_support_counts_pixels_beyond_the_cell() -> None:
    three_by_three = nn.Conv2d(3, 1, 3, padding=1)
    assert support_px(three_by_three, 1) == 1
    assert support_px(nn.Sequential(three_by_three, nn.Conv2d(1, 1, 5, padding=2)), 1) == 3
    assert support_px(three_by_three, 8) == 8


def test_halo_of_small_unet() -> None:
    assert measure_halo_px(SMALL) == HALO_PX


@pytest.mark.slow
def test_halo_of_the_built_in_architecture() -> None:
    assert measure_halo_px(Architecture()) == 208


@pytest.mark.thorough
def test_command(tmp_path: pytest.TempPathFactory) -> None:
    path = tmp_path / "m.safetensors"  # type: ignore[operator]
    save_weights(unet().state_dict(), Metadata(name="m", architecture=SMALL, halo_px=HALO_PX), path)
    done = invoke("certify", path, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["exact"] is True
    save_weights(unet().state_dict(), Metadata(name="m", architecture=SMALL, halo_px=16), path)
    done = invoke("certify", path)
    assert done.exit_code == 1
    assert "cannot be exact" in done.output

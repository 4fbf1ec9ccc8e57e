"""What can be seen on a torch network itself: layers that mix a whole image, and how far it sees."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from torch import nn

from geoseg.models.receptive import open_all_paths, support_px

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoseg.models.protocols import DenseModel

_GLOBAL_POOLS = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
_NORMS_OVER_SPACE = (nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d)
_BATCH_NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)
_GLOBAL_BY_NAME = ("SqueezeExcite", "SqueezeExcitation", "SEModule", "EffectiveSEModule")
"""Class names of timm, torchvision and segmentation_models_pytorch for one and the same idea."""


def scan_modules(network: nn.Module) -> list[str]:
    """One sentence for every kind of layer that mixes the whole image."""
    kinds: dict[str, list[str]] = {}
    for name, reason in _findings(network):
        kinds.setdefault(reason, []).append(name)
    return [f"{reason} ({len(names)} of them, first {names[0]})" for reason, names in kinds.items()]


def _findings(network: nn.Module) -> Iterator[tuple[str, str]]:
    """(module's name, why it mixes the whole image)."""
    for name, module in network.named_modules():
        kind = type(module).__name__
        if isinstance(module, _NORMS_OVER_SPACE) and not _uses_stored_statistics(module):
            yield name, f"{kind} normalises by the statistics of the whole image"
        elif isinstance(module, _BATCH_NORMS) and not _uses_stored_statistics(module):
            yield name, f"{kind} normalises by the statistics of the batch"
        elif isinstance(module, _GLOBAL_POOLS):
            yield name, f"{kind} pools the whole image"
        elif kind in _GLOBAL_BY_NAME:
            yield name, f"{kind} (squeeze and excitation) pools the whole image"
        elif kind.endswith("Attention") and any(True for _ in module.parameters()):
            yield name, f"{kind} lets every pixel see all others"


def _uses_stored_statistics(module: nn.Module) -> bool:
    tracked = getattr(module, "track_running_stats", False)
    return bool(tracked) and not module.training


def measured_support_px(network: nn.Module, model: DenseModel) -> int | None:
    """How far the network sees, with every path open; None: the whole image."""
    opened = copy.deepcopy(network).cpu().requires_grad_(requires_grad=True)
    open_all_paths(opened)
    return support_px(opened, model.stride_px, expected_px=model.halo_px)

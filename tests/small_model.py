"""Model files of random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from geoseg.models.network import build_network
from geoseg.models.weights import Architecture, Metadata, save_weights


def shaken(architecture: Architecture) -> nn.Module:
    """Random weights, and norms that do something."""
    torch.manual_seed(0)
    network = build_network(architecture)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, 0, 0.1)
    with torch.no_grad():  # large logits would show roundings and hide mistakes
        network.get_submodule("segmentation_head.0").weight.mul_(0.01)
    return network.eval()


def written(folder: Path, architecture: Architecture, **more: Any) -> Path:
    path = folder / "model.safetensors"
    metadata = Metadata(name="small", architecture=architecture, halo_px=64, **more)
    save_weights(shaken(architecture).state_dict(), metadata, path)
    return path

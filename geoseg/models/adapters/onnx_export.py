"""What goes around a dense network in an ONNX file."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class WithProbabilities(nn.Module):
    """Bytes to probabilities: normalisation, the network, and a sigmoid."""

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.mean: torch.Tensor
        self.std: torch.Tensor
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(batch, 3, height, width) bytes to (batch, heads, height, width) in 0..1."""
        scaled = (images.float() / 255 - self.mean) / self.std
        return torch.sigmoid(self.network(scaled))

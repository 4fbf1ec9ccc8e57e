"""Receptive field by gradient support."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from geoseg.errors import ModelError
from geoseg.models.network import build_network

if TYPE_CHECKING:
    from torch import nn

    from geoseg.models.weights import Architecture

_LENGTHS_PX = (320, 640, 1280)
_BREADTH_STRIDES = 2
"""Rows and columns are probed on thin images: what a pixel sees along one axis does not depend on
the image's breadth, and a thin image is cheap."""


_FAINT = 1e-6
"""Brightness of the probing image: residual sums double it again and again, and must stay far below
where ReLU6 and its kin saturate and hide a path."""


_ADDED = ("bias", "running_mean")


def measure_halo_px(architecture: Architecture) -> int:
    """The halo that the architecture needs, with weights that let every path through."""
    network = build_network(architecture)
    open_all_paths(network)
    halo_px = support_px(network, architecture.stride_px)
    if halo_px is None:
        raise ModelError(
            f"every output of this network depends on pixels farther than {_LENGTHS_PX[-1] // 2} px "
            "away; choose an encoder without global pooling or attention"
        )
    return halo_px


def open_all_paths(network: nn.Module) -> None:
    """Make every layer a mean, so that no gradient is lost to a cancelling or dead path."""
    with torch.no_grad():
        for name, tensor in (*network.named_parameters(), *network.named_buffers()):
            if name.endswith(_ADDED):
                tensor.zero_()  # else the sums of a network without norms saturate
            elif tensor.is_floating_point():
                fan = max(1, tensor[0].numel()) if tensor.dim() > 1 else 1
                tensor.fill_(1.0 / fan)


def support_px(network: nn.Module, stride_px: int) -> int | None:
    """Distance, up to a multiple of the stride, from which input pixels reach an output cell.

    One stride-sized cell of the output in the middle of a long image is differentiated with
    respect to the image; every pixel with a gradient belongs to the receptive field.

    Returns:
        The halo in pixels, or None when the field reaches the ends of the longest image tried:
        then it is the whole image.
    """
    network = network.eval().double()
    for length in _LENGTHS_PX:
        middle = length // 2 // stride_px * stride_px
        most = middle - 2 * stride_px
        reach = _reach(network, middle, length, stride_px, axis=0)
        if reach < most:
            reach = max(reach, _reach(network, middle, length, stride_px, axis=1))
        if reach < most:
            return -(-reach // stride_px) * stride_px
    return None


def _reach(network: nn.Module, middle: int, length: int, stride_px: int, *, axis: int) -> int:
    """How far the support reaches beyond the cell, to either side along an axis."""
    breadth = max(_BREADTH_STRIDES * stride_px, 8)
    shape = (length, breadth) if axis == 0 else (breadth, length)
    image = torch.full((1, 3, *shape), _FAINT, dtype=torch.float64, requires_grad=True)
    network(image).narrow(2 + axis, middle, stride_px).sum().backward()
    if image.grad is None:
        return 0
    touched = image.grad.abs().sum(dim=(0, 1)).sum(dim=1 - axis) > 0  # (length,)
    at = torch.nonzero(touched).flatten()
    return max(middle - int(at.min()), int(at.max()) + 1 - (middle + stride_px))

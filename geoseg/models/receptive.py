"""Receptive field by gradient support."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from geoseg.errors import ModelError
from geoseg.models.network import build_network
from geoseg.models.strides import round_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from geoseg.models.weights import Architecture

_LENGTHS_PX = (320, 640, 1280)
_LEAST_BREADTH_PX = 8
"""Rows and columns are probed on images one cell thin: what a pixel sees along one axis does not
depend on the image's breadth, and a thin image is cheap."""


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


def support_px(network: nn.Module, stride_px: int, *, expected_px: int | None = None) -> int | None:
    """Distance, up to a multiple of the stride, from which input pixels reach an output cell.

    One stride-sized cell of the output in the middle of a long image is differentiated with
    respect to the image; every pixel with a gradient belongs to the receptive field.

    Args:
        network: images to maps of the same size; see ``open_all_paths``.
        stride_px: side of a cell.
        expected_px: what to look for first: an image just long enough for it is tried before others.

    Returns:
        The halo in pixels, or None when the field reaches the ends of the longest image tried:
        then it is the whole image.
    """
    network = network.eval().double()
    with _one_thread():
        return _support_px(network, stride_px, _lengths_px(stride_px, expected_px))


def _support_px(network: nn.Module, stride_px: int, lengths_px: list[int]) -> int | None:
    for length in lengths_px:
        middle = length // 2 // stride_px * stride_px
        most = middle - 2 * stride_px
        reach = _reach(network, middle, length, stride_px, axis=0)
        if reach < most:
            reach = max(reach, _reach(network, middle, length, stride_px, axis=1))
        if reach < most:
            return -(-reach // stride_px) * stride_px
    return None


@contextmanager
def _one_thread() -> Iterator[None]:
    """Layers of thin images are so small that threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _lengths_px(stride_px: int, expected_px: int | None) -> list[int]:
    """Lengths of the probing images, rising; in whole strides."""
    if expected_px is None:
        return list(_LENGTHS_PX)
    first = 2 * (round_up(expected_px, stride_px) + 3 * stride_px)
    return [first, *(length for length in _LENGTHS_PX if length > first)]


def _reach(network: nn.Module, middle: int, length: int, stride_px: int, *, axis: int) -> int:
    """How far the support reaches beyond the cell, to either side along an axis."""
    breadth = max(stride_px, _LEAST_BREADTH_PX)
    shape = (length, breadth) if axis == 0 else (breadth, length)
    image = torch.full((1, 3, *shape), _FAINT, dtype=torch.float64, requires_grad=True)
    network(image).narrow(2 + axis, middle, stride_px).sum().backward()
    if image.grad is None:
        return 0
    touched = image.grad.abs().sum(dim=(0, 1)).sum(dim=1 - axis) > 0  # (length,)
    at = torch.nonzero(touched).flatten()
    return max(middle - int(at.min()), int(at.max()) + 1 - (middle + stride_px))

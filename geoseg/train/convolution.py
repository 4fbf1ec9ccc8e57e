"""Convolutions whose gradients the library is slow at (``benchmarks/training_step.py``).

On processors without AVX-512 its gradient of a 3 x 3 convolution by the weights takes three times as long for images
whose channels come last as its forward pass, a step one and a half times as long as with these nine products of
matrices. In bfloat16 its gradients of convolutions of single channels, strided ones and those of 5 x 5, take up to
sixteen times as long as in float32, a step half as long again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

_SIDE = 3


def with_own_gradients(network: nn.Module) -> nn.Module:
    """The network itself, plain 3 x 3 convolutions and those of single channels with gradients that are quicker."""
    for layer in network.modules():
        if type(layer) is nn.Conv2d and _is_plain(layer):
            layer.__class__ = _Convolution
        elif isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1:
            layer.__class__ = type("_SingleChannels", (_SingleChannels, type(layer)), {})
    return network


def weight_gradient(image: Tensor, gradient: Tensor) -> Tensor:
    """Gradient of a 3 x 3 convolution, padded by one zero, by its weights.

    Rows of pixels follow each other, each image with a rim of zeros, so a shift by rows and columns is a shift along one
    axis, and where it leaves the image it meets a zero.

    Args:
        image: What is convolved, (batch, inputs, height, width).
        gradient: By the convolution's answer, (batch, outputs, height, width).

    Returns:
        (outputs, inputs, 3, 3).
    """
    before, after = _pixels_with_rim(image), _pixels_with_rim(gradient)  # (pixels, channels)
    width = image.shape[3] + 2
    margin = width + 1
    inner = after[margin : len(after) - margin].t()
    found = image.new_empty(_SIDE, _SIDE, gradient.shape[1], image.shape[1])
    for row in range(_SIDE):
        for column in range(_SIDE):
            first = row * width + column
            torch.mm(inner, before[first : first + inner.shape[1]], out=found[row, column])
    return found.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)


def _pixels_with_rim(image: Tensor) -> Tensor:
    """(batch * (height + 2) * (width + 2), channels)."""
    return functional.pad(image.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1)).flatten(0, 2)


def _is_plain(layer: nn.Conv2d) -> bool:
    ones = layer.stride == layer.padding == layer.dilation == (1, 1)
    return ones and layer.kernel_size == (_SIDE, _SIDE) and layer.groups == 1


class _Convolution(nn.Conv2d):
    """The same answer, and the same gradients but for their last bits."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch gives it
        """(batch, inputs, height, width) to (batch, outputs, height, width)."""
        if not _pays(input):
            return super().forward(input)
        answer: Tensor = _Convolved.apply(input, self.weight)  # type: ignore[no-untyped-call]
        return answer if self.bias is None else answer + self.bias[:, None, None]


class _SingleChannels(nn.Conv2d):
    """In float32 where the rest is in bfloat16; before the class of the layer, which may pad in a way of its own."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the name that torch gives it
        """(batch, channels, height, width) to (batch, channels, rows, columns)."""
        if input.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        with torch.autocast("cpu", enabled=False):
            return super().forward(input.float())


def _pays(image: Tensor) -> bool:
    """Whether the library's own gradient would be the slow one."""
    return (
        torch.is_grad_enabled()
        and image.device.type == "cpu"
        and torch.backends.cpu.get_cpu_capability() == "AVX2"
        and image.is_contiguous(memory_format=torch.channels_last)
        and not torch.is_autocast_enabled("cpu")
    )


class _Convolved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, image: Tensor, weight: Tensor) -> Tensor:
        """Convolve."""
        ctx.save_for_backward(image, weight)
        return functional.conv2d(image, weight, padding=1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:  # noqa: ANN401 - torch's own
        """By the image, as the library does it, and by the weights."""
        image, weight = ctx.saved_tensors
        by_image = by_weight = None
        if ctx.needs_input_grad[0]:
            by_image = conv2d_input(image.shape, weight, gradient, padding=1)  # type: ignore[no-untyped-call]
        if ctx.needs_input_grad[1]:
            by_weight = weight_gradient(image, gradient)
        return by_image, by_weight

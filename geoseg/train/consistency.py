"""Predictions that do not depend on how a photo was resampled before it came.

The same roofs reach geoseg on a grid turned by half a degree, moved by half a pixel, a little
blurred or a little sharpened, as one program or the other warped them. Labels alone do not teach a
network to answer all of these alike: a second view of every crop does, with a loss on the difference
(consistency regularisation: Sajjadi et al. 2016, arXiv:1606.04586).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Generator, Tensor

_TURN_DEG = 3.0
_SCALE = 0.03
_SHIFT_PX = 8.0
_SHARPEST, _SOFTEST = -0.25, 0.6


def resampled(images: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Each image turned, scaled, moved, and blurred or sharpened by a little.

    Args:
        images: (batch, 3, height, width), float.
        generator: where the randomness comes from.

    Returns:
        The images, and where each of their pixels lies in the old ones: (batch, height, width, 2)
        as :func:`torch.nn.functional.grid_sample` takes it.
    """
    count, _, height, width = images.shape

    def drawn(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    turn = drawn(-_TURN_DEG, _TURN_DEG) * math.pi / 180
    scale = drawn(1 - _SCALE, 1 + _SCALE)
    along, across = scale * turn.cos(), scale * turn.sin()
    right = drawn(-_SHIFT_PX, _SHIFT_PX) * 2 / width
    down = drawn(-_SHIFT_PX, _SHIFT_PX) * 2 / height
    rows = torch.stack(
        [
            torch.stack([along, -across * height / width, right], dim=1),
            torch.stack([across * width / height, along, down], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(rows.to(images.device), list(images.shape), align_corners=False)
    view = functional.grid_sample(
        images, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    soft = functional.avg_pool2d(view, 3, stride=1, padding=1, count_include_pad=False)
    share = drawn(_SHARPEST, _SOFTEST).to(images.device)[:, None, None, None]
    view = torch.lerp(view, soft, share).clamp(-1, 1)
    return view.contiguous(memory_format=torch.channels_last), grid


def disagreement(logits: Tensor, view_logits: Tensor, grid: Tensor) -> Tensor:
    """Mean squared difference of the probabilities of two views, per head.

    Args:
        logits: of the images, (batch, heads, height, width).
        view_logits: of the second view, the same shape.
        grid: from :func:`resampled`.

    Returns:
        (heads,), over the pixels that both views show.
    """
    moved = functional.grid_sample(logits.float(), grid, mode="bicubic", align_corners=False)
    inside = (grid.abs().amax(dim=3) < 1).float()[:, None]  # (batch, 1, height, width)
    difference = (torch.sigmoid(moved) - torch.sigmoid(view_logits.float())) ** 2 * inside
    mean: Tensor = difference.sum((0, 2, 3)) / inside.sum().clamp(min=1)
    return mean

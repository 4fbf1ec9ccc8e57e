"""Labels that lie a few pixels off: move each building to where the network sees it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from geoseg.train.targets import head_targets

if TYPE_CHECKING:
    from torch import Tensor


def aligned_targets(labels: Tensor, logits: Tensor, *, reach_px: int, contact_px: int) -> Tensor:
    """Targets of labels whose buildings were moved to where they lose least.

    Args:
        labels: (batch, height, width), 0 background, else the number of the building.
        logits: (batch, heads, height, width), body first.
        reach_px: how far a building may move, in rows and in columns.
        contact_px: see :func:`geoseg.train.targets.head_targets`.

    Returns:
        (batch, heads, height, width), 0 or 1, on the device of ``logits``.
    """
    moved = aligned(labels.to(logits.device), logits[:, 0].detach().float(), reach_px)
    pixels = moved.cpu().numpy().astype(np.uint16)
    targets = [head_targets(image, contact_px=contact_px) for image in pixels]
    return torch.from_numpy(np.stack(targets)).to(logits.device)


def aligned(labels: Tensor, logits: Tensor, reach_px: int) -> Tensor:
    """Labels with every building moved by the shift of lowest cross-entropy.

    A shift changes the cross-entropy by the logits under the building alone, so the best shift is
    the one with the largest sum of logits. Buildings cut by the crop's border stay where they are,
    and so do all whose gain is nothing.

    Args:
        labels: (batch, height, width) integers.
        logits: (batch, height, width) of the body.
        reach_px: how far in rows and columns.
    """
    step = int(labels.max()) + 1
    offset = torch.arange(len(labels), device=labels.device)[:, None, None] * step
    numbers = (labels.long() + offset).flatten()
    shifts = sorted(product(range(-reach_px, reach_px + 1), repeat=2), key=_length)
    totals = logits.new_zeros((len(shifts), len(labels) * step))
    for total, shift in zip(totals, shifts, strict=True):
        total.index_add_(0, numbers, _moved(logits, (-shift[0], -shift[1])).flatten())
    totals[1:, _cut_by_border(numbers.view(labels.shape))] = -torch.inf
    best = totals.argmax(dim=0)  # the first of equals, hence the shortest
    best = best[numbers].view(labels.shape)
    result = torch.zeros_like(labels)
    used = torch.unique(best[labels > 0])
    for index in used.tolist():
        piece = _moved(torch.where(best == index, labels, 0), shifts[index])
        result = torch.where(piece > 0, piece, result)
    return result


def _length(shift: tuple[int, ...]) -> int:
    return sum(part**2 for part in shift)


def _cut_by_border(numbers: Tensor) -> Tensor:
    """Numbers seen on the rim of their crop."""
    rims = (numbers[:, 0], numbers[:, -1], numbers[:, :, 0], numbers[:, :, -1])
    together = torch.cat([rim.flatten() for rim in rims])
    numbers_there: Tensor = torch.unique(together)
    return numbers_there


def _moved(images: Tensor, shift: tuple[int, int]) -> Tensor:
    """(batch, height, width) moved down and right; zeros come in."""
    down, right = shift
    height, width = images.shape[1:]
    padding = (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0))
    padded = functional.pad(images, padding)
    top, left = max(-down, 0), max(-right, 0)
    moved: Tensor = padded[:, top : top + height, left : left + width]
    return moved

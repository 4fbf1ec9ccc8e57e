"""Losses that know where the target is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


def head_losses(logits: Tensor, target: Tensor, weight: Tensor, *, dice: float) -> Tensor:
    """Binary cross-entropy plus ``dice`` times the Dice loss, per head.

    Args:
        logits: (batch, heads, height, width).
        target: the same shape, 0 or 1.
        weight: the same shape, 0 where the target is unknown, more than 1 where pixels count more.
        dice: weight of the Dice loss.

    Returns:
        (heads,); a head without any known pixel loses nothing.
    """
    over = (0, 2, 3)
    logits, target, weight = logits.float(), target.float(), weight.float()
    entropy = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (entropy * weight).sum(over) / weight.sum(over).clamp(min=1)  # (heads,)
    probability = torch.sigmoid(logits)
    known = target * weight
    overlap = (probability * known).sum(over)
    sizes = (probability * weight).sum(over) + known.sum(over)
    smooth = 100.0  # pixels; a batch with hardly any target pixel does not swing the loss
    losses: Tensor = entropy + dice * (1 - (2 * overlap + smooth) / (sizes + smooth))
    return losses

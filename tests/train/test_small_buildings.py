"""Pixels of small buildings count more where it is asked for."""

from __future__ import annotations

import numpy as np
import torch

from geoseg.train.losses import head_losses
from geoseg.train.targets import head_targets, head_weights, small_count_more


def town() -> np.ndarray:
    """A hut of 25 px and a hall of 600 px, far apart."""
    labels = np.zeros((48, 64), np.uint16)
    labels[4:9, 4:9], labels[16:36, 20:50] = 1, 2
    return labels


def test_huts_and_two_pixels_around_them_count_more() -> None:
    worth = small_count_more(town(), 3)
    assert (worth[2:11, 2:11] == 3).all()  # the root of 600 / 25 is 4.9
    assert (worth[12:, 12:] == 1).all()
    assert small_count_more(town(), 5)[6, 6] == 5
    labels = town()
    labels[4:14, 4:19] = 1  # 150 px
    assert small_count_more(labels, 5)[6, 6] == 2


def test_where_nobody_knows_nothing_counts() -> None:
    labels, ignore = town(), np.zeros((48, 64), bool)
    ignore[4:6] = True
    target = head_targets(labels, contact_px=4)
    plain = head_weights(labels, target, ignore, blobs=False)
    more = head_weights(labels, target, ignore, blobs=False, most=3)
    assert (more[:, 4:6] == 0).all()
    assert ((more > 0) == (plain > 0)).all()
    assert (more[0, 6:9, 4:9] == 3).all()


def test_weights_above_one_weigh_and_no_more() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(1, 3, 32, 32), (torch.rand(1, 3, 32, 32) > 0.5).float()
    once, twice = torch.ones_like(target), torch.full_like(target, 2.0)
    right = torch.where(target > 0, 20.0, -20.0)
    assert head_losses(right, target, twice, dice=1.0).max() < 1e-3  # no less than for 1
    torch.testing.assert_close(
        head_losses(logits, target, once, dice=0.0), head_losses(logits, target, twice, dice=0.0)
    )
    half = torch.cat([twice[..., :16], once[..., 16:]], dim=-1)
    worse_left = logits.clone()
    worse_left[..., :16] *= -1
    weighted = head_losses(worse_left, target, half, dice=1.0)
    assert (weighted != head_losses(worse_left, target, once, dice=1.0)).all()

"""Buildings labelled a few pixels off, moved to where the network sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_training import ARCHITECTURE

from geoseg.scenes.scene import Scene
from geoseg.train.alignment import aligned, aligned_targets
from geoseg.train.config import LossConfig, TrainConfig
from geoseg.train.crops import CropDataset
from geoseg.train.module import SegmentationModule
from geoseg.train.targets import head_targets

pytestmark = pytest.mark.thorough


def town() -> torch.Tensor:
    """Two crops of separate buildings, none near the border."""
    labels = torch.zeros(2, 48, 48, dtype=torch.int32)
    labels[0, 8:18, 8:20], labels[0, 28:40, 10:20], labels[1, 12:30, 24:40] = 1, 2, 1
    return labels


shift = st.tuples(st.integers(-2, 2), st.integers(-2, 2))


@given(shift, shift, shift)
def test_every_building_moves_back_to_where_it_is_seen(
    a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]
) -> None:
    true = town()
    wrong = torch.zeros_like(true)
    for crop, number, way in ((0, 1, a), (0, 2, b), (1, 1, c)):
        piece = torch.where(true[crop] == number, true[crop], 0)
        wrong[crop] += torch.roll(piece, way, (0, 1))
    seen = torch.where(true > 0, 3.0, -3.0)
    torch.testing.assert_close(aligned(wrong, seen, 2), true)


def test_nothing_moves_without_a_gain() -> None:
    labels = town()
    torch.testing.assert_close(aligned(labels, torch.zeros(2, 48, 48), 3), labels)
    none = torch.zeros_like(labels)
    torch.testing.assert_close(aligned(none, torch.randn(2, 48, 48), 2), none)


def test_buildings_cut_by_the_border_stay() -> None:
    labels = torch.zeros(1, 30, 30, dtype=torch.int32)
    labels[0, 0:8, 10:20] = 1
    seen = torch.full((1, 30, 30), -3.0)
    seen[0, 2:10, 12:22] = 3.0
    torch.testing.assert_close(aligned(labels, seen, 2), labels)


def test_targets_follow_the_moved_labels() -> None:
    true = town()
    wrong = torch.roll(true, (1, -1), (1, 2))
    logits = torch.where(true > 0, 3.0, -3.0)[:, None].expand(2, 3, 48, 48)
    targets = aligned_targets(wrong, logits, reach_px=2, contact_px=4)
    wanted = [head_targets(image.numpy().astype(np.uint16), contact_px=4) for image in true]
    np.testing.assert_array_equal(targets.numpy(), np.stack(wanted))


def test_training_moves_the_targets_when_asked(tmp_path: Path) -> None:

    config = TrainConfig.model_validate(
        {
            "output": tmp_path,
            "start": "scratch",
            "architecture": ARCHITECTURE,
            "data": {"scenes": tmp_path, "crop_px": 48, "gsd_m": (0.3, 0.3)},
            "loss": {"shift_px": 2},
        }
    )
    labels = town()[0].numpy().astype(np.uint16)
    image = np.zeros((48, 48, 3), np.uint8)
    scene = Scene("a", "town", "train", 0.3, image, labels, np.zeros((48, 48), bool))
    item = CropDataset([scene], config, first=0, length=1)[0]
    batch = {name: torch.from_numpy(value)[None] for name, value in item.items()}
    true = batch["labels"] > 0
    logits = torch.where(torch.roll(true, (2, 1), (1, 2)), 5.0, -5.0)[:, None]
    moved = SegmentationModule(config, [])._target(batch, logits.expand(-1, 3, -1, -1))
    kept = SegmentationModule(config.model_copy(update={"loss": LossConfig()}), [])
    assert kept._target(batch, logits) is batch["target"]
    assert not torch.equal(moved, batch["target"])
    assert not (moved[0, 0].bool() & ~torch.roll(true, (2, 1), (1, 2))[0]).any()

"""Two views of a crop agree where the network answers to the ground, not to its grid."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_training import first_logged, labels_loss, small_training
from torch import Tensor
from torch.nn import functional

from geoseg.train.consistency import disagreement, resampled
from geoseg.train.run import train

pytestmark = pytest.mark.thorough


def smooth_images() -> Tensor:
    noise = torch.rand(3, 3, 16, 24, generator=torch.Generator().manual_seed(1))
    return functional.interpolate(noise * 1.6 - 0.8, scale_factor=8, mode="bicubic").clamp(-1, 1)


def drawn(seed: int) -> tuple[Tensor, Tensor]:
    return resampled(smooth_images(), torch.Generator().manual_seed(seed))


def test_a_network_that_reads_the_ground_agrees_with_itself() -> None:
    view, grid = drawn(4)
    assert disagreement(smooth_images(), view, grid).max() < 1e-5


def test_a_network_that_reads_its_grid_does_not() -> None:
    images = smooth_images()
    view, grid = drawn(4)
    stay = functional.affine_grid(
        torch.eye(2, 3).expand(3, 2, 3), list(images.shape), align_corners=False
    )
    assert disagreement(images, view, stay).min() > 10 * disagreement(images, view, grid).max()


def test_the_view_is_turned_in_pixels_though_images_are_oblong() -> None:
    _, grid = drawn(7)
    height, width = grid.shape[1:3]
    pixels = grid * torch.tensor([width, height]) / 2
    right = pixels[:, 0, 1] - pixels[:, 0, 0]
    down = pixels[:, 1, 0] - pixels[:, 0, 0]
    torch.testing.assert_close(right.norm(dim=1), down.norm(dim=1), atol=1e-4, rtol=0)
    torch.testing.assert_close((right * down).sum(1), torch.zeros(3), atol=1e-4, rtol=0)
    assert (right.norm(dim=1) - 1).abs().max() < 0.031


def test_every_image_has_a_view_of_its_own() -> None:
    _, grid = drawn(2)
    assert not torch.allclose(grid[0], grid[1])
    torch.testing.assert_close(drawn(2)[0], drawn(2)[0])


@pytest.mark.filterwarnings("ignore")  # the trainer library warns about its own dependencies
def test_training_logs_how_far_the_views_are_apart(tmp_path: Path) -> None:
    config = small_training(tmp_path, {"consistency": 5.0})
    train(config)
    row = first_logged(config)
    assert row["apart"] > 0
    assert row["loss"] == pytest.approx(labels_loss(config) + 5 * row["apart"], rel=1e-4)

"""Two views of a crop agree where the network answers to the ground, not to its grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from geoseg.train.config import TrainConfig
from geoseg.train.consistency import disagreement, resampled
from geoseg.train.run import train
from geoseg.train.scene import Scene, save_scene


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


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    rng = np.random.default_rng(0)
    labels = np.zeros((96, 96), np.uint16)
    labels[20:60, 30:70] = 1
    image = np.where(labels[..., None] > 0, 200, 60) + rng.integers(0, 30, (96, 96, 3))
    for split in ("train", "val"):
        ignore = np.zeros(labels.shape, bool)
        name = f"town_{split}"
        save_scene(
            Scene(name, "town", split, 0.3, image.astype(np.uint8), labels, ignore), tmp_path
        )
    return TrainConfig.model_validate(
        {
            "output": tmp_path / "out",
            "start": "scratch",
            "architecture": {"encoder": "resnet18", "depth": 3, "decoder_channels": [8, 8, 8]},
            "data": {"folder": tmp_path, "crop_px": 48, "gsd_m": (0.3, 0.3), "workers": 0},
            "loss": {"consistency": 5.0},
            "schedule": {"batch": 2, "max_steps": 2, "steps_per_round": 1, "warmup_steps": 0},
            "compute": {"accelerator": "cpu", "threads": 1},
        }
    )


@pytest.mark.filterwarnings("ignore")  # the trainer library warns about its own dependencies
def test_training_logs_how_far_the_views_are_apart(config: TrainConfig) -> None:
    train(config)
    (log,) = config.output.rglob("metrics.csv")
    header, first = log.read_text().splitlines()[:2]
    row = dict(zip(header.split(","), first.split(","), strict=True))
    parts = sum(float(row[f"loss_{head}"]) * weight for head, weight in head_weights(config))
    assert float(row["apart"]) > 0
    assert float(row["loss"]) == pytest.approx(parts + 5 * float(row["apart"]), rel=1e-4)


def head_weights(config: TrainConfig) -> list[tuple[str, float]]:
    return [(head, getattr(config.loss, head)) for head in ("body", "contact", "edge")]

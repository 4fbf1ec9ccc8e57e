"""A training of one house and a network of nothing, for what every training does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from geoseg.scenes.scene import Scene, save_scene
from geoseg.train.config import TrainConfig

ARCHITECTURE = {"encoder": "resnet18", "depth": 3, "decoder_channels": [8, 8, 8]}


def small_training(folder: Path, loss: dict[str, Any], **changed: Any) -> TrainConfig:
    """Two steps on one scene, which is held out as well, with output in ``folder``/out."""
    rng = np.random.default_rng(0)
    labels = np.zeros((96, 96), np.uint16)
    labels[20:60, 30:70] = 1
    image = np.where(labels[..., None] > 0, 200, 60) + rng.integers(0, 30, (96, 96, 3))
    for split in ("train", "val"):
        ignore = np.zeros(labels.shape, bool)
        name = f"town_{split}"
        save_scene(Scene(name, "town", split, 0.3, image.astype(np.uint8), labels, ignore), folder)
    return TrainConfig.model_validate(
        {
            "output": folder / "out",
            "start": "scratch",
            "architecture": ARCHITECTURE,
            "data": {"scenes": folder, "crop_px": 48, "gsd_m": (0.3, 0.3), "workers": 0},
            "loss": loss,
            "schedule": {"batch": 2, "max_steps": 2, "steps_per_round": 1, "warmup_steps": 0},
            "compute": {"accelerator": "cpu", "threads": 1},
            **changed,
        }
    )


def first_logged(config: TrainConfig) -> dict[str, float]:
    """The losses of the first step."""
    (log,) = config.output.rglob("metrics.csv")
    header, first = log.read_text().splitlines()[:2]
    row = zip(header.split(","), first.split(","), strict=True)
    return {name: float(value) for name, value in row if value}


def labels_loss(config: TrainConfig) -> float:
    """The part of the first step's loss that labels make."""
    row = first_logged(config)
    heads = ("body", "contact", "edge")
    return sum(row[f"loss_{head}"] * getattr(config.loss, head) for head in heads)

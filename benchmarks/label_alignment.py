"""Train on labels shifted on purpose, with and without moving each building to where it is seen.

Run as ``python benchmarks/label_alignment.py SCENES``. The built-in model is trained on for some
steps on training scenes whose buildings were all moved by 1 to 3 pixels in random directions, and
scored on untouched held-out scenes: as it was, and after true and shifted labels, without and with
the alignment. Norms keep their statistics: with so few steps, new ones would be the largest effect.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from geoseg.machine import keep_freed_memory
from geoseg.models import DEFAULT_WEIGHTS
from geoseg.models.network import build_network
from geoseg.models.weights import load_weights
from geoseg.scenes.scene import Scene, load_scenes
from geoseg.train.alignment import aligned_targets
from geoseg.train.losses import head_losses
from geoseg.train.module import normalised
from geoseg.train.scoring import Counts
from geoseg.train.targets import head_targets
from geoseg.train.validation import predict_scene, resample_scene, score_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

GSD_M = 0.375
CROP_PX = 192
CONTACT_PX = 4
WEIGHTS = (1.0, 0.8, 0.25)
PLACES = ("banepa_z18", "geocarta")
"""Their labels are good and one by one, so what was shifted is known."""
HELD_OUT_PX = 640


@dataclass(frozen=True, slots=True)
class Batches:
    """What all ways of training see, in the same order."""

    images: Tensor
    """(steps, batch, 3, side, side) uint8."""
    labels: Tensor
    """(steps, batch, side, side) int32."""
    shifted: Tensor
    """The same with every building moved."""
    known: Tensor
    """(steps, batch, 1, side, side), 0 where nobody knows."""


def shifted(labels: NDArray[np.uint16], rng: np.random.Generator) -> NDArray[np.uint16]:
    """Move every building by 1 to 3 pixels in a direction of its own."""
    number = int(labels.max()) + 1
    angle, reach = rng.uniform(0, 2 * math.pi, number), rng.uniform(1, 3, number)
    down, right = (np.rint(reach * part(angle)).astype(int) for part in (np.sin, np.cos))
    rows, cols = np.nonzero(labels)
    values = labels[rows, cols]
    rows = np.clip(rows + down[values], 0, labels.shape[0] - 1)
    cols = np.clip(cols + right[values], 0, labels.shape[1] - 1)
    moved = np.zeros_like(labels)
    moved[rows, cols] = values
    return moved


def draw(scenes: list[Scene], steps: int, batch: int, seed: int) -> Batches:
    """Random crops of the scenes."""
    rng = np.random.default_rng(seed)
    wrong = [shifted(scene.labels, rng) for scene in scenes]
    areas = np.array([scene.labels.size for scene in scenes], float)
    images, true, moved, known = [], [], [], []
    for _ in range(steps * batch):
        pick = rng.choice(len(scenes), p=areas / areas.sum())
        scene = scenes[pick]
        row, col = (int(rng.integers(0, length - CROP_PX)) for length in scene.labels.shape)
        cut = np.s_[row : row + CROP_PX, col : col + CROP_PX]
        images.append(np.moveaxis(scene.image[cut], 2, 0))
        true.append(scene.labels[cut].astype(np.int32))
        moved.append(wrong[pick][cut].astype(np.int32))
        known.append(~scene.ignore[cut][None])
    stacked = (torch.from_numpy(np.stack(part)) for part in (images, true, moved, known))
    return Batches(*(part.unflatten(0, (steps, batch)) for part in stacked))


def trained(batches: Batches, *, shift: bool, reach_px: int, rate: float) -> nn.Module:
    """The built-in network after these batches."""
    network = start()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    labels = batches.shifted if shift else batches.labels
    steps = zip(batches.images, labels, batches.known, strict=True)
    for step, (images, numbers, known) in enumerate(steps):
        falling = 0.5 * (1 + math.cos(math.pi * step / len(labels)))
        optimizer.param_groups[0]["lr"] = rate * max(0.02, falling) * min(1, (step + 1) / 10)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(normalised(images))
        target = targets(numbers, logits, reach_px)
        losses = head_losses(logits, target, known.expand_as(target), dice=1.0)
        optimizer.zero_grad()
        (losses * losses.new_tensor(WEIGHTS)).sum().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    return network


def targets(labels: Tensor, logits: Tensor, reach_px: int) -> Tensor:
    """Of the labels as they are, or of the moved ones."""
    if reach_px:
        return aligned_targets(labels, logits, reach_px=reach_px, contact_px=CONTACT_PX)
    pixels = labels.numpy().astype(np.uint16)
    return torch.from_numpy(
        np.stack([head_targets(image, contact_px=CONTACT_PX) for image in pixels])
    )


def start() -> nn.Module:
    """The built-in network."""
    state, metadata = load_weights(DEFAULT_WEIGHTS)
    network = build_network(metadata.architecture)
    network.load_state_dict(state)
    return network.to(memory_format=torch.channels_last).eval()


def score(network: nn.Module, scenes: list[Scene]) -> Counts:
    """All held-out scenes together."""
    total = Counts()
    for scene in scenes:
        total += score_scene(predict_scene(network, scene.image, 16), scene)
    return total


def middle(scene: Scene) -> Scene:
    """The middle of a large scene."""
    starts = [max(0, (length - HELD_OUT_PX) // 2) for length in scene.labels.shape]
    cut = tuple(slice(start, start + HELD_OUT_PX) for start in starts)
    image, labels, ignore = scene.image[cut], scene.labels[cut], scene.ignore[cut]
    return replace(scene, image=image, labels=labels, ignore=ignore)


def read(folder: Path) -> tuple[list[Scene], list[Scene]]:
    """Training scenes and held-out scenes at one pixel size."""
    training, held_out = (
        [
            resample_scene(scene, (GSD_M, GSD_M))
            for scene in load_scenes(folder, split)
            if scene.place in PLACES
        ]
        for split in ("train", "val")
    )
    large = [scene for scene in training if min(scene.labels.shape) > CROP_PX]
    return large, [middle(scene) for scene in held_out]


def show(name: str, network: nn.Module, held_out: list[Scene]) -> None:
    """One line of the table."""
    counts = score(network, held_out)
    spent = f"({time.process_time():.0f} CPU s so far)"
    print(f"{name:18} IoU {counts.iou:.3f}  F1 {counts.f1:.3f}  {spent}", flush=True)


def main() -> None:
    """Train in all ways and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path, help="packed data set")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--reach", type=int, default=3, help="of the alignment, pixels")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    training, held_out = read(arguments.scenes)
    batches = draw(training, arguments.steps, arguments.batch, arguments.seed)
    print(f"{len(training)} scenes, {len(held_out)} held out, {arguments.steps} steps")
    show("built-in", start(), held_out)
    reach_px = arguments.reach
    ways = {
        "shifted": (True, 0),
        "shifted, aligned": (True, reach_px),
        "true": (False, 0),
        "true, aligned": (False, reach_px),
    }
    for name, (shift, reach) in ways.items():
        network = trained(batches, shift=shift, reach_px=reach, rate=arguments.rate)
        show(name, network, held_out)


if __name__ == "__main__":
    main()

"""Let the head double the resolution, in place of the decoder's last stage: ``python -m geoseg.train.halve MODEL --scenes SCENES -o OUT``.

The last stage works on whole pixels, which is a third of the network's time, and sees nothing but what the stage
before gives it. A head that gives four pixels for every one can say nearly the same. It learns what
the model itself answers in two views, on crops of the scenes; no labels are needed. Encoder and batch norms stay
as they are.
"""

from __future__ import annotations

import argparse
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from geoseg.errors import GeosegError, UsageError
from geoseg.models import load_model
from geoseg.models.averaged import averaged
from geoseg.models.loading import dense_file
from geoseg.models.network import build_network
from geoseg.models.receptive import measure_halo_px
from geoseg.models.weights import Metadata, as_stored, load_weights, save_weights
from geoseg.scenes.scene import load_scenes
from geoseg.train.config import TrainConfig
from geoseg.train.convolution import with_own_gradients
from geoseg.train.crops import CropDataset
from geoseg.train.distil import distance
from geoseg.train.module import normalised
from geoseg.train.ranges import evenly, with_ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from geoseg.scenes.scene import Scene

_log = logging.getLogger(__name__)

SEED = 7
CROPS, CROP_PX, BATCH = 2400, 256, 8
GSD_M = (0.22, 0.40)
"""Pixel sizes of crops, around those that models look at."""
RATE, WARMUP_STEPS, EMA_DECAY = 0.0015, 20, 0.98
LEARNING = ("decoder.", "segmentation_head.")
"""Parameters that learn."""
_TOLD_STEPS = 50


@dataclass(frozen=True, slots=True)
class _Shown:
    """Crops, and what the model says of them."""

    images: NDArray[np.uint8]
    """(crops, 3, height, width)."""
    answers: NDArray[np.uint8]
    """(crops, heads, height, width), probabilities in 255ths."""


def halve(
    model: str | Path,
    scenes: Path,
    output: Path,
    *,
    minutes: float,
    split: str = "train",
    start: Path | None = None,
) -> None:
    """Write the model with a head that doubles the resolution, its record otherwise as it was.

    Args:
        model: "default" or a model file of a U-Net, whose answers are learnt.
        scenes: Packed scenes to cut crops from; their labels are not looked at.
        output: Model file to write.
        minutes: Of learning, wall time; the model's answers come before.
        split: Which of them: those to learn from, or "all".
        start: A halved model to go on from; None: the model, and a head of random weights.

    Raises:
        UsageError: the model's head doubles the resolution already, or the start's does not.
        ModelError: one is no model file.
    """
    state, record = load_weights(dense_file(model))
    architecture = record.architecture
    if architecture.head_px > 1:
        raise UsageError(f"the head of {model} doubles the resolution already")
    architecture = architecture.model_copy(
        update={"decoder_channels": architecture.decoder_channels[:-1]}
    )
    if start is not None:
        state, own = load_weights(start)
        if own.architecture != architecture:
            raise UsageError(f"{start} is no halved model of {model}")
    torch.manual_seed(SEED)
    network = build_network(architecture)
    fresh = network.state_dict()
    network.load_state_dict(
        {name: state[name] if _is_kept(state, name, one) else one for name, one in fresh.items()}
    )
    found = load_scenes(scenes, split)
    _learn(network, _shown(model, found), minutes)
    record = record.model_copy(
        update={
            **record.for_other_weights(),
            "architecture": architecture,
            "halo_px": measure_halo_px(architecture),
        }
    )
    _write(network, record, found, output)


def _is_kept(state: dict[str, Tensor], name: str, fresh: Tensor) -> bool:
    return name in state and state[name].shape == fresh.shape


def _shown(model: str | Path, scenes: list[Scene]) -> _Shown:
    """Crops of the scenes, changed as for training, and the mean of the model's answers in two views."""
    config = TrainConfig.model_validate(
        {
            "output": Path(),
            "seed": SEED,
            "data": {"scenes": Path(), "crop_px": CROP_PX, "gsd_m": GSD_M},
        }
    )
    crops = CropDataset(scenes, config, first=0, length=CROPS)
    teacher = averaged(load_model(model, device="cpu", precision="fp32"))
    images = np.empty((CROPS, 3, CROP_PX, CROP_PX), np.uint8)
    answers = np.empty((CROPS, len(teacher.heads), CROP_PX, CROP_PX), np.uint8)
    for number in range(CROPS):
        images[number] = np.moveaxis(crops.crop(number).image, 2, 0)
        answers[number] = np.rint(teacher.predict_maps(images[number, None])[0] * 255)
    return _Shown(images, answers)


def _learn(network: nn.Module, shown: _Shown, minutes: float) -> None:
    """Decoder and head learn the answers; in the end they are the mean over the last steps.

    The rate falls as a cosine with the time that is gone.
    """
    with_own_gradients(network).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    learning = {name: one for name, one in network.named_parameters() if name.startswith(LEARNING)}
    for name, one in network.named_parameters():
        one.requires_grad_(name in learning)
    optimizer = torch.optim.AdamW(learning.values(), lr=RATE, weight_decay=1e-4)
    mean = {name: one.detach().clone() for name, one in learning.items()}
    began = time.monotonic()
    for step, batch in enumerate(_batches(len(shown.images))):
        gone = (time.monotonic() - began) / (60 * minutes)
        if gone >= 1:
            break
        rate = RATE * min(1, (step + 1) / WARMUP_STEPS) * (1 + math.cos(math.pi * gone)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate
        answers = torch.from_numpy(shown.answers[batch].astype(np.float32) / 255)
        loss = distance(network(normalised(torch.from_numpy(shown.images[batch]))), answers).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            for name, one in learning.items():
                mean[name].lerp_(one, max(1 - EMA_DECAY, 1 / (step + 1)))
        if step % _TOLD_STEPS == 0:
            _log.info("step %d, %.0f %% of the time, cross-entropy %.4f", step, 100 * gone, loss)
    network.load_state_dict(network.state_dict() | mean)


def _batches(crops: int) -> Iterator[NDArray[np.intp]]:
    """Numbers of ``BATCH`` crops; all come by before one comes again."""
    lots = np.random.default_rng(SEED)
    while True:
        order = lots.permutation(crops)
        yield from order[: crops // BATCH * BATCH].reshape(-1, BATCH)


def _write(network: nn.Module, record: Metadata, scenes: list[Scene], output: Path) -> None:
    stored = as_stored({name: one.contiguous() for name, one in network.state_dict().items()})
    save_weights(with_ranges(stored, record, evenly(scenes)), record, output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m geoseg.train.halve")
    parser.add_argument("model")
    parser.add_argument("--scenes", required=True, type=Path, help="packed scenes")
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--minutes", type=float, default=40, help="of learning")
    parser.add_argument("--split", choices=("train", "all"), default="train", help="which scenes")
    parser.add_argument("--start", type=Path, help="a halved model to go on from")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        halve(
            asked.model,
            asked.scenes,
            asked.output,
            minutes=asked.minutes,
            split=asked.split,
            start=asked.start,
        )
    except GeosegError as error:
        parser.exit(1, f"{error}\n")

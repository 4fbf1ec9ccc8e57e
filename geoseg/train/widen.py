"""Give a network a wider decoder: ``python -m geoseg.train.widen MODEL CHANNELS -o OUT [--scenes SCENES]``.

New channels have random weights that nobody reads yet, so the answer stays the same and training goes on from
it (Chen et al. 2016, "Net2Net", copies channels to the same end). A training that keeps its start's norms
needs ``--scenes``: the statistics of the new channels are measured there.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from geoseg.errors import GeosegError, UsageError
from geoseg.models.loading import dense_file
from geoseg.models.network import build_network
from geoseg.models.weights import Architecture, load_weights, save_weights
from geoseg.scenes.scene import load_scenes
from geoseg.train.config import TrainConfig
from geoseg.train.crops import CropDataset
from geoseg.train.module import normalised

SEED = 5
BATCHES, BATCH = 30, 8
"""Crops that norms are measured on."""


def widen(
    model: str | Path, channels: Sequence[int], output: Path, scenes: Path | None = None
) -> None:
    """Write the model with ``channels`` in the decoder's blocks, its record otherwise as it was.

    Args:
        model: "default" or a model file of a U-Net.
        channels: Of each block, the coarsest first; the last block's stay, since the head reads all.
        output: Model file to write.
        scenes: Packed scenes, on whose crops the new channels' norms are measured.

    Raises:
        UsageError: a block would become narrower, their number or the last one another.
        ModelError: it is no model file.
    """
    state, record = load_weights(dense_file(model))
    old, new = record.architecture.decoder_channels, tuple(channels)
    fits = len(new) == len(old) and new[-1] == old[-1]
    if not fits or any(more < less for more, less in zip(new, old, strict=True)):
        raise UsageError(
            f"the decoder has {old} channels: give as many numbers, none smaller, the last the same; "
            f"got {new}"
        )
    architecture = record.architecture.model_copy(update={"decoder_channels": new})
    torch.manual_seed(SEED)
    wide = build_network(architecture).state_dict()
    for name, fresh in wide.items():
        known = state[name]
        if known.ndim == fresh.ndim == 4:  # noqa: PLR2004  # a convolution: outputs, inputs, height, width
            wide[name] = _wider(known, fresh, _from_below(name, old))
        else:
            wide[name] = torch.cat([known, fresh[len(known) :]]) if known.ndim else known
    if scenes is not None:
        wide = _measured(wide, state, architecture, scenes)
    save_weights(wide, record.model_copy(update={"architecture": architecture}), output)


def _measured(
    wide: dict[str, Tensor], known: dict[str, Tensor], architecture: Architecture, scenes: Path
) -> dict[str, Tensor]:
    """The same with statistics of the new channels; those of known ones stay."""
    network = build_network(architecture).train()
    network.load_state_dict(wide)
    config = TrainConfig.model_validate({"output": scenes, "data": {"scenes": scenes}})
    crops = CropDataset(load_scenes(scenes, "train"), config, first=0, length=BATCHES * BATCH)
    statistics = {name: one for name, one in network.state_dict().items() if "running_" in name}
    with torch.no_grad():
        for first in range(0, len(crops), BATCH):
            images = [torch.from_numpy(crops[first + i]["image"]) for i in range(BATCH)]
            network(normalised(torch.stack(images)))
            for name, one in statistics.items():
                one[: len(known[name])] = known[name]
    return wide | statistics


def _from_below(name: str, channels: Sequence[int]) -> int | None:
    """Of a convolution's inputs, those that come first from a decoder's block; None: all others' as they are.

    Behind them come those of the encoder, which stay.
    """
    parts = name.split(".")
    if parts[0] != "decoder":
        return None
    block, which = int(parts[2]), parts[3]
    if which == "conv2":
        return channels[block]
    return channels[block - 1] if block else None


def _wider(known: Tensor, fresh: Tensor, below: int | None) -> Tensor:
    """Known outputs read known inputs alone; new outputs read everything, by chance."""
    outputs, inputs = known.shape[:2]
    below = inputs if below is None else below
    wider = torch.randn_like(fresh) * math.sqrt(2 / fresh[0].numel())
    wider[:outputs] = 0
    wider[:outputs, :below] = known[:, :below]
    beside = inputs - below
    if beside:
        wider[:outputs, -beside:] = known[:, below:]
    return wider


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m geoseg.train.widen")
    parser.add_argument("model")
    parser.add_argument("channels", help="such as 192,96,48,32")
    parser.add_argument("-o", "--output", required=True, type=Path)
    parser.add_argument("--scenes", type=Path, help="where the new channels' norms are measured")
    asked = parser.parse_args()
    try:
        channels = [int(one) for one in asked.channels.split(",")]
        widen(asked.model, channels, asked.output, asked.scenes)
    except GeosegError as error:
        parser.exit(1, f"{error}\n")

"""What every training shares: the schedule, the clock and the scores per place."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from geoseg.models.weights import DataSource
from geoseg.scenes.scene import load_scenes
from geoseg.train.scoring import Counts
from geoseg.train.trainer_library import lightning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from torch.utils.data import Dataset

    from geoseg.scenes.scene import Scene
    from geoseg.train.config import TrainConfig

_CLIP_NORM = 1.0


@dataclass(frozen=True, slots=True)
class Finished:
    """What a training has come to."""

    weights: dict[str, torch.Tensor]
    """The network's tensors."""
    about: dict[str, str]
    """How it came to be, for the model file."""
    scenes: Sequence[Scene]
    """Those to learn from, which networks are measured on."""
    learnt: bool = True
    """Whether the scenes went into the weights."""


class Learner(lightning.LightningModule):
    """A network and its schedule; the kinds of network add losses, crops and the file."""

    encoder_prefix: str
    """Parameters whose names begin so learn at the encoder's rate."""
    network: nn.Module
    """What is trained."""

    def __init__(self, config: TrainConfig, held_out: Sequence[Scene]) -> None:
        super().__init__()
        self.config = config
        self._held_out = held_out
        self._elapsed_before_s = 0.0
        self._began_s = time.monotonic()
        self.elapsed_s = 0.0
        """Seconds of training in this and earlier runs, by the clock of the first process."""
        self._counts: dict[str, Counts] = {}
        self.f1_before: dict[str, float] = {}
        """Held-out place to F1 of the weights that the training started from."""

    @abstractmethod
    def crops(self, scenes: Sequence[Scene], first: int, length: int) -> Dataset[Any]:
        """Crops number ``first`` to ``first + length`` of the endless sequence."""

    @staticmethod
    @abstractmethod
    def batch(crops: list[Any]) -> Any:  # noqa: ANN401 - what training_step takes
        """Crops as one batch."""

    @abstractmethod
    def write(self, finished: Finished, path: Path) -> None:
        """Write a model file."""

    def note(self, place: str, counts: Counts) -> None:
        """Add the counts of a held-out scene."""
        self._counts[place] = self._counts.get(place, Counts()) + counts

    @abstractmethod
    def validation_step(self, number: int, _index: int) -> None:
        """Note the counts of a held-out scene."""

    @torch.no_grad()
    def scores(self) -> dict[str, float]:
        """Held-out place to F1 of the weights as they are, outside of a training."""
        self.eval()
        for number in range(len(self._held_out)):
            self.validation_step(number, number)
        counts, self._counts = self._counts, {}
        self.train()
        return {place: one.f1 for place, one in sorted(counts.items())}

    def on_validation_epoch_end(self) -> None:
        """Report per place, and the mean over places as the score."""
        by_place = _over_processes(self._counts)
        self._counts = {}
        scores: dict[str, float] = {}
        for place, counts in sorted(by_place.items()):
            scores[f"f1/{place}"], scores[f"iou/{place}"] = counts.f1, counts.iou
        f1 = [counts.f1 for counts in by_place.values()]
        scores["score"] = sum(f1) / max(1, len(f1))
        self.log_dict(scores, sync_dist=True)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - lightning's own union of forms
        """AdamW; no decay of norms and biases; a slower encoder."""
        optimizer = torch.optim.AdamW(
            self._parameter_groups(), lr=self.config.schedule.learning_rate, fused=True
        )
        rates = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rates, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip by norm; lightning's own way refuses fused optimisers."""
        del optimizer, gradient_clip_val, gradient_clip_algorithm
        nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP_NORM)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:  # noqa: ANN401 - see batch
        """Read one clock for all processes, or their rates differ and only some of them stop."""
        del batch, batch_idx
        measured_s = self._elapsed_before_s + time.monotonic() - self._began_s
        self.elapsed_s = self.trainer.strategy.broadcast(measured_s)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the clock, so that a resumed training goes on with what is left of its budget."""
        checkpoint["elapsed_s"] = self.elapsed_s
        checkpoint["f1_before"] = self.f1_before

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set the clock."""
        self.elapsed_s = self._elapsed_before_s = float(checkpoint["elapsed_s"])
        self._began_s = time.monotonic()
        self.f1_before = dict(checkpoint.get("f1_before", {}))

    def progress(self, step: int) -> float:
        """0..1, by steps or by minutes, whichever is farther."""
        schedule = self.config.schedule
        by_steps = step / schedule.max_steps
        minutes = schedule.max_minutes
        by_clock = self.elapsed_s / 60 / minutes if minutes else 0.0
        return min(1.0, max(by_steps, by_clock))

    def _rate(self, step: int) -> float:
        """Share of the learning rate: a short rise, then half a cosine down to 1 %."""
        warm = min(1.0, (step + 1) / max(1, self.config.schedule.warmup_steps))
        return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * self.progress(step))))

    def _parameter_groups(self) -> list[dict[str, Any]]:
        schedule = self.config.schedule
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            key = name.startswith(self.encoder_prefix), parameter.ndim > 1
            groups.setdefault(key, []).append(parameter)
        return [
            {
                "params": parameters,
                "lr": schedule.learning_rate * (schedule.encoder_rate if encoder else 1.0),
                "weight_decay": schedule.weight_decay if matrix else 0.0,
            }
            for (encoder, matrix), parameters in groups.items()
        ]


def trained_weights(saved: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The network's averaged weights in a checkpoint."""
    prefix = "network."
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in saved["state_dict"].items()
        if name.startswith(prefix)
    }


def history(saved: dict[str, Any], config: TrainConfig) -> dict[str, str]:
    """How a checkpoint came to be, for the model file."""
    return {
        "steps": str(saved["global_step"]),
        "minutes": f"{saved['elapsed_s'] / 60:.0f}",
        "start": str(config.start),
    }


def all_sources(config: TrainConfig, before: Iterable[DataSource]) -> tuple[DataSource, ...]:
    """Places and licences of the scenes that were trained on, after those known ``before``."""
    scenes = learnable(load_scenes(config.data.scenes, "train"), config)
    pairs = sorted({(scene.place, scene.licence) for scene in scenes})
    own = [DataSource(name=place, licence=licence) for place, licence in pairs]
    return tuple(dict.fromkeys([*before, *own]))


def learnable(scenes: list[Scene], config: TrainConfig) -> list[Scene]:
    """Scenes that suit the kind of network: separate masks cannot be learnt from blobs."""
    return [scene for scene in scenes if config.maskrcnn is None or not scene.blobs]


def _over_processes(counts: dict[str, Counts]) -> dict[str, Counts]:
    """Sum over the processes of a distributed training."""
    if not torch.distributed.is_initialized():
        return counts
    gathered: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(gathered, counts)
    summed: dict[str, Counts] = {}
    for part in gathered:
        for place, value in part.items():
            summed[place] = summed.get(place, Counts()) + value
    return summed

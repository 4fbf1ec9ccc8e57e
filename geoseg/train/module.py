"""The training as a lightning module: what one step does and how fast it learns."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from geoseg.models.network import build_network, load_imagenet_encoder
from geoseg.models.weights import load_weights
from geoseg.train.losses import head_losses
from geoseg.train.scoring import Counts
from geoseg.train.targets import HEADS
from geoseg.train.trainer_library import lightning
from geoseg.train.validation import predict_scene, resample_scene, score_scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from geoseg.train.config import TrainConfig
    from geoseg.train.scene import Scene


_CLIP_NORM = 1.0


class SegmentationModule(lightning.LightningModule):
    """A network, its losses and its schedule."""

    def __init__(self, config: TrainConfig, held_out: Sequence[Scene]) -> None:
        super().__init__()
        self.config = config
        self._held_out = held_out
        self.network = start_network(config)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        weights = config.loss
        self._head_weights = [getattr(weights, head) for head in HEADS]
        self._elapsed_before_s = 0.0
        self._began_s = time.monotonic()
        self._counts: dict[str, Counts] = {}

    def training_step(self, batch: dict[str, Tensor], _index: int) -> Tensor:
        """Loss of one batch."""
        logits = self.network(normalised(batch["image"]))  # (batch, heads, height, width)
        losses = head_losses(logits, batch["target"], batch["weight"], dice=self.config.loss.dice)
        loss = (losses * losses.new_tensor(self._head_weights)).sum()
        by_head = {f"loss_{head}": part for head, part in zip(HEADS, losses, strict=True)}
        self.log_dict({"loss": loss, **by_head})
        return loss

    def validation_step(self, number: int, _index: int) -> None:
        """Decode one whole scene at the pixel size that prediction would use."""
        scene = resample_scene(self._held_out[number], self.config.model_gsd_m)
        maps = predict_scene(self.network, scene.image, self.config.architecture.stride_px)
        counts = score_scene(maps, scene)
        self._counts[scene.place] = self._counts.get(scene.place, Counts()) + counts

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
        schedule = self.config.schedule
        optimizer = torch.optim.AdamW(
            list(_parameter_groups(self.network, self.config)),
            lr=schedule.learning_rate,
            fused=True,
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

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the clock, so that a resumed training goes on with what is left of its budget."""
        checkpoint["elapsed_s"] = self.elapsed_s

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set the clock."""
        self._elapsed_before_s = float(checkpoint["elapsed_s"])
        self._began_s = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds of training in this and earlier runs."""
        return self._elapsed_before_s + time.monotonic() - self._began_s

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


def start_network(config: TrainConfig) -> nn.Module:
    """The network with the weights that the configuration starts from."""
    torch.manual_seed(config.seed)
    network = build_network(config.architecture)
    if config.start == "imagenet":
        load_imagenet_encoder(network, config.architecture)
    elif config.start != "scratch":
        state, _ = load_weights(start_file(config.start))
        network.load_state_dict(state)
    return network


def start_file(start: str | Path) -> Path:
    """The model file behind "default" or a path."""
    from pathlib import Path

    from geoseg.models import DEFAULT_WEIGHTS

    return DEFAULT_WEIGHTS if start == "default" else Path(start)


def normalised(images: Tensor) -> Tensor:
    """Uint8 (batch, 3, height, width) to -1..1, channels last."""
    scaled = images.float().div_(127.5).sub_(1.0)
    return scaled.contiguous(memory_format=torch.channels_last)


def _parameter_groups(network: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    schedule = config.schedule
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        key = name.startswith("encoder."), parameter.ndim > 1
        groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": schedule.learning_rate * (schedule.encoder_rate if encoder else 1.0),
            "weight_decay": schedule.weight_decay if matrix else 0.0,
        }
        for (encoder, matrix), parameters in groups.items()
    ]

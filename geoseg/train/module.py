"""The training of the dense network as a lightning module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import torch
from torch import nn
from torch.utils.data import default_collate

from geoseg.errors import UsageError
from geoseg.models.loading import model_file
from geoseg.models.network import build_network, load_imagenet_encoder
from geoseg.models.receptive import measure_halo_px
from geoseg.models.weights import (
    Architecture,
    DataSource,
    Metadata,
    as_stored,
    load_weights,
    read_metadata,
    save_weights,
)
from geoseg.train.alignment import aligned_targets
from geoseg.train.consistency import disagreement, resampled
from geoseg.train.convolution import with_own_gradients
from geoseg.train.crops import CropDataset
from geoseg.train.distil import Teachers, distance
from geoseg.train.learner import Finished, Learner, all_sources
from geoseg.train.losses import head_losses
from geoseg.train.ranges import evenly, with_ranges
from geoseg.train.targets import HEADS
from geoseg.train.validation import predict_scene, resample_scene, score_scene
from geoseg.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from geoseg.scenes.scene import Scene
    from geoseg.train.config import TrainConfig


class SegmentationModule(Learner):
    """The network that predicts maps, and its losses."""

    encoder_prefix = "encoder."

    def __init__(self, config: TrainConfig, held_out: Sequence[Scene]) -> None:
        super().__init__(config, held_out)
        self.architecture = architecture_of(config)
        self.network = with_own_gradients(start_network(config, self.architecture))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        weights = config.loss
        self._head_weights = [getattr(weights, head) for head in HEADS]
        teachers = weights.teachers
        self._teachers = Teachers(teachers, weights.teacher_views) if teachers else None
        self._sources_before = _sources_before(config)
        self._decoding_before = _decoding_before(config)

    def train(self, mode: bool = True) -> Self:  # as torch declares it
        """Learn, or not; batch norms keep the statistics of a model that is fine-tuned.

        Those of crops of one town are unlike those of all the places that it learnt from: measured anew,
        they undo it before it has learnt anything (``benchmarks/norms.py``).
        """
        super().train(mode)
        if self.config.keeps_norms:
            for layer in self.network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()
        return self

    def training_step(self, batch: dict[str, Tensor], _index: int) -> Tensor:
        """Loss of one batch."""
        images = normalised(batch["image"])
        logits = self.network(images)  # (batch, heads, height, width)
        target = self._target(batch, logits)
        losses = head_losses(logits, target, batch["weight"], dice=self.config.loss.dice)
        weights = losses.new_tensor(self._head_weights)
        loss = (losses * weights).sum()
        by_head = {f"loss_{head}": part for head, part in zip(HEADS, losses, strict=True)}
        if self.config.loss.consistency:
            apart = (self._apart(images, logits) * weights).sum()
            loss = loss + self.config.loss.consistency * apart
            by_head["apart"] = apart
        if self._teachers is not None:
            answers = self._teachers.answers(images, self._lot())
            unlike = (distance(logits, answers) * weights).sum()
            loss = loss + self.config.loss.teacher_weight * unlike
            by_head["unlike"] = unlike
        self.log_dict({"loss": loss, **by_head})
        return loss

    def _apart(self, images: Tensor, logits: Tensor) -> Tensor:
        """How far the heads' answers to a resampled view are from those to the crops."""
        view, grid = resampled(images, self._lot())
        return disagreement(logits, self.network(view), grid)

    def _lot(self) -> torch.Generator:
        """Of this step and process."""
        number = self.global_step * self.trainer.world_size + self.global_rank
        return torch.Generator().manual_seed(self.config.seed * 2**32 + number)

    def _target(self, batch: dict[str, Tensor], logits: Tensor) -> Tensor:
        """The labels' targets, or those of labels moved to where the network sees buildings."""
        reach_px = self.config.loss.shift_px
        if not reach_px:
            return batch["target"]
        contact_px = self.config.data.contact_px
        return aligned_targets(batch["labels"], logits, reach_px=reach_px, contact_px=contact_px)

    def validation_step(self, number: int, _index: int) -> None:
        """Decode one whole scene at the pixel size that prediction would use."""
        scene = resample_scene(self._held_out[number], self.config.model_gsd_m)
        maps = predict_scene(self.network, scene.image, self.architecture.stride_px)
        self.note(scene.place, score_scene(maps, scene))

    def start_weights(self) -> dict[str, Tensor]:
        """What the training starts from."""
        return start_network(self.config, self.architecture).state_dict()

    def crops(self, scenes: Sequence[Scene], first: int, length: int) -> CropDataset:
        """Crops with the targets of all heads."""
        return CropDataset(scenes, self.config, first=first, length=length)

    @staticmethod
    def batch(crops: list[dict[str, NDArray[np.uint8]]]) -> Any:  # noqa: ANN401 - see Learner
        """Images, targets and weights, each stacked."""
        return default_collate(crops)

    def write(self, finished: Finished, path: Path) -> None:
        """Write weights with what the decoder needs to know.

        How the start decodes suits the new weights better than any table does, until ``geoseg
        tune`` has fitted it to them.
        """
        before = self._sources_before
        metadata = self.record.model_copy(
            update={
                "sources": all_sources(self.config, before) if finished.learnt else tuple(before),
                "training": finished.about,
            }
        )
        stored, some = as_stored(finished.weights), evenly(finished.scenes)
        save_weights(with_ranges(stored, metadata, some), metadata, path)

    @property
    def record(self) -> Metadata:
        """What a model file says but for what it learnt from."""
        return Metadata(
            **self._decoding_before,
            name=self.config.name,
            geoseg_version=__version__,
            architecture=self.architecture,
            gsd_m=self.config.model_gsd_m,
            halo_px=measure_halo_px(self.architecture),
        )


def architecture_of(config: TrainConfig) -> Architecture:
    """The network's: that of the file to start from, else as configured.

    Raises:
        UsageError: the configuration asks for another than the file holds.
    """
    start = _start_file(config)
    if start is None:
        return config.architecture or Architecture()
    own = read_metadata(start).architecture
    if config.architecture not in {None, own}:
        raise UsageError(
            f"start: {start} holds a network of another architecture ({own}); leave architecture "
            "out of the configuration, or start from 'imagenet' with that model as loss.teacher"
        )
    return own


def start_network(config: TrainConfig, architecture: Architecture) -> nn.Module:
    """The network with the weights that the configuration starts from."""
    torch.manual_seed(config.seed)
    network, start = build_network(architecture), _start_file(config)
    if start is not None:
        network.load_state_dict(load_weights(start)[0])
    elif config.start == "imagenet":
        load_imagenet_encoder(network, architecture)
    return network


def _start_file(config: TrainConfig) -> Path | None:
    return None if config.start in {"imagenet", "scratch"} else model_file(config.start)


def _decoding_before(config: TrainConfig) -> dict[str, Any]:
    """Thresholds, views and calibration of the start, where it is a model file."""
    path = _start_file(config)
    return {} if path is None else read_metadata(path).for_other_weights()


def normalised(images: Tensor) -> Tensor:
    """Uint8 (batch, 3, height, width) to -1..1, channels last."""
    scaled = images.float().div_(127.5).sub_(1.0)
    return scaled.contiguous(memory_format=torch.channels_last)


def _sources_before(config: TrainConfig) -> list[DataSource]:
    """What the start and the teachers have learnt from."""
    files = [_start_file(config), *map(model_file, config.loss.teachers)]
    return [source for path in files if path for source in read_metadata(path).sources]

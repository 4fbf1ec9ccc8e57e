"""The training of a Mask R-CNN as a lightning module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from geoseg.errors import ModelError, UsageError
from geoseg.models.adapters.maskrcnn import MaskRcnn
from geoseg.models.adapters.maskrcnn_file import (
    fill,
    holds_maskrcnn,
    load_backbone,
    read_maskrcnn,
    save_maskrcnn,
)
from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord, build_maskrcnn
from geoseg.train.learner import Finished, Learner, all_sources
from geoseg.train.maskrcnn_crops import InstanceCrop, InstanceCrops
from geoseg.train.maskrcnn_scenes import stitched_labels
from geoseg.train.scoring import count
from geoseg.train.validation import resample_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn

    from geoseg.models.weights import DataSource
    from geoseg.scenes.scene import Scene
    from geoseg.train.config import MaskRcnnConfig, TrainConfig

_PROPOSALS = 1000
"""Boxes per level and per crop that are looked at; torchvision's 2000 suit larger images."""


class MaskRcnnModule(Learner):
    """A Mask R-CNN, with torchvision's losses."""

    encoder_prefix = "backbone.body."

    def __init__(self, config: TrainConfig, held_out: Sequence[Scene]) -> None:
        super().__init__(config, held_out)
        self.record = record_of(config)
        self.network = start_maskrcnn(config, self.record)
        self._sources_before = _sources_before(config)

    def crops(self, scenes: Sequence[Scene], first: int, length: int) -> InstanceCrops:
        """Crops with boxes and masks."""
        return InstanceCrops(scenes, self.config, first=first, length=length)

    @staticmethod
    def batch(crops: list[InstanceCrop]) -> list[InstanceCrop]:
        """As they are: every crop has its own number of buildings."""
        return crops

    def training_step(self, batch: list[InstanceCrop], _index: int) -> Tensor:
        """Sum of the losses of proposals, boxes, classes and masks."""
        images = [crop["image"].float() / 255 for crop in batch]
        losses = self.network(images, [_target(crop) for crop in batch])
        loss: Tensor = torch.stack(list(losses.values())).sum()
        self.log_dict({"loss": loss, **losses}, batch_size=len(batch))
        return loss

    def validation_step(self, number: int, _index: int) -> None:
        """Find the buildings of one whole scene, tile by tile, as prediction would."""
        scene = resample_scene(self._held_out[number], self.config.model_gsd_m)
        model = MaskRcnn(self.network, self.record, str(self.device))
        labels = stitched_labels(model, scene.image)
        self.note(scene.place, count(labels, scene.labels, scene.ignore))

    def write(self, finished: Finished, path: Path) -> None:
        """Write the averaged weights as the file that ``--model maskrcnn:`` takes."""
        network = build_maskrcnn(self.record)
        network.load_state_dict(finished.weights)
        about = {
            "sources": all_sources(self.config, self._sources_before),
            "training": finished.about,
        }
        save_maskrcnn(network, self.record.model_copy(update=about), path)


def record_of(config: TrainConfig) -> MaskRcnnRecord:
    """What the model file will say of the network."""
    wanted = _section(config)
    return MaskRcnnRecord(
        name=config.name,
        gsd_m=config.model_gsd_m,
        **wanted.model_dump(exclude={"boxes"}),
    )


def start_maskrcnn(config: TrainConfig, record: MaskRcnnRecord) -> nn.Module:
    """The network with the weights that the configuration starts from."""
    torch.manual_seed(config.seed)
    network = build_maskrcnn(
        record,
        box_batch_size_per_image=_section(config).boxes,
        rpn_pre_nms_top_n_train=_PROPOSALS,
        rpn_post_nms_top_n_train=_PROPOSALS,
    )
    if isinstance(config.start, Path):
        _load(network, config.start)
    elif config.start != "scratch":
        raise UsageError(
            f"start: {config.start} holds weights for the dense network; Mask R-CNN starts from "
            "'scratch', a .safetensors file of Mask R-CNN, or one with a ResNet of torchvision"
        )
    return network


def _load(network: nn.Module, path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"there is no file {path} to start from; name a local .safetensors file")
    if holds_maskrcnn(path):
        fill(network, read_maskrcnn(path)[1], path)
    else:
        load_backbone(network, path)


def _sources_before(config: TrainConfig) -> tuple[DataSource, ...]:
    """What the start has learnt from; a ResNet of torchvision does not say."""
    start = config.start
    if not isinstance(start, Path) or not holds_maskrcnn(start):
        return ()
    return read_maskrcnn(start)[0].sources


def _section(config: TrainConfig) -> MaskRcnnConfig:
    if config.maskrcnn is None:
        raise UsageError("the configuration has no section 'maskrcnn'; see configs/maskrcnn.yaml")
    return config.maskrcnn


def _target(crop: InstanceCrop) -> dict[str, Tensor]:
    """All buildings are of class 1."""
    boxes = crop["boxes"]
    ones = torch.ones(len(boxes), dtype=torch.int64, device=boxes.device)
    return {"boxes": boxes, "masks": crop["masks"], "labels": ones}

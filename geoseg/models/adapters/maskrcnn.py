"""Torchvision's Mask R-CNN: v1 and v2 heads, on any ResNet with a feature pyramid.

A file holds the tensors and, as JSON in the safetensors header, everything needed to build the
network. ``save_maskrcnn`` writes it.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from geoseg.errors import ModelError
from geoseg.models.adapters.common import local_file, pick_device
from geoseg.models.adapters.roi_align import use_plain_roi_align
from geoseg.models.protocols import Instance
from geoseg.models.torchvision_repair import ensure_torchvision

if TYPE_CHECKING:
    import torch
    from torch import nn

METADATA_KEY = "geoseg_maskrcnn"
"""Key of the JSON text within the safetensors header."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MASK_PADDING = 1
"""Torchvision pads masks by a pixel before it enlarges them, so that they can end smoothly."""


class MaskRcnnRecord(BaseModel):
    """Everything about the network but its tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "maskrcnn"
    version: Literal["v1", "v2"] = "v1"
    """v1: ``maskrcnn_resnet50_fpn``; v2: deeper heads with batch normalisation."""
    backbone: str = "resnet50"
    """A ResNet of torchvision: resnet18 to resnet152, resnext50_32x4d, wide_resnet50_2 ..."""
    classes: PositiveInt = 2
    """With the background; every other class counts as building unless ``building`` says more."""
    building: tuple[PositiveInt, ...] | None = None
    """Classes that are buildings; None: all but the background."""
    anchor_sizes: tuple[PositiveInt, ...] = (32, 64, 128, 256, 512)
    """Anchor sizes of the five levels, pixels."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = IMAGENET_STD
    gsd_m: tuple[PositiveFloat, PositiveFloat] | None = None
    """Range of pixel sizes trained for, metres."""
    score_threshold: float = Field(default=0.5, ge=0, le=1)
    """Instances with a lower score are left out."""
    detections: PositiveInt = 500
    """At most so many instances per tile."""


def build_maskrcnn(record: MaskRcnnRecord) -> nn.Module:
    """The network with random weights.

    It sees images at their own size, and gives masks of 28 x 28 pixels for ``draw_mask``.
    """
    if ensure_torchvision():
        use_plain_roi_align()
    from torch import nn
    from torchvision.models import resnet
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.ops import misc

    if not hasattr(resnet, record.backbone) or not record.backbone.startswith(
        ("resnet", "resnext", "wide_resnet")
    ):
        raise ModelError(f"backbone {record.backbone!r} is no ResNet of torchvision; try resnet50")
    norm = nn.BatchNorm2d if record.version == "v2" else misc.FrozenBatchNorm2d
    backbone = resnet_fpn_backbone(
        backbone_name=record.backbone, weights=None, norm_layer=norm, trainable_layers=5
    )
    network: nn.Module = MaskRCNN(
        backbone,
        num_classes=record.classes,
        image_mean=record.mean,
        image_std=record.std,
        box_score_thresh=record.score_threshold,
        box_detections_per_img=record.detections,
        rpn_post_nms_top_n_test=2 * record.detections,
        **_anchors(record),
        **(_v2_heads(backbone.out_channels, record) if record.version == "v2" else {}),
    )
    _see_at_own_size(network)
    return network


def _see_at_own_size(network: Any) -> None:  # noqa: ANN401  # MaskRCNN
    """Torchvision would enlarge images to 800 pixels, and masks to whole images."""
    network.transform.resize = lambda image, target: (image, target)
    network.transform.postprocess = lambda result, *_sizes: result


def _anchors(record: MaskRcnnRecord) -> dict[str, Any]:
    from torchvision.models.detection.anchor_utils import AnchorGenerator

    sizes = tuple((size,) for size in record.anchor_sizes)
    return {"rpn_anchor_generator": AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))}


def _v2_heads(channels: int, record: MaskRcnnRecord) -> dict[str, Any]:
    """The heads of ``maskrcnn_resnet50_fpn_v2``."""
    from torch import nn
    from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead
    from torchvision.models.detection.mask_rcnn import MaskRCNNHeads
    from torchvision.models.detection.rpn import RPNHead

    anchors = _anchors(record)["rpn_anchor_generator"].num_anchors_per_location()[0]
    return {
        "rpn_head": RPNHead(channels, anchors, conv_depth=2),
        "box_head": FastRCNNConvFCHead(
            (channels, 7, 7), [256] * 4, [1024], norm_layer=nn.BatchNorm2d
        ),
        "mask_head": MaskRCNNHeads(channels, [256] * 4, 1, norm_layer=nn.BatchNorm2d),
    }


def save_maskrcnn(network: nn.Module, record: MaskRcnnRecord, path: Path) -> None:
    """Write tensors and record as one safetensors file."""
    from safetensors.torch import save_file

    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _state(network).items()}
    save_file(tensors, path, metadata={METADATA_KEY: record.model_dump_json()})


def _state(network: nn.Module) -> dict[str, torch.Tensor]:
    return dict(network.state_dict())


def load_maskrcnn(text: str, device: str) -> MaskRcnn:
    """The model in a file that ``save_maskrcnn`` wrote."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = local_file(text, "Mask R-CNN file", (".safetensors",))
    try:
        record, tensors = _read_record(path), load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read as safetensors: {error}") from error
    network = build_maskrcnn(record)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelError(f"the tensors of {path} do not fit its record: {error}") from error
    return MaskRcnn(network, record, device)


def _read_record(path: Path) -> MaskRcnnRecord:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        text = (file.metadata() or {}).get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{path} has no {METADATA_KEY} record in its header; write it with "
            "geoseg.models.adapters.maskrcnn.save_maskrcnn"
        )
    try:
        return MaskRcnnRecord.model_validate(json.loads(text))
    except (json.JSONDecodeError, ValidationError) as error:
        raise ModelError(f"the record in the header of {path} is not valid: {error}") from error


class MaskRcnn:
    """An ``InstanceModel``; images are seen at their own size, masks come at the image's pixels."""

    def __init__(self, network: nn.Module, record: MaskRcnnRecord, device: str = "auto") -> None:
        self.gsd_m = record.gsd_m
        self.name = record.name
        self._buildings = record.building or tuple(range(1, record.classes))
        self._device = pick_device(device)
        chosen: Any = network.to(self._device).eval()
        self._network = chosen

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[Instance]]:
        """(batch, 3, height, width) RGB to the instances of every image."""
        import torch

        height, width = images.shape[2:]
        with torch.inference_mode():
            batch = torch.from_numpy(images).to(self._device).float() / 255
            results = self._network(list(batch))
        return [self._instances(result, (height, width)) for result in results]

    def _instances(self, result: dict[str, torch.Tensor], size: tuple[int, int]) -> list[Instance]:
        label = result["labels"].cpu().numpy()
        boxes, scores = result["boxes"].cpu().numpy(), result["scores"].cpu().numpy()
        masks = result["masks"][:, 0].float().cpu()  # (n, 28, 28)
        found = []
        for place in np.flatnonzero(np.isin(label, self._buildings)):
            instance = draw_mask(masks[place], boxes[place], float(scores[place]), size)
            if instance is not None:
                found.append(instance)
        return found


def draw_mask(
    mask: torch.Tensor, box: NDArray[np.float32], score: float, size: tuple[int, int]
) -> Instance | None:
    """Enlarge a (28, 28) mask into its box, as torchvision does, and cut it off at the image.

    ``box`` is x1, y1, x2, y2 in pixels; ``size`` the image's height and width.
    """
    from torch.nn.functional import interpolate, pad

    padded = pad(mask, (MASK_PADDING,) * 4)
    grown = padded.shape[-1] / mask.shape[-1]
    left, right = _grown(float(box[0]), float(box[2]), grown)
    top, bottom = _grown(float(box[1]), float(box[3]), grown)
    shape = (max(bottom - top + 1, 1), max(right - left + 1, 1))
    drawn = interpolate(padded[None, None], shape, mode="bilinear", align_corners=False)[0, 0]
    inside = drawn.numpy() > 0.5  # noqa: PLR2004  # a probability
    rows = slice(max(-top, 0), max(min(size[0] - top, shape[0]), 0))
    cols = slice(max(-left, 0), max(min(size[1] - left, shape[1]), 0))
    part = inside[rows, cols]
    if not part.any():
        return None
    return Instance(part.copy(), max(top, 0), max(left, 0), score)


def _grown(low: float, high: float, factor: float) -> tuple[int, int]:
    """A box side about its middle, larger by ``factor``, in whole pixels towards zero."""
    middle, half = (low + high) / 2, (high - low) / 2 * factor
    return math.trunc(middle - half), math.trunc(middle + half)

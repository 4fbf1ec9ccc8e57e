"""Torchvision's Mask R-CNN: v1 and v2 heads, on any ResNet with a feature pyramid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from geoseg.errors import ModelError
from geoseg.models.adapters.roi_align import use_plain_roi_align
from geoseg.models.torchvision_repair import ensure_torchvision
from geoseg.models.weights import DataSource

if TYPE_CHECKING:
    from torch import nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class MaskRcnnRecord(BaseModel):
    """Everything about the network but its tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "maskrcnn"
    version: Literal["v1", "v2"] = "v1"
    """v1: ``maskrcnn_resnet50_fpn``; v2: deeper heads, and batch norms in heads and pyramid."""
    backbone: str = "resnet50"
    """A ResNet of torchvision: resnet18 to resnet152, resnext50_32x4d, wide_resnet50_2 ..."""
    channels: PositiveInt = 256
    """Width of the pyramid and of the heads' layers."""
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
    sources: tuple[DataSource, ...] = ()
    """What it learnt from."""
    training: dict[str, str] = {}
    """How it was trained, for people."""


def build_maskrcnn(record: MaskRcnnRecord, **training: Any) -> nn.Module:
    """The network with random weights.

    It sees images at their own size, and gives masks of 28 x 28 pixels for ``draw_mask``.

    Args:
        record: What to build.
        training: Arguments of torchvision's ``MaskRCNN`` that matter in training alone.
    """
    if ensure_torchvision():
        use_plain_roi_align()
    from torchvision.models.detection import MaskRCNN

    network: nn.Module = MaskRCNN(
        _backbone(record),
        image_mean=record.mean,
        image_std=record.std,
        box_score_thresh=record.score_threshold,
        box_detections_per_img=record.detections,
        rpn_post_nms_top_n_test=2 * record.detections,
        **_heads(record),
        **training,
    )
    _see_at_own_size(network)
    return network


def _backbone(record: MaskRcnnRecord) -> nn.Module:
    """A ResNet with a feature pyramid, as torchvision's builders make them."""
    from torch import nn
    from torchvision.models import resnet
    from torchvision.models.detection.backbone_utils import BackboneWithFPN

    if not hasattr(resnet, record.backbone) or not record.backbone.startswith(
        ("resnet", "resnext", "wide_resnet")
    ):
        raise ModelError(f"backbone {record.backbone!r} is no ResNet of torchvision; try resnet50")
    body = getattr(resnet, record.backbone)(weights=None)
    built: nn.Module = BackboneWithFPN(
        body,
        return_layers={f"layer{level}": str(level - 1) for level in range(1, 5)},
        in_channels_list=[body.inplanes // 8 * 2**level for level in range(4)],
        out_channels=record.channels,
        norm_layer=nn.BatchNorm2d if record.version == "v2" else None,
    )
    return built


def _see_at_own_size(network: Any) -> None:  # noqa: ANN401  # MaskRCNN
    """Torchvision would enlarge images to 800 pixels, and masks to whole images."""
    network.transform.resize = lambda image, target: (image, target)
    network.transform.postprocess = lambda result, *_sizes: result


def _heads(record: MaskRcnnRecord) -> dict[str, Any]:
    """The heads of ``maskrcnn_resnet50_fpn`` or its second version, ``channels`` wide."""
    from torch import nn
    from torchvision.models.detection import faster_rcnn, mask_rcnn
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.rpn import RPNHead

    sizes = tuple((size,) for size in record.anchor_sizes)
    anchors = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))
    width, second = record.channels, record.version == "v2"
    layers, features, norm = [width] * 4, 4 * width, nn.BatchNorm2d if second else None
    box_head = (
        faster_rcnn.FastRCNNConvFCHead((width, 7, 7), layers, [features], norm_layer=norm)
        if second
        else faster_rcnn.TwoMLPHead(width * 7**2, features)
    )
    return {
        "rpn_anchor_generator": anchors,
        "rpn_head": RPNHead(width, anchors.num_anchors_per_location()[0], 2 if second else 1),
        "box_head": box_head,
        "box_predictor": faster_rcnn.FastRCNNPredictor(features, record.classes),
        "mask_head": mask_rcnn.MaskRCNNHeads(width, layers, 1, norm_layer=norm),
        "mask_predictor": mask_rcnn.MaskRCNNPredictor(width, width, record.classes),
    }

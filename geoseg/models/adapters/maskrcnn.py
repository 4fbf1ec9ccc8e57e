"""Torchvision's Mask R-CNN as an instance model, from a safetensors file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geoseg.models.adapters.common import local_file
from geoseg.models.adapters.maskrcnn_file import fill, read_maskrcnn, save_maskrcnn
from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord, build_maskrcnn
from geoseg.models.device import choose_device
from geoseg.models.protocols import Instance

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["MaskRcnn", "MaskRcnnRecord", "build_maskrcnn", "load_maskrcnn", "save_maskrcnn"]

MASK_PADDING = 1
"""Torchvision pads masks by a pixel before it enlarges them, so that they can end smoothly."""


def load_maskrcnn(text: str, device: str) -> MaskRcnn:
    """The model in a file that ``save_maskrcnn`` wrote."""
    path = local_file(text, "Mask R-CNN file", (".safetensors",))
    record, tensors = read_maskrcnn(path)
    network = build_maskrcnn(record)
    fill(network, tensors, path)
    return MaskRcnn(network, record, device)


class MaskRcnn:
    """An ``InstanceModel``; images are seen at their own size, masks come at the image's pixels."""

    sha256 = ""
    """Of the file, where it comes from one."""

    def __init__(self, network: nn.Module, record: MaskRcnnRecord, device: str = "auto") -> None:
        self.gsd_m = record.gsd_m
        self.name = record.name
        self._buildings = record.building or tuple(range(1, record.classes))
        self.device = choose_device(device)
        """Where the network runs."""
        chosen: Any = network.to(self.device).eval()
        self._network = chosen

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[Instance]]:
        """(batch, 3, height, width) RGB to the instances of every image."""
        import torch

        height, width = images.shape[2:]
        with torch.inference_mode():
            batch = torch.from_numpy(images).to(self.device).float() / 255
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

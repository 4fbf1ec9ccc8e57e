"""Training crops with a box and a mask for every building."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import numpy as np
import torch
from scipy import ndimage
from torch.utils.data import Dataset

from geoseg.train.crops import CropDataset
from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene
    from geoseg.train.config import TrainConfig

MIN_PIXELS = 12
"""Smaller rests of buildings at a crop's border are ground."""


class InstanceCrop(TypedDict):
    """A crop and its buildings."""

    image: torch.Tensor
    """(3, crop, crop) uint8."""
    boxes: torch.Tensor
    """(n, 4) float32, x1, y1, x2, y2 along pixel edges."""
    masks: torch.Tensor
    """(n, crop, crop) uint8, 0 or 1."""


class InstanceCrops(Dataset[InstanceCrop]):
    """The crops that the dense network would see, as Mask R-CNN wants them.

    Its losses cannot leave pixels out, so unknown ground is painted over: nothing can be seen there
    that might be a building.
    """

    def __init__(
        self, scenes: Sequence[Scene], config: TrainConfig, *, first: int, length: int
    ) -> None:
        self._crops = CropDataset(scenes, config, first=first, length=length)

    def __len__(self) -> int:
        return len(self._crops)

    def __getitem__(self, index: int) -> InstanceCrop:
        crop = self._crops.crop(index)
        unknown = crop.ignore > 0
        image = np.where(unknown[..., None], np.uint8(FILL_GREY), crop.image)
        boxes, masks = boxes_and_masks(np.where(unknown, 0, crop.labels))
        return {
            "image": torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, 2, 0))),
            "boxes": torch.from_numpy(boxes),
            "masks": torch.from_numpy(masks),
        }


def boxes_and_masks(labels: NDArray[np.uint16]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """(n, 4) boxes and (n, height, width) masks of labels with ``MIN_PIXELS`` or more."""
    sizes = np.bincount(labels.ravel())
    places = ndimage.find_objects(labels)
    chosen = [number for number in range(1, len(sizes)) if sizes[number] >= MIN_PIXELS]
    boxes = np.zeros((len(chosen), 4), np.float32)
    masks = np.zeros((len(chosen), *labels.shape), np.uint8)
    for at, number in enumerate(chosen):
        rows, cols = places[number - 1]
        boxes[at] = cols.start, rows.start, cols.stop, rows.stop
        masks[at, rows, cols] = labels[rows, cols] == number
    return boxes, masks

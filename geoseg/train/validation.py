"""Predict and score whole held-out scenes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geoseg.train.scoring import Counts, count, decode_plainly
from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from geoseg.scenes.scene import Scene

_SEED, _BODY, _EDGE_WEIGHT = 0.5, 0.4, 1.0


def resample_scene(scene: Scene, gsd_m: tuple[float, float]) -> Scene:
    """The scene at its own pixel size where that lies in the range, else at the nearer end."""
    target = min(max(scene.gsd_m, gsd_m[0]), gsd_m[1])
    if target == scene.gsd_m:
        return scene
    factor = scene.gsd_m / target
    height, width = (max(1, round(length * factor)) for length in scene.labels.shape)
    size = (width, height)
    smooth = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    ignore = cv2.resize(scene.ignore.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return replace(
        scene,
        gsd_m=target,
        image=cv2.resize(scene.image, size, interpolation=smooth).astype(np.uint8),
        labels=cv2.resize(scene.labels, size, interpolation=cv2.INTER_NEAREST_EXACT).astype(
            np.uint16
        ),
        ignore=ignore > 0,
    )


def predict_scene(
    network: nn.Module, image: NDArray[np.uint8], stride_px: int
) -> NDArray[np.float32]:
    """(height, width, 3) to (heads, height, width) probabilities, in one pass."""
    import torch

    height, width = image.shape[:2]
    below, right = -height % stride_px, -width % stride_px
    padded = np.pad(image, ((0, below), (0, right), (0, 0)), constant_values=FILL_GREY)
    device = next(network.parameters()).device
    pixels = torch.from_numpy(np.moveaxis(padded, 2, 0)[None].copy()).to(device)
    scaled = pixels.float().div_(127.5).sub_(1.0).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        maps = torch.sigmoid(network(scaled).float())[0, :, :height, :width]
    probabilities: NDArray[np.float32] = maps.cpu().numpy()
    return probabilities


def score_scene(maps: NDArray[np.float32], scene: Scene) -> Counts:
    """Counts of a plain decoding at fixed thresholds."""
    labels = decode_plainly(maps, seed=_SEED, body=_BODY, edge_weight=_EDGE_WEIGHT)
    return count(labels, scene.labels, scene.ignore)

"""YOLO-seg as ultralytics exports it to ONNX.

Two outputs: ``(1, 4 + classes + coefficients, anchors)`` boxes as centre and size, class scores and
mask coefficients; and ``(1, coefficients, height / 4, width / 4)`` prototypes. Exports that suppress
duplicates themselves give ``(1, detections, 6 + coefficients)``: corners, score, class, coefficients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import ModelError
from geoseg.models.protocols import Instance

SCORE_THRESHOLD = 0.25
BOX_IOU = 0.7
MOST_INSTANCES = 1000
GREY = 114
"""Ultralytics fills what is no image with this, in training too: not with our ``FILL_GREY``."""

Floats = NDArray[np.float32]


class YoloOnnx:
    """An ``InstanceModel``; masks are enlarged to the image's pixels before they are cut."""

    sha256 = ""
    """Of the file, where it comes from one."""

    def __init__(
        self,
        session: Any,  # noqa: ANN401  # onnxruntime
        name: str,
        device: str = "",
    ) -> None:
        self.gsd_m: tuple[float, float] | None = None
        self.name = name
        self.device = device
        """Where the network runs; empty: unknown."""
        self._session = session
        self._input = session.get_inputs()[0]
        fixed = self._input.shape[2:]
        self._size = tuple(fixed) if all(isinstance(side, int) for side in fixed) else None

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[Instance]]:
        """(batch, 3, height, width) RGB to the instances of every image."""
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> list[Instance]:
        height, width = image.shape[1:]
        padded = np.full((3, *self._input_size(height, width)), GREY, np.uint8)
        padded[:, :height, :width] = image
        kind = np.float16 if self._input.type == "tensor(float16)" else np.float32
        batch = (padded[None] / np.float32(255)).astype(kind)
        answer = self._session.run(None, {self._input.name: batch})
        detections, prototypes = (np.asarray(part, np.float32)[0] for part in answer[:2])
        boxes, scores, coefficients = decode(detections, prototypes.shape[0])
        found = []
        for place in suppress(boxes, scores)[:MOST_INSTANCES]:
            mask = np.tensordot(coefficients[place], prototypes, axes=1)  # (height / 4, width / 4)
            scale = padded.shape[1] / mask.shape[0]
            instance = draw(mask, boxes[place], scale, (height, width))
            if instance is not None:
                found.append(Instance(*instance, float(scores[place])))
        return found

    def _input_size(self, height: int, width: int) -> tuple[int, ...]:
        if self._size is None:
            return -(-height // 32) * 32, -(-width // 32) * 32
        if height > self._size[0] or width > self._size[1]:
            raise ModelError(
                f"this ONNX file takes images of {self._size[0]} x {self._size[1]} pixels, a tile "
                f"has {height} x {width}; run with --tile {min(self._size)} or export it with "
                "dynamic=True"
            )
        return self._size


def decode(detections: Floats, coefficients: int) -> tuple[Floats, Floats, Floats]:
    """Boxes (n, 4) as x1, y1, x2, y2, scores (n,) and coefficients (n, k) above the threshold."""
    if detections.shape[1] == 6 + coefficients:
        kept = detections[detections[:, 4] >= SCORE_THRESHOLD]
        return kept[:, :4], kept[:, 4], kept[:, 6:]
    rows = detections.T
    scores = rows[:, 4:-coefficients].max(axis=1)
    sure = scores >= SCORE_THRESHOLD
    rows, scores = rows[sure], scores[sure]
    half = rows[:, 2:4] / 2
    boxes = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
    return boxes, scores, rows[:, -coefficients:]


def suppress(boxes: Floats, scores: Floats) -> list[int]:
    """Places of the boxes that no better one overlaps by more than ``BOX_IOU``, best first."""
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:], boxes[order, 2:])
        common = np.clip(high - low, 0, None).prod(axis=1)
        order = order[common <= BOX_IOU * (areas[best] + areas[order] - common)]
    return kept


def draw(
    mask: Floats, box: Floats, scale: float, size: tuple[int, int]
) -> tuple[NDArray[np.bool_], int, int] | None:
    """Enlarge the part of a mask's logits under its box; returns the crop and where it lies.

    Pixel centres of the image fall between those of the mask; in between it is bilinear.
    """
    left, top = (max(int(np.floor(box[axis])), 0) for axis in (0, 1))
    right = min(int(np.ceil(box[2])), size[1])
    bottom = min(int(np.ceil(box[3])), size[0])
    if right <= left or bottom <= top:
        return None
    rows = _weights(np.arange(top, bottom), scale, mask.shape[0])
    cols = _weights(np.arange(left, right), scale, mask.shape[1])
    logits = rows @ mask @ cols.T  # (bottom - top, right - left)
    inside = logits > 0
    return (inside, top, left) if inside.any() else None


def _weights(places: NDArray[np.int64], scale: float, size: int) -> Floats:
    """(places, size) bilinear weights of the mask's pixels."""
    at = np.clip((places + 0.5) / scale - 0.5, 0, size - 1)
    distance = np.abs(at[:, None] - np.arange(size)[None])
    weights: Floats = np.clip(1 - distance, 0, None).astype(np.float32)
    return weights

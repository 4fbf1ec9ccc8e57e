"""Real ground and real roofs, cut from the training scenes, for synthetic towns to wear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene

_GSD_M = 0.3
_GROUND_M = 30.0
_ROOFS_PER_SCENE, _GROUNDS_PER_SCENE = 40, 12
_FEWEST = 4
_FULL = 0.8
_SIDES_M = (3.0, 60.0)


@dataclass(frozen=True, slots=True)
class RoofTexture:
    """A photo of one rectangular roof."""

    pixels: NDArray[np.uint8]
    """(width, length, 3) at 0.3 m."""
    length_m: float
    width_m: float


@dataclass(frozen=True, slots=True)
class TextureBank:
    """Cuttings of photos."""

    roofs: tuple[RoofTexture, ...]
    grounds: dict[str, tuple[NDArray[np.uint8], ...]]
    """Per place squares of 30 m without a building, (100, 100, 3)."""


def cut_textures(scenes: Sequence[Scene], rng: Generator) -> TextureBank:
    """Cut roofs and ground from the training scenes; held-out scenes are left alone."""
    roofs: list[RoofTexture] = []
    grounds: dict[str, list[NDArray[np.uint8]]] = {}
    for scene in scenes:
        if scene.split == "train":
            roofs += _cut_roofs(scene, rng)
            grounds.setdefault(scene.place, []).extend(_cut_grounds(scene, rng))
    enough = {place: tuple(cuts) for place, cuts in sorted(grounds.items()) if len(cuts) >= _FEWEST}
    return TextureBank(tuple(roofs), enough)


def _cut_grounds(scene: Scene, rng: Generator) -> list[NDArray[np.uint8]]:
    side = round(_GROUND_M / scene.gsd_m)
    height, width = scene.labels.shape
    if min(height, width) <= side:
        return []
    taken = ((scene.labels > 0) | scene.ignore).astype(np.uint8)
    total = cv2.integral(taken)
    full = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    rows, cols = np.nonzero(full == 0)
    if not len(rows):
        return []
    cuts = []
    for pick in rng.integers(0, len(rows), _GROUNDS_PER_SCENE):
        row, col = rows[pick], cols[pick]
        square = scene.image[row : row + side, col : col + side]
        size = round(_GROUND_M / _GSD_M)
        cut = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
        cuts.append(cut.astype(np.uint8, copy=False))
    return cuts


def _cut_roofs(scene: Scene, rng: Generator) -> list[RoofTexture]:
    from scipy import ndimage

    boxes = [(n + 1, box) for n, box in enumerate(ndimage.find_objects(scene.labels)) if box]
    cuts = []
    for pick in rng.permutation(len(boxes))[:_ROOFS_PER_SCENE]:
        number, (rows, cols) = boxes[pick]
        if scene.ignore[rows, cols].any():
            continue
        cut = _rectangle(scene.image[rows, cols], scene.labels[rows, cols] == number, scene.gsd_m)
        if cut is not None:
            cuts.append(cut)
    return cuts


def _rectangle(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], gsd_m: float
) -> RoofTexture | None:
    """The roof turned level, if it fills its rectangle."""
    points = np.argwhere(mask)[:, ::-1].astype(np.float32)
    (x, y), (length, width), angle = cv2.minAreaRect(points)
    length, width = length + 1, width + 1
    if width > length:
        length, width, angle = width, length, angle + 90
    sides_m = width * gsd_m, length * gsd_m
    if mask.sum() < _FULL * length * width or sides_m[0] < _SIDES_M[0] or sides_m[1] > _SIDES_M[1]:
        return None
    zoom = gsd_m / _GSD_M
    size = max(4, round(length * zoom)), max(4, round(width * zoom))
    turn = cv2.getRotationMatrix2D((x, y), angle, zoom)
    turn[0, 2] += size[0] / 2 - x
    turn[1, 2] += size[1] / 2 - y
    level = cv2.warpAffine(image, turn, size, borderMode=cv2.BORDER_REPLICATE)
    return RoofTexture(level.astype(np.uint8, copy=False), sides_m[1], sides_m[0])


def quilt(
    cuts: Sequence[NDArray[np.uint8]], side_px: int, gsd_m: float, rng: Generator
) -> NDArray[np.float32]:
    """(side, side, 3) in 0..1: cuttings side by side, overlapping softly."""
    size = round(_GROUND_M / gsd_m)
    step = int(size * 0.75)
    ramp = np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) / (size / 4), 0.01, 1)
    weight = np.outer(ramp, ramp).astype(np.float32)[..., None]
    total = np.zeros((side_px + 2 * size, side_px + 2 * size, 3), np.float32)
    weights = np.zeros((*total.shape[:2], 1), np.float32)
    mean = np.mean([cut.mean(axis=(0, 1)) for cut in cuts], axis=0)
    few = [cuts[pick] for pick in rng.integers(0, len(cuts), 1 + rng.integers(3, 16))]
    for row in range(0, side_px + size, step):
        for col in range(0, side_px + size, step):
            cut = few[rng.integers(len(few))]
            piece = np.rot90(cut[:, :: rng.choice([-1, 1])], int(rng.integers(4))).astype(
                np.float32
            )
            piece = piece - 0.5 * (piece.mean(axis=(0, 1)) - mean)
            piece = cv2.resize(piece, (size, size), interpolation=cv2.INTER_LINEAR)
            where = np.s_[row : row + size, col : col + size]
            total[where] += piece.astype(np.float32) * weight
            weights[where] += weight
    inner = np.s_[size : size + side_px, size : size + side_px]
    ground: NDArray[np.float32] = np.clip(total[inner] / (255 * weights[inner] + 1e-6), 0, 1)
    return ground.astype(np.float32)

"""Buildings of one crop pasted into the gaps of another of the same place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.crop import Crop

_MOST = 12
_FEATHER_PX = 0.7
_SHADOW_PX = (2, 8)
_SHADOW_LIGHT = (0.45, 0.75)


def paste_buildings(crop: Crop, donor: Crop, rng: Generator) -> Crop:
    """The crop with some of the donor's buildings where it has none, labelled, with shadows.

    A building is pasted whole or not at all: not when it is cut by the donor's border, nor where
    it would cover a building or something unknown. Blobs are never mixed with single buildings.
    """
    if crop.blobs != donor.blobs:
        return crop
    image, labels = crop.image.copy(), crop.labels.copy()
    pixels, numbers, unknown = _turned(donor, int(rng.integers(4)))
    shift, light = _shadow(rng)
    free = (labels == 0) & (crop.ignore == 0)
    for number in rng.permutation(_whole(numbers))[: rng.integers(1, _MOST + 1)]:
        mask = numbers == number
        if (mask & (unknown | ~free)).any():
            continue
        _darken(image, _moved(mask, shift) & ~mask & (labels == 0), light)
        alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _FEATHER_PX)[..., None]
        image = np.rint(image + alpha * (pixels.astype(np.float32) - image)).astype(np.uint8)
        labels[mask] = labels.max() + 1
        free &= ~mask
    return replace(crop, image=image, labels=labels)


def _turned(
    donor: Crop, quarters: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint16], NDArray[np.bool_]]:
    return (
        np.rot90(donor.image, quarters),
        np.rot90(donor.labels, quarters),
        np.rot90(donor.ignore > 0, quarters),
    )


def _whole(labels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Numbers of the buildings that the border does not cut."""
    rims = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    inside = np.setdiff1d(labels, np.concatenate(rims))
    return inside[inside > 0]


def _shadow(rng: Generator) -> tuple[tuple[int, int], float]:
    """Where all shadows of a crop fall, rows and columns, and the light that is left in them."""
    angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(*_SHADOW_PX)
    shift = round(reach * np.sin(angle)), round(reach * np.cos(angle))
    return shift, float(rng.uniform(*_SHADOW_LIGHT))


def _moved(mask: NDArray[np.bool_], shift: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask drawn out along the shift."""
    swept = mask.copy()
    for step in range(1, max(map(abs, shift)) + 1):
        share = step / max(map(abs, shift))
        moved = np.array([[1, 0, shift[1] * share], [0, 1, shift[0] * share]], np.float32)
        swept |= (
            cv2.warpAffine(mask.astype(np.uint8), moved, mask.shape[::-1], flags=cv2.INTER_NEAREST)
            > 0
        )
    return swept


def _darken(image: NDArray[np.uint8], where: NDArray[np.bool_], light: float) -> None:
    soft = cv2.GaussianBlur(where.astype(np.float32), (0, 0), _FEATHER_PX)[..., None]
    image[:] = np.rint(image * (1 - soft * (1 - light))).astype(np.uint8)

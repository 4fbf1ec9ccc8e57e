"""Random changes of training crops; colours and sensors by albumentations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it would ask the network on import
import albumentations as A  # noqa: N812

from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from geoseg.train.config import AugmentConfig


def build_augmentation(config: AugmentConfig) -> Any:  # noqa: ANN401 - untyped library
    """A transform of ``image`` and ``masks``; the masks are labels and the ignore mask.

    It is seeded per crop (:meth:`albumentations.Compose.set_random_seed`), so that a crop depends
    on its number alone and not on the process that draws it.
    """
    return A.Compose([*_geometry(config), *_colour(config), *_sensor(config)])


def _geometry(config: AugmentConfig) -> list[Any]:
    tilt = A.Affine(
        rotate=(-45, 45),
        shear=(-6, 6),
        scale=(0.95, 1.05),
        fill=FILL_GREY,
        fill_mask=0,
        interpolation=cv2.INTER_LINEAR,
        mask_interpolation=cv2.INTER_NEAREST,
        p=config.tilt,
    )
    return [A.D4(p=1.0), tilt]


def _colour(config: AugmentConfig) -> list[Any]:
    far = config.colour_range
    light = A.OneOf(
        [
            A.RandomBrightnessContrast(brightness_limit=0.4 * far, contrast_limit=0.4 * far),
            A.RandomGamma(gamma_limit=(100 / (1 + far), 100 + 80 * far)),
            A.CLAHE(clip_limit=(1, 3)),
        ]
    )
    tint = A.OneOf(
        [
            A.HueSaturationValue(
                hue_shift_limit=25 * far, sat_shift_limit=50 * far, val_shift_limit=20 * far
            ),
            A.RGBShift(r_shift_limit=35 * far, g_shift_limit=35 * far, b_shift_limit=35 * far),
            A.ChannelShuffle(),
            A.ToGray(),
        ]
    )
    light.p, tint.p = config.light, config.tint
    return [light, tint, Haze(p=config.haze)]


class Haze(A.ImageOnlyTransform):  # type: ignore[misc]
    """Bluish air in front of the ground: less contrast, lifted blacks."""

    def get_params(self) -> dict[str, Any]:
        """How much air, and its colour."""
        grey = self.py_random.uniform(130, 200)
        blue = self.py_random.uniform(0, 30)
        return {
            "share": self.py_random.uniform(0.1, 0.45),
            "air": np.array([grey - blue / 2, grey, grey + blue], np.float32),
        }

    def apply(self, img: np.ndarray, share: float, air: np.ndarray, **_: Any) -> np.ndarray:
        """Blend towards the air."""
        return np.rint(img * np.float32(1 - share) + air * np.float32(share)).astype(np.uint8)


def _sensor(config: AugmentConfig) -> list[Any]:
    blur = A.OneOf(
        [
            A.GaussianBlur(sigma_limit=(0.4, 1.3), blur_limit=0),
            A.MotionBlur(blur_limit=(3, 5)),
            A.Downscale(scale_range=(0.5, 0.85)),
            A.Sharpen(alpha=(0.1, 0.4)),
        ]
    )
    noise = A.OneOf(
        [
            A.ImageCompression(quality_range=(35, 90)),
            A.GaussNoise(std_range=(0.01, 0.04)),
        ]
    )
    blur.p, noise.p = config.blur, config.noise
    return [blur, noise]


def seeded(transform: Any, seed: int, **arrays: Any) -> dict[str, Any]:  # noqa: ANN401
    """Apply the transform with randomness that depends on ``seed`` alone."""
    transform.set_random_seed(seed % 2**32)
    changed: dict[str, np.ndarray] = transform(**arrays)
    return changed

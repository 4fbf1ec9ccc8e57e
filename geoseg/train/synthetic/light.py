"""The sun: how bright a slope is, and where shadows fall."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geoseg.train.synthetic.noise import chance

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.synthetic.paint import Canvas

_SKY = np.array([0.93, 0.99, 1.12], np.float32)
"""Tint of light from the sky alone."""


@dataclass(frozen=True, slots=True)
class Sun:
    """Direction and strength."""

    azimuth: float
    """Towards the sun in the scene's plane, radians against the x axis."""
    elevation: float
    """Above the horizon, radians."""
    darkness: float
    """What a shadow takes away, 0..1."""

    @classmethod
    def draw(cls, rng: Generator) -> Sun:
        """Any azimuth, 30 to 70 degrees high; some days are overcast."""
        clear = chance(rng, 0.88)
        darkness = rng.uniform(0.4, 0.75) if clear else rng.uniform(0.03, 0.2)
        return cls(rng.uniform(0, 6.283), math.radians(rng.uniform(30, 70)), darkness)

    def brightness(self, facing: float, pitch: float) -> float:
        """Of a slope that falls towards ``facing``, relative to a level surface."""
        level = math.sin(self.elevation)
        tilted = level * math.cos(pitch) + math.cos(self.elevation) * math.sin(pitch) * math.cos(
            facing - self.azimuth
        )
        sky = 1 - self.darkness
        return float((sky + self.darkness * max(0.0, tilted) / level) ** 0.7)


def cast_shadows(canvas: Canvas, sun: Sun) -> None:
    """Darken what lies behind something higher, seen from the sun."""
    shadow = shadows(canvas.height_m, sun, canvas.gsd_m)
    soft = cv2.GaussianBlur(shadow.astype(np.float32), (0, 0), 0.6)[..., None]
    canvas.colour *= 1 - soft * (1 - (1 - sun.darkness) * _SKY)


def shadows(height_m: NDArray[np.float32], sun: Sun, gsd_m: float) -> NDArray[np.bool_]:
    """True where a ray towards the sun meets something higher."""
    reach_px = float(height_m.max()) / math.tan(sun.elevation) / gsd_m
    rise_m = math.tan(sun.elevation) * gsd_m
    shadow = np.zeros(height_m.shape, bool)
    side = height_m.shape[::-1]
    for step in np.arange(1.0, reach_px + 1.0, 1.5):
        dx, dy = step * math.cos(sun.azimuth), step * math.sin(sun.azimuth)
        back = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
        ahead = cv2.warpAffine(height_m, back, side, flags=cv2.INTER_NEAREST)
        shadow |= ahead > height_m + step * rise_m + 0.2
    return shadow

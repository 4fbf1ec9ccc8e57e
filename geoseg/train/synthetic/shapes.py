"""Rectangles in metres, x to the right and y down, and the bent grid that a town lies on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """A turned rectangle."""

    x_m: float
    """Centre."""
    y_m: float
    """Centre."""
    length_m: float
    """Along the angle."""
    width_m: float
    """Across it."""
    angle: float
    """Of the length against the x axis, radians."""

    def point(self, u: float, v: float) -> tuple[float, float]:
        """The place at ``u`` along and ``v`` across, -0.5..0.5 of the sides."""
        along, across = u * self.length_m, v * self.width_m
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return self.x_m + along * cos - across * sin, self.y_m + along * sin + across * cos

    def polygon(self, *corners: tuple[float, float]) -> NDArray[np.float64]:
        """(n, 2) x and y of relative places; without any: the four corners."""
        chosen = corners or ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
        return np.array([self.point(u, v) for u, v in chosen])

    def part(self, u: float, v: float, length: float, width: float) -> Box:
        """A rectangle within: its centre and its sides as shares of this one's."""
        x_m, y_m = self.point(u, v)
        return Box(x_m, y_m, length * self.length_m, width * self.width_m, self.angle)

    def inset(self, by_m: float) -> Box:
        """Smaller by ``by_m`` on every side, never turned inside out."""
        length = max(0.2, self.length_m - 2 * by_m)
        width = max(0.2, self.width_m - 2 * by_m)
        return Box(self.x_m, self.y_m, length, width, self.angle)

    def turned(self, by: float) -> Box:
        """Turned about its centre."""
        return Box(self.x_m, self.y_m, self.length_m, self.width_m, self.angle + by)

    def lengthwise(self) -> Box:
        """The same rectangle with its length along the longer side."""
        if self.length_m >= self.width_m:
            return self
        return Box(self.x_m, self.y_m, self.width_m, self.length_m, self.angle + math.pi / 2)


@dataclass(frozen=True, slots=True)
class StreetLattice:
    """Straight plan coordinates (u, v) laid over the scene, turned and gently bent."""

    side_m: float
    angle: float
    bend_m: tuple[float, float]
    """How far streets swing, in u and in v."""
    wave_m: tuple[float, float]
    """Length of a swing."""
    phase: tuple[float, float]

    @classmethod
    def draw(cls, rng: Generator, side_m: float, bend: float) -> StreetLattice:
        """A random one; ``bend`` 0 is a straight grid, 1 swings by up to 20 m."""
        wave = rng.uniform(150, 400, 2)
        swing = bend * rng.uniform(0, 1, 2) * wave * 0.05
        phase = rng.uniform(0, 6.3, 2)
        angle = rng.uniform(0, math.pi)
        return cls(side_m, angle, _pair(swing), _pair(wave), _pair(phase))

    def point(self, u: float, v: float) -> tuple[float, float]:
        """Plan to scene, metres."""
        u_bent = u + self.bend_m[0] * math.sin(6.28 * v / self.wave_m[0] + self.phase[0])
        v_bent = v + self.bend_m[1] * math.sin(6.28 * u / self.wave_m[1] + self.phase[1])
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        half = self.side_m / 2
        return half + u_bent * cos - v_bent * sin, half + u_bent * sin + v_bent * cos

    def box(self, u: float, v: float, length_m: float, width_m: float) -> Box:
        """A rectangle whose length runs along u."""
        x_m, y_m = self.point(u, v)
        x_next, y_next = self.point(u + 1, v)
        return Box(x_m, y_m, length_m, width_m, math.atan2(y_next - y_m, x_next - x_m))

    def ribbon(self, u: tuple[float, float], v: tuple[float, float]) -> NDArray[np.float64]:
        """A plan rectangle as a polygon that follows the bends."""
        us, vs = ([*np.arange(*pair, 6.0).tolist(), pair[1]] for pair in (u, v))
        rim = [(a, v[0]) for a in us] + [(u[1], b) for b in vs]
        rim += [(a, v[1]) for a in reversed(us)] + [(u[0], b) for b in reversed(vs)]
        return np.array([self.point(a, b) for a, b in rim])


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])

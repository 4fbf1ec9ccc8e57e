"""Roofs: gables, hips, flat roofs with what stands on them, sheets of metal, or a real texture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geoseg.train.synthetic.noise import chance
from geoseg.train.synthetic.shapes import Box

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.synthetic.light import Sun
    from geoseg.train.synthetic.paint import Canvas, Cover
    from geoseg.train.synthetic.plan import Building

_SHEET_M, _HALL_M2 = 0.9, 500.0
_PANEL, _TANK = (0.12, 0.15, 0.25), (0.25, 0.42, 0.65)
_RUST = np.array([0.42, 0.27, 0.19], np.float32)


class Roofer:
    """Paints roofs of one town under one sun."""

    def __init__(self, canvas: Canvas, sun: Sun, rng: Generator, rust: float) -> None:
        self._canvas, self._sun, self._rng, self._rust = canvas, sun, rng, rust
        self._pitch = math.radians(rng.uniform(15, 38))
        self._ridge = rng.uniform(0.9, 1.12)

    def paint(self, building: Building) -> None:
        """All parts of a building, wings first."""
        painter = {"gable": self._gable, "hip": self._hip, "flat": self._flat, "metal": self._metal}
        rng = self._rng
        colour = np.clip(
            np.array(building.colour) * rng.normal(1, 0.08) + rng.normal(0, 0.015, 3), 0.05, 0.97
        )
        for part in building.parts:
            painter[building.roof](part, colour.astype(np.float32), building.height_m)

    def _slope(
        self,
        polygon: NDArray[np.float64],
        colour: NDArray[np.float32],
        facing: float,
        height_m: float,
    ) -> Cover | None:
        lit = colour * np.float32(self._sun.brightness(facing, self._pitch))
        return self._canvas.fill(
            polygon, lit, self._rng, rough=0.035, mottled=0.03, height_m=height_m
        )

    def _gable(self, part: Box, colour: NDArray[np.float32], height_m: float) -> None:
        box = part.lengthwise()
        at = self._rng.normal(0, 0.03)
        left = box.polygon((-0.5, -0.5), (0.5, -0.5), (0.5, at), (-0.5, at))
        right = box.polygon((-0.5, at), (0.5, at), (0.5, 0.5), (-0.5, 0.5))
        self._slope(left, colour, box.angle - math.pi / 2, height_m)
        self._slope(right, colour, box.angle + math.pi / 2, height_m)
        self._line(box, (-0.5, at), (0.5, at), colour, height_m)

    def _hip(self, part: Box, colour: NDArray[np.float32], height_m: float) -> None:
        box = part.lengthwise()
        end = 0.5 - 0.5 * box.width_m / box.length_m * self._rng.uniform(0.7, 1.0)
        corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
        tops = ((-end, 0.0), (end, 0.0), (end, 0.0), (-end, 0.0))
        for side in range(4):
            following = (side + 1) % 4
            face = box.polygon(corners[side], corners[following], tops[following], tops[side])
            facing = box.angle + (side - 1) * math.pi / 2
            self._slope(face, colour, facing, height_m)
        for corner, top in zip(corners, tops, strict=True):
            self._line(box, corner, top, colour, height_m)
        self._line(box, tops[0], tops[1], colour, height_m)

    def _line(
        self,
        box: Box,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: NDArray[np.float32],
        height_m: float,
    ) -> None:
        """A ridge or a hip."""
        (x0, y0), (x1, y1) = box.point(*start), box.point(*end)
        length = math.hypot(x1 - x0, y1 - y0)
        ridge = Box((x0 + x1) / 2, (y0 + y1) / 2, length, 0.3, math.atan2(y1 - y0, x1 - x0))
        self._canvas.fill(
            ridge.polygon(),
            colour * np.float32(self._ridge),
            self._rng,
            opacity=0.6,
            height_m=height_m,
        )

    def _metal(self, part: Box, colour: NDArray[np.float32], height_m: float) -> None:
        """Sheets side by side, each with its own age, and rust in patches."""
        canvas, rng = self._canvas, self._rng
        box = part.lengthwise()
        if chance(rng, 0.05):
            box = box.turned(math.pi / 2)
        cover = canvas.cover(part.polygon(), height_m)
        if cover is None:
            return
        along = _along(canvas, cover, box) / _SHEET_M
        sheets = rng.normal(1, 0.07 + 0.05 * self._rust, 256)
        light = sheets[np.floor(along).astype(int) % 256]
        light += 0.04 * np.sin(2 * math.pi * along * rng.integers(2, 4))
        light *= self._sun.brightness(box.angle + math.pi / 2 * rng.choice([-1, 1]), 0.15)
        light += 0.03 * canvas.grain(cover, rng)
        stain = canvas.grain(cover, rng, coarse=True) + rng.normal(0, 1)
        share = (np.clip(stain - 1.6 + 1.6 * self._rust, 0, 1) * self._rust)[..., None]
        canvas.lay(
            cover, ((colour * (1 - share) + _RUST * share) * light[..., None]).astype(np.float32)
        )

    def _flat(self, part: Box, colour: NDArray[np.float32], height_m: float) -> None:
        """A parapet, stains, and what stands on the roof."""
        canvas, rng = self._canvas, self._rng
        if chance(rng, 0.6):
            rim = colour * np.float32(rng.choice([rng.uniform(0.65, 0.9), rng.uniform(1.05, 1.3)]))
            canvas.fill(part.polygon(), rim, rng, height_m=height_m)
            part = part.inset(rng.uniform(0.25, 0.5))
        mottled = rng.uniform(0.02, 0.1)
        canvas.fill(part.polygon(), colour, rng, mottled=mottled, height_m=height_m)
        area_m2 = part.length_m * part.width_m
        if area_m2 > _HALL_M2 and chance(rng, 0.5):
            self._seams(part, colour, height_m)
        per_m2 = 0.006 if area_m2 > _HALL_M2 / 2 else 0.02
        for _ in range(min(60, rng.poisson(per_m2 * area_m2))):
            self._stand(part, colour, height_m)

    def _seams(self, part: Box, colour: NDArray[np.float32], height_m: float) -> None:
        """Joints and rows of skylights of a hall."""
        rng, count = self._rng, int(self._rng.integers(3, 14))
        tone, wide = np.float32(rng.choice([0.85, 1.12, 1.3])), rng.uniform(0.3, 1.8)
        reach = rng.uniform(0.7, 1.0)
        for at in np.linspace(-0.5, 0.5, count + 2)[1:-1]:
            seam = part.part(at, 0, wide / part.length_m, reach)
            self._canvas.fill(seam.polygon(), np.clip(colour * tone, 0, 1), rng, height_m=height_m)

    def _stand(self, part: Box, colour: NDArray[np.float32], height_m: float) -> None:
        """A stair head, a tank, an air conditioner, solar panels."""
        rng = self._rng
        sides = rng.uniform(0.8, 3.5, 2) * (1.0 if chance(rng, 0.8) else 1.6)
        sides = np.minimum(sides, 0.45 * np.array([part.length_m, part.width_m]))
        x_m, y_m = part.point(*rng.uniform(-0.38, 0.38, 2))
        box = Box(x_m, y_m, sides[0], sides[1], part.angle)
        raised = not chance(rng, 0.2)
        if not raised:
            tone = np.array(_PANEL, np.float32)
        elif chance(rng, 0.2):
            tone = np.array(_TANK, np.float32)
        else:
            tone = np.clip(colour * np.float32(rng.uniform(0.6, 1.45)), 0.08, 0.97)
        up = height_m + rng.uniform(0.5, 2.5)
        cover = self._canvas.fill(box.polygon(), tone, rng, height_m=height_m)
        if cover is not None and raised:
            self._canvas.lift(cover, up)


def _along(canvas: Canvas, cover: Cover, box: Box) -> NDArray[np.float64]:
    """Metres along a box's length of every pixel under a cover, from a common origin."""
    rows = (np.arange(cover.rows.start, cover.rows.stop) + 0.5) * canvas.gsd_m - box.y_m
    cols = (np.arange(cover.cols.start, cover.cols.stop) + 0.5) * canvas.gsd_m - box.x_m
    along: NDArray[np.float64] = cols[None] * math.cos(box.angle) + rows[:, None] * math.sin(
        box.angle
    )
    return along

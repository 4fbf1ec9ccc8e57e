"""What is no building: trees, cars, pools, ponds, containers, fields, courts, walls, rubble."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geoseg.train.synthetic.noise import chance
from geoseg.train.synthetic.paint import Cover
from geoseg.train.synthetic.shapes import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.synthetic.light import Sun
    from geoseg.train.synthetic.paint import Canvas
    from geoseg.train.synthetic.styles import Colour

_CAR_COLOURS: tuple[Colour, ...] = (
    (0.85, 0.85, 0.86), (0.7, 0.71, 0.72), (0.12, 0.12, 0.13), (0.3, 0.3, 0.32),
    (0.5, 0.12, 0.1), (0.15, 0.22, 0.4), (0.45, 0.45, 0.46), (0.75, 0.72, 0.62),
)  # fmt: skip
_CONTAINER_COLOURS: tuple[Colour, ...] = (
    (0.6, 0.25, 0.15), (0.15, 0.3, 0.55), (0.2, 0.45, 0.3), (0.8, 0.8, 0.8), (0.65, 0.5, 0.2),
)  # fmt: skip
_WATER: tuple[Colour, ...] = (
    (0.16, 0.22, 0.2), (0.3, 0.32, 0.24), (0.12, 0.18, 0.22), (0.42, 0.36, 0.26), (0.2, 0.28, 0.18),
)  # fmt: skip
_COURTS: tuple[Colour, ...] = ((0.25, 0.42, 0.32), (0.55, 0.3, 0.22), (0.25, 0.38, 0.55))
_LEAVES: tuple[Colour, ...] = (
    (0.20, 0.28, 0.14), (0.26, 0.33, 0.16), (0.15, 0.22, 0.13), (0.32, 0.36, 0.22),
    (0.36, 0.32, 0.24),
)  # fmt: skip
_HECTARE_M2 = 10_000.0
_CROWN = 0.92
"""Share of a crown's radius that casts a shadow."""


class Scatterer:
    """Strews things over the ground; nothing of it is a building."""

    def __init__(self, canvas: Canvas, sun: Sun, free: Sequence[Box], rng: Generator) -> None:
        self._canvas, self._sun, self._free, self._rng = canvas, sun, free, rng
        self._angle = rng.uniform(0, 3.14)

    def strew(self, numbers: dict[str, float]) -> None:
        """Expected numbers per hectare."""
        kinds: dict[str, Callable[[Box], None]] = {
            "field": self._field, "pond": self._pond, "parking": self._parking,
            "court": self._court, "rubble": self._rubble, "pool": self._pool, "wall": self._wall,
            "container": self._container, "lorry": self._lorry, "car": self._car,
        }  # fmt: skip
        hectares = self._canvas.side_m**2 / _HECTARE_M2
        for kind, paint in kinds.items():
            for _ in range(self._rng.poisson(numbers.get(kind, 0.0) * hectares)):
                paint(self._place())

    def _place(self) -> Box:
        """A free lot, or a spot anywhere."""
        rng = self._rng
        if self._free and chance(rng, 0.6):
            return self._free[int(rng.integers(len(self._free)))]
        x_m, y_m = rng.uniform(0, self._canvas.side_m, 2)
        return Box(x_m, y_m, rng.uniform(8, 30), rng.uniform(8, 25), self._angle)

    def _within(self, place: Box, length_m: float, width_m: float) -> Box:
        rng = self._rng
        x_m, y_m = place.point(*rng.uniform(-0.4, 0.4, 2))
        turn = rng.choice([0.0, math.pi / 2]) + rng.normal(0, 0.05)
        return Box(x_m, y_m, length_m, width_m, place.angle + turn)

    def _car(self, place: Box) -> None:
        rng = self._rng
        self._vehicle(self._within(place, rng.uniform(3.8, 5), rng.uniform(1.6, 2)))

    def _vehicle(self, box: Box) -> None:
        rng = self._rng
        body = _CAR_COLOURS[rng.integers(len(_CAR_COLOURS))]
        cover = self._canvas.fill(box.polygon(), body, rng)
        if cover is not None:
            self._canvas.lift(cover, 1.4)
            glass = box.part(rng.choice([-0.2, 0.2]), 0, 0.14, 0.85)
            self._canvas.fill(glass.polygon(), (0.13, 0.14, 0.16), rng)

    def _lorry(self, place: Box) -> None:
        rng = self._rng
        box = self._within(place, rng.uniform(7, 16), 2.5)
        cover = self._canvas.fill(box.polygon(), (0.8, 0.8, 0.79), rng, mottled=0.06)
        if cover is not None:
            self._canvas.lift(cover, 3.2)
            cab = box.part(0.5, 0, 2.2 / box.length_m, 0.95)
            self._canvas.fill(cab.polygon(), _CAR_COLOURS[rng.integers(8)], rng)

    def _container(self, place: Box) -> None:
        rng = self._rng
        first = self._within(place, rng.choice([6.1, 12.2]), 2.44)
        for row in range(rng.integers(1, 6)):
            x_m, y_m = first.point(0, row * 1.05)
            box = Box(x_m, y_m, first.length_m, 2.44, first.angle)
            colour = _CONTAINER_COLOURS[rng.integers(len(_CONTAINER_COLOURS))]
            cover = self._canvas.fill(box.polygon(), colour, rng)
            if cover is not None:
                self._canvas.lift(cover, 2.6)

    def _pool(self, place: Box) -> None:
        rng, canvas = self._rng, self._canvas
        box = self._within(place, rng.uniform(6, 11), rng.uniform(3.5, 6))
        rounded = chance(rng, 0.5)
        deck, basin = (_ellipse(box) if rounded else box.polygon() for box in (box, box.inset(0.7)))
        canvas.fill(deck, (0.72, 0.69, 0.64), rng)
        blue = np.array([0.25, 0.55, 0.68]) * rng.uniform(0.75, 1.2)
        canvas.fill(basin, blue.astype(np.float32), rng, rough=0.02)

    def _pond(self, place: Box) -> None:
        rng = self._rng
        radius = rng.gamma(3, 3.5) + 3
        shape = _blob(place.x_m, place.y_m, radius, rng)
        if chance(rng, 0.3):
            shape = self._within(place, radius * 2, radius * rng.uniform(1, 2)).polygon()
        colour = np.array(_WATER[rng.integers(len(_WATER))], np.float32)
        glint = np.float32(rng.choice([0.8, 1.0, 1.4, 2.2], p=[0.3, 0.4, 0.2, 0.1]))
        rim = np.array([0.42, 0.38, 0.28], np.float32)
        middle = shape.mean(axis=0)
        self._canvas.fill(middle + (shape - middle) * 1.08, rim, rng, opacity=0.7)
        smooth = {"rough": 0.008, "mottled": 0.03}
        self._canvas.fill(shape, np.clip(colour * glint, 0, 0.8), rng, **smooth)

    def _field(self, place: Box) -> None:
        """Ploughing stripes or rows of a crop."""
        rng, canvas = self._rng, self._canvas
        box = self._within(place, rng.uniform(25, 90), rng.uniform(15, 60))
        cover = canvas.cover(box.polygon())
        if cover is None:
            return
        tone = np.array([0.45, 0.39, 0.28]) * rng.uniform(0.7, 1.3) + rng.normal(0, 0.035, 3)
        rows = (np.arange(cover.rows.start, cover.rows.stop) * canvas.gsd_m)[:, None]
        cols = (np.arange(cover.cols.start, cover.cols.stop) * canvas.gsd_m)[None]
        across = rows * math.cos(box.angle) - cols * math.sin(box.angle)
        furrows = np.sin(6.28 * across / rng.uniform(0.9, 4)) * rng.uniform(0, 0.14)
        noise = (
            furrows + 0.05 * canvas.grain(cover, rng) + 0.06 * canvas.grain(cover, rng, coarse=True)
        )
        canvas.lay(cover, (tone * (1 + noise[..., None])).astype(np.float32))

    def _court(self, place: Box) -> None:
        rng, canvas = self._rng, self._canvas
        box = self._within(place, rng.uniform(22, 36), rng.uniform(12, 18))
        canvas.fill(box.polygon(), _COURTS[rng.integers(3)], rng, mottled=0.05)
        for u, v, length, width in (
            (0, -0.4, 0.85, 0.012), (0, 0.4, 0.85, 0.012), (0, 0, 0.006, 0.8),
            (-0.42, 0, 0.006, 0.8), (0.42, 0, 0.006, 0.8),
        ):  # fmt: skip
            canvas.fill(box.part(u, v, length, width).polygon(), (0.85, 0.85, 0.82), rng)

    def _parking(self, place: Box) -> None:
        """Asphalt, marks and cars in rows."""
        rng, canvas = self._rng, self._canvas
        box = self._within(place, rng.uniform(25, 70), rng.uniform(16, 36))
        canvas.fill(box.polygon(), np.float32(rng.uniform(0.28, 0.5)) * np.ones(3, np.float32), rng)
        slots, filled = int(box.length_m / 2.7), rng.uniform(0.1, 0.9)
        for line in np.linspace(-0.36, 0.36, max(2, round(box.width_m / 11))):
            for slot in range(slots):
                u = (slot + 0.5) / slots - 0.5
                mark = box.part(u - 0.5 / slots, line, 0.15 / box.length_m, 5 / box.width_m)
                canvas.fill(mark.polygon(), (0.75, 0.75, 0.72), rng, opacity=0.7)
                if chance(rng, filled):
                    car = Box(*box.point(u, line), 4.4, 1.8, box.angle + math.pi / 2)
                    self._vehicle(car)

    def _rubble(self, place: Box) -> None:
        """Heaps, building sites, scrap: small bright and dark pieces of any colour."""
        rng, canvas = self._rng, self._canvas
        radius = rng.uniform(3, 11)
        cover = canvas.cover(_blob(place.x_m, place.y_m, radius, rng))
        if cover is None:
            return
        lumps = canvas.grain(cover, rng)[..., None] * rng.uniform(0.08, 0.25)
        canvas.lay(
            cover,
            np.clip(rng.uniform(0.35, 0.6) + rng.normal(0, 0.03, 3) + lumps, 0, 1).astype(
                np.float32
            ),
            0.85,
        )
        for _ in range(int(radius * 1.5)):
            x_m, y_m = rng.normal((place.x_m, place.y_m), radius / 2.2)
            length, width = rng.uniform(0.4, 2.2, 2)
            piece = Box(x_m, y_m, length, width, rng.uniform(0, 3.14))
            tone = rng.uniform(0.15, 0.85) + rng.normal(0, 0.04, 3)
            canvas.fill(piece.polygon(), np.clip(tone, 0.05, 0.95).astype(np.float32), rng)

    def _wall(self, place: Box) -> None:
        """Around a yard, 2 m high."""
        rng, canvas = self._rng, self._canvas
        tone = np.float32(rng.uniform(0.8, 1.2)) * np.array([0.62, 0.56, 0.47], np.float32)
        for u, v, length, width in (
            (0, 0.5, 1, 0),
            (0, -0.5, 1, 0),
            (0.5, 0, 0, 1),
            (-0.5, 0, 0, 1),
        ):
            thick = 0.35 / place.length_m, 0.35 / place.width_m
            side = place.part(u, v, length or thick[0], width or thick[1])
            cover = canvas.fill(side.polygon(), tone, rng)
            if cover is not None:
                canvas.lift(cover, 2.0)

    def trees(self, per_hectare: float) -> None:
        """Crowns of every size, some in groups; they may hang over roofs."""
        rng, side_m = self._rng, self._canvas.side_m
        number = rng.poisson(per_hectare * side_m**2 / _HECTARE_M2)
        large = rng.uniform(1.6, 3.6)
        kinds = [np.array(_LEAVES[rng.integers(5)]) for _ in range(2)]
        centre = rng.uniform(0, side_m, 2)
        for _ in range(number):
            near = chance(rng, 0.4)
            centre = centre + rng.normal(0, 5, 2) if near else rng.uniform(0, side_m, 2)
            colour = kinds[rng.integers(2)] * rng.normal(1, 0.1) + rng.normal(0, 0.01, 3)
            self._tree(centre, float(np.clip(rng.gamma(6, large / 6), 0.7, 7)), colour)

    def _tree(
        self, centre: NDArray[np.float64], radius_m: float, colour: NDArray[np.float64]
    ) -> None:
        canvas, rng, sun = self._canvas, self._rng, self._sun
        reach = math.ceil(radius_m * 1.4 / canvas.gsd_m)
        col, row = (centre / canvas.gsd_m).astype(int)
        top, left = max(0, row - reach), max(0, col - reach)
        bottom, right = min(canvas.side_px, row + reach), min(canvas.side_px, col + reach)
        if top >= bottom or left >= right or self._on_roof(row, col):
            return
        rows = (np.arange(top, bottom)[:, None] - row) * canvas.gsd_m / radius_m
        cols = (np.arange(left, right)[None] - col) * canvas.gsd_m / radius_m
        empty = Cover(
            slice(top, bottom),
            slice(left, right),
            np.zeros((bottom - top, right - left), np.float32),
        )
        lumps = canvas.grain(empty, rng)
        distance = np.hypot(rows, cols) + 0.16 * cv2.GaussianBlur(lumps, (0, 0), 1.0)
        alpha = np.clip((1 - distance) * 4, 0, 1).astype(np.float32)
        cover = Cover(empty.rows, empty.cols, alpha)
        side = cols * math.cos(sun.azimuth) + rows * math.sin(sun.azimuth)
        light = 1 + 0.5 * sun.darkness * side + 0.2 * lumps
        canvas.lay(cover, np.clip(colour * light[..., None], 0.03, 1).astype(np.float32))
        dome = radius_m * 1.6 * np.sqrt(np.clip(1 - distance**2, 0, 1))
        below = canvas.height_m[cover.area]
        canvas.height_m[cover.area] = np.where(distance < _CROWN, np.maximum(below, dome), below)

    def _on_roof(self, row: int, col: int) -> bool:
        side = self._canvas.side_px
        inside = 0 <= row < side and 0 <= col < side
        return bool(inside and self._canvas.labels[row, col] > 0)


def _blob(x_m: float, y_m: float, radius_m: float, rng: Generator) -> NDArray[np.float64]:
    """A lumpy round shape."""
    angle = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    radius = radius_m * np.ones(40)
    for wave in range(2, 5):
        radius *= 1 + rng.normal(0, 0.3 / wave) * np.sin(wave * angle + rng.uniform(0, 6.3))
    return np.stack([x_m + radius * np.cos(angle), y_m + radius * np.sin(angle)], axis=1)


def _ellipse(box: Box) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * math.pi, 32, endpoint=False)
    return box.polygon(*zip(np.cos(angle) / 2, np.sin(angle) / 2, strict=True))

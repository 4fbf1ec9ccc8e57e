"""The canvas: colours, heights and labels, and polygons painted onto them with soft rims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from geoseg.train.synthetic.noise import fractal_noise

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.train.synthetic.styles import Colour

_HALF = 0.5
_FINE = 8
"""Sub-pixels per pixel and direction; a label needs half of them. OpenCV fills the border too, one
sub-pixel more on every side, so they must be small."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Where a polygon lies on the canvas."""

    rows: slice
    cols: slice
    alpha: NDArray[np.float32]
    """(rows, cols), covered share of each pixel."""

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Pixels that belong to the polygon."""
        return self.alpha >= _HALF

    @property
    def area(self) -> tuple[slice, slice]:
        """Index of the canvas's arrays."""
        return self.rows, self.cols


class Canvas:
    """A square scene in the making."""

    def __init__(self, side_px: int, gsd_m: float, rng: Generator) -> None:
        self.side_px, self.gsd_m = side_px, gsd_m
        self.colour = np.zeros((side_px, side_px, 3), np.float32)
        self.height_m = np.zeros((side_px, side_px), np.float32)
        self.labels = np.zeros((side_px, side_px), np.uint16)
        lean = rng.normal(0, 0.12, 2)
        self.lean = lean * min(1.0, 0.35 / float(np.hypot(*lean)))
        """Metres that a roof moves aside per metre of height."""
        double = 2 * side_px
        self._fine = fractal_noise(rng, double, coarsest_px=2.0, octaves=2)
        self._coarse = fractal_noise(rng, double, coarsest_px=8.0 / gsd_m, octaves=5)

    @property
    def side_m(self) -> float:
        """Metres."""
        return self.side_px * self.gsd_m

    def cover(self, polygon_m: NDArray[np.float64], height_m: float = 0.0) -> Cover | None:
        """Pixels of a polygon at some height above the ground; None off the canvas."""
        points = (polygon_m + self.lean * height_m) / self.gsd_m
        low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 1, self.side_px)
        cols, rows = high - low
        if cols <= 0 or rows <= 0:
            return None
        fine = np.zeros((rows * _FINE, cols * _FINE), np.uint8)
        scaled = np.rint(((points - low) * _FINE - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(fine, [scaled], 255, shift=4)
        alpha = cv2.resize(fine, (int(cols), int(rows)), interpolation=cv2.INTER_AREA)
        if not alpha.any():
            return None
        where = slice(low[1], high[1]), slice(low[0], high[0])
        return Cover(*where, alpha.astype(np.float32) / np.float32(255))

    def grain(self, cover: Cover, rng: Generator, *, coarse: bool = False) -> NDArray[np.float32]:
        """Noise of the cover's shape from a random place, standard deviation 1."""
        field = self._coarse if coarse else self._fine
        height, width = cover.alpha.shape
        row, col = rng.integers(0, self.side_px, 2)
        piece: NDArray[np.float32] = field[row : row + height, col : col + width]
        return piece

    def lay(self, cover: Cover, colour: NDArray[np.float32], opacity: float = 1.0) -> None:
        """Blend a colour, (3,) or (rows, cols, 3), over what is there."""
        alpha = (cover.alpha * opacity)[..., None]
        below = self.colour[cover.area]
        self.colour[cover.area] = below + alpha * (colour - below)

    def fill(
        self,
        polygon_m: NDArray[np.float64],
        colour: Colour | NDArray[np.float32],
        rng: Generator,
        *,
        rough: float = 0.03,
        mottled: float = 0.03,
        opacity: float = 1.0,
        height_m: float = 0.0,
    ) -> Cover | None:
        """Paint a surface with fine and coarse noise."""
        cover = self.cover(polygon_m, height_m)
        if cover is None:
            return None
        noise = 1 + rough * self.grain(cover, rng) + mottled * self.grain(cover, rng, coarse=True)
        self.lay(cover, np.asarray(colour, np.float32) * noise[..., None], opacity)
        return cover

    def lift(self, cover: Cover, height_m: float) -> None:
        """Set the height of a polygon's pixels."""
        self.height_m[cover.area][cover.inside] = height_m

    def label(self, cover: Cover, number: int) -> None:
        """Give a polygon's pixels to a building."""
        self.labels[cover.area][cover.inside] = number

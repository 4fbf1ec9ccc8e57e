"""How far labels lie beside what they label, told from the photo's edges or from a model.

Both ways slide one picture over another and look for the place where they agree best. Roofs have
edges where their outlines run, and in the same direction: at every pixel the direction is taken as a
doubled angle, so that a bright roof on dark ground and a dark one on bright ground look alike, and
the agreement is the cosine of twice the angle between both, weighted by the strength of the edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene

REACH_M = 6.0
"""Shifts up to this are found, metres."""
SURE = 4.5
"""A peak this many standard deviations above the mean of all places is believed; labels laid over
a photo of other buildings reach 4."""
_SMOOTH_PX = 1.0
_STRONGEST = 0.9
"""Quantile beyond which an edge is as strong as any: a few hard shadows must not decide."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well labels agree with a photo when they are moved."""

    surface: NDArray[np.float64]
    """(2r + 1, 2r + 1), agreement when labels are moved by (row - r, column - r) pixels."""
    gsd_m: float
    """Ground size of a pixel."""

    def __add__(self, other: Agreement) -> Agreement:
        """Of two chips of the same pixel size."""
        return Agreement(self.surface + other.surface, self.gsd_m)


@dataclass(frozen=True, slots=True)
class Shift:
    """Where the photo is, seen from the labels."""

    east_m: float
    """Metres along the rows; move the labels by this to put them right."""
    south_m: float
    """Metres along the columns, downwards."""
    sureness: float
    """Height of the peak in standard deviations; below SURE nothing is known."""

    @property
    def length_m(self) -> float:
        """Metres."""
        return float(np.hypot(self.east_m, self.south_m))

    @property
    def sure(self) -> bool:
        """Whether to believe it."""
        return self.sureness >= SURE


def edge_agreement(scene: Scene, body: NDArray[np.float64] | None = None) -> Agreement:
    """Of label outlines with edges in the photo, or in the (height, width) map of a model."""
    picture = scene.image.astype(np.float64).mean(axis=2) if body is None else body
    known = ndimage.binary_erosion(~scene.ignore, iterations=2, border_value=1)
    edges = _directions(ndimage.gaussian_filter(picture, _SMOOTH_PX)) * known
    labels = _directions(_outlines(scene.labels)) * known
    return _correlated(labels, edges, scene.gsd_m)


def best_shift(agreement: Agreement) -> Shift:
    """The place of the peak, between pixels by a parabola."""
    surface = agreement.surface
    row, col = np.unravel_index(int(np.argmax(surface)), surface.shape)
    reach = surface.shape[0] // 2
    spread = float(surface.std())
    sureness = float((surface[row, col] - surface.mean()) / spread) if spread > 0 else 0.0
    south = row - reach + _vertex(surface[:, col], int(row))
    east = col - reach + _vertex(surface[row], int(col))
    return Shift(float(east) * agreement.gsd_m, float(south) * agreement.gsd_m, sureness)


def _outlines(labels: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Smooth steps at the outlines, also where buildings touch."""
    inner = ndimage.minimum_filter(labels, 3) == ndimage.maximum_filter(labels, 3)
    body = (labels > 0) & inner
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(body.astype(np.float64), _SMOOTH_PX)
    return smooth


def _directions(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, height, width), cosine and sine of the doubled angle times the strength of the edge."""
    down, right = ndimage.sobel(picture, 0), ndimage.sobel(picture, 1)
    strength = np.hypot(down, right)
    angle = 2 * np.arctan2(down, right)
    lit = strength[strength > 0]
    limit = np.quantile(lit, _STRONGEST) if lit.size else 1.0
    strength = np.minimum(strength, limit) / limit
    directions: NDArray[np.float64] = np.stack([np.cos(angle), np.sin(angle)]) * strength
    return directions


def _correlated(labels: NDArray[np.float64], photo: NDArray[np.float64], gsd_m: float) -> Agreement:
    """Sum over layers of the product, for all moves of the labels within REACH_M."""
    reach = max(2, round(REACH_M / gsd_m))
    height, width = labels.shape[1:]
    size = [fft.next_fast_len(side + reach, real=True) for side in (height, width)]
    spectrum = fft.rfft2(photo, size) * np.conj(fft.rfft2(labels, size))
    product = fft.irfft2(spectrum.sum(axis=0), size)
    moves = np.arange(-reach, reach + 1)
    surface: NDArray[np.float64] = product[np.ix_(moves % size[0], moves % size[1])]
    return Agreement(surface, gsd_m)


def _vertex(line: NDArray[np.float64], peak: int) -> float:
    """Where between its neighbours a parabola through the peak is highest, -0.5..0.5."""
    if not 0 < peak < len(line) - 1:
        return 0.0
    before, at, after = line[peak - 1 : peak + 2]
    bend = before - 2 * at + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0

"""Pixel IoU and boundary IoU of two layers, drawn window by window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy import ndimage

from geoseg.accuracy.site import Site, bounds_of
from geoseg.types import Window

WINDOW_PX = 2048
"""Side of the windows that are drawn at a time."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PixelCounts:
    """Counts of assessed pixels; they add up."""

    both: int = 0
    """Building in prediction and truth."""
    either: int = 0
    """Building in prediction or truth."""
    boundary_both: int = 0
    """In the boundary bands of prediction and truth."""
    boundary_either: int = 0
    """In the boundary band of prediction or truth."""

    def __add__(self, other: PixelCounts) -> PixelCounts:
        return PixelCounts(
            self.both + other.both,
            self.either + other.either,
            self.boundary_both + other.boundary_both,
            self.boundary_either + other.boundary_either,
        )

    @property
    def iou(self) -> float:
        """Intersection over union of all building pixels; NaN where there is none."""
        return self.both / self.either if self.either else math.nan

    @property
    def boundary_iou(self) -> float:
        """Intersection over union of the boundary bands; NaN where there is none."""
        return self.boundary_both / self.boundary_either if self.boundary_either else math.nan


def count_pixels(site: Site, boundary_m: float, window_px: int = WINDOW_PX) -> PixelCounts:
    """Draw both layers at the site's pixel size and compare them where the truth is known.

    A pixel is building when its centre lies in one. The boundary band of a layer is what an erosion
    of its mask takes away (B. Cheng et al., Boundary IoU: Improving Object-Centric Image
    Segmentation Evaluation, CVPR 2021), here by ``boundary_m`` rather than by a share of the image.
    """
    board = _Board.of(site, max(1, round(boundary_m / site.gsd_m)))
    return sum((board.count(window) for window in board.windows(window_px)), start=PixelCounts())


@dataclass(frozen=True, slots=True)
class _Board:
    """A site as something to draw on: pixels from the top left of everything."""

    site: Site
    """What to draw."""
    trees: tuple[shapely.STRtree, shapely.STRtree]
    """Of predictions and truth."""
    left: float
    """x of the left side of column 0."""
    top: float
    """y of the upper side of row 0."""
    size: tuple[int, int]
    """Rows and columns that hold every building."""
    band_px: int
    """Width of the boundary band."""

    @classmethod
    def of(cls, site: Site, band_px: int) -> _Board:
        gsd = site.gsd_m
        bounds = bounds_of([site.predicted, site.truth]) or (0.0, 0.0, gsd, gsd)
        # On multiples of the pixel, so that truth from masks is drawn on its own pixels.
        left, top = math.floor(bounds[0] / gsd) * gsd, math.ceil(bounds[3] / gsd) * gsd
        size = math.ceil((top - bounds[1]) / gsd) + 1, math.ceil((bounds[2] - left) / gsd) + 1
        trees = shapely.STRtree(site.predicted), shapely.STRtree(site.truth)
        return cls(site, trees, left, top, size, band_px)

    def windows(self, side_px: int) -> Iterator[Window]:
        """The windows that hold buildings."""
        shapes = np.concatenate([self.site.predicted, self.site.truth])
        left, bottom, right, top = shapely.bounds(shapes[~shapely.is_empty(shapes)]).T
        step = side_px * self.site.gsd_m
        cols = _cells(left - self.left, right - self.left, step)
        rows = _cells(self.top - top, self.top - bottom, step)
        wanted = {
            (row, col)
            for (row_0, row_1), (col_0, col_1) in zip(rows, cols, strict=True)
            for row in range(row_0, row_1 + 1)
            for col in range(col_0, col_1 + 1)
        }
        everything = Window(0, 0, *self.size)
        for row, col in sorted(wanted):
            window = Window(row * side_px, col * side_px, side_px, side_px)
            inside = window.intersection(everything)
            if inside is not None:
                yield inside

    def count(self, window: Window) -> PixelCounts:
        pad = self.band_px
        wide = Window(
            window.row_off - pad, window.col_off - pad, window.height + 2 * pad,
            window.width + 2 * pad,
        )  # fmt: skip
        ours, theirs = (
            self._draw(tree.geometries[tree.query(self._box(wide))], wide) for tree in self.trees
        )
        inner = window.slices_in(wide)
        known = self._known(window)
        band, other_band = (_band(mask, pad)[inner] & known for mask in (ours, theirs))
        ours, theirs = ours[inner] & known, theirs[inner] & known
        return PixelCounts(
            int((ours & theirs).sum()),
            int((ours | theirs).sum()),
            int((band & other_band).sum()),
            int((band | other_band).sum()),
        )

    def _known(self, window: Window) -> Mask:
        known = np.ones((window.height, window.width), dtype=bool)
        for region, value in ((self.site.area, True), (self.site.ignored, False)):
            if region is not None:
                near = shapely.clip_by_rect(region, *self._box(window).bounds)
                known &= self._draw(np.array([near], dtype=object), window) == value
        return known

    def _draw(self, shapes: NDArray[np.object_], window: Window) -> Mask:
        size = window.height, window.width
        drawn = shapes[~shapely.is_empty(shapes)]
        if not len(drawn):
            return np.zeros(size, dtype=bool)
        left, _, _, top = self._box(window).bounds
        place = Affine(self.site.gsd_m, 0, left, 0, -self.site.gsd_m, top)
        mask: NDArray[np.uint8] = rasterize(
            list(drawn), out_shape=size, transform=place, dtype="uint8"
        )
        return mask > 0

    def _box(self, window: Window) -> shapely.Polygon:
        gsd = self.site.gsd_m
        left, right = self.left + window.col_off * gsd, self.left + window.col_end * gsd
        top, bottom = self.top - window.row_off * gsd, self.top - window.row_end * gsd
        return shapely.box(left, bottom, right, top)


def _cells(
    low: NDArray[np.float64], high: NDArray[np.float64], step: float
) -> list[tuple[int, int]]:
    """First and last cell of each interval."""
    first, last = np.floor(low / step).astype(int), np.floor(high / step).astype(int)
    return list(zip(first.tolist(), last.tolist(), strict=True))


def _band(mask: Mask, width_px: int) -> Mask:
    """The mask without what is left of it after an erosion by a square."""
    eroded = ndimage.minimum_filter(mask.astype(np.uint8), size=2 * width_px + 1, mode="nearest")
    band: Mask = mask & (eroded == 0)
    return band

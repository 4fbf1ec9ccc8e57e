"""Masks as labels: building numbers, or nothing but building and not building."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from rasterio.features import shapes
from scipy import ndimage

from geoseg.errors import DatasetError
from geoseg.labelled.order import images_in
from geoseg.labelled.pixels import COLOURS, opened, read_pixels
from geoseg.scenes.scene import MAX_BUILDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_HALF = 127
_LOSSY = (".jpg", ".jpeg")
_SLACK_PX = 0.5
"""A mask whose corners lie this near to its image's is of the same pixels."""


class MaskLabels:
    """Masks that lie in a folder under the names of their images."""

    def __init__(self, masks: Path, kind: str) -> None:
        self._masks = masks
        files = images_in(masks) if masks.is_dir() else [masks]
        self._by_stem = {path.stem: path for path in files}
        self._single = None if masks.is_dir() else masks
        self.blobs = kind == "binary" if kind != "auto" else all(map(_is_binary, files))
        """True when touching buildings are one blob."""

    def choose(self, images: Sequence[Path], found: Counter[str]) -> list[Path]:
        """The images, all of which must have a mask; masks without an image are counted."""
        if self._single is not None and len(images) == 1:
            return list(images)
        missing = [image.name for image in images if image.stem not in self._by_stem]
        if missing:
            raise DatasetError(
                f"{len(missing)} images have no mask of the same name in {self._masks}, such as "
                f"{missing[0]}; add an empty mask where there is no building"
            )
        found["masks_unused"] += len(self._by_stem) - len(images)
        return list(images)

    def of(self, image: Path, shape: tuple[int, int], found: Counter[str]) -> NDArray[np.uint16]:
        """(height, width), 0 background, else the number of the building or blob."""
        path = self._single or self._by_stem[image.stem]
        codes = _codes(path)
        _require_same_place(path, image)
        if codes.shape != shape:
            raise DatasetError(
                f"{path.name} has {codes.shape[0]} x {codes.shape[1]} pixels, its image "
                f"{image.name} has {shape[0]} x {shape[1]}; both must cover the same pixels"
            )
        numbers = ndimage.label(codes > 0)[0] if self.blobs else _renumbered(codes)
        count = int(numbers.max())
        if count > MAX_BUILDINGS:
            raise DatasetError(
                f"{path.name} holds {count} buildings, more than the {MAX_BUILDINGS} that fit into "
                "one image; cut it into smaller ones"
            )
        found["features"] += count
        found["scattered"] += 0 if self.blobs else _scattered(numbers)
        return np.asarray(numbers, np.uint16)


def _is_binary(path: Path) -> bool:
    codes = _codes(path)
    return len(np.unique(codes[codes > 0])) <= 1


def _require_same_place(mask: Path, image: Path) -> None:
    """Refuse a mask that lies elsewhere than its image; most masks have no place at all."""
    with opened(mask) as one, opened(image) as other:
        if one.crs is None or other.crs is None or one.transform.almost_equals(other.transform):
            return
        corners = [(0, 0), (one.width, 0), (0, one.height)]
        to_image = ~other.transform @ one.transform
        off_px = max(math.dist(corner, to_image @ corner) for corner in corners)
    if off_px > _SLACK_PX:
        raise DatasetError(
            f"{mask.name} and its image {image.name} have a place on the ground, but not the same: "
            f"their corners lie {off_px:.0f} pixels apart; cut or warp the mask to the image's grid"
        )


def _scattered(numbers: NDArray[np.int64]) -> int:
    """How many numbers are on several separate parts."""
    pieces = shapes(numbers.astype(np.int32), mask=numbers > 0, connectivity=8)
    parts = Counter(int(number) for _, number in pieces)
    return sum(count > 1 for count in parts.values())


def _codes(path: Path) -> NDArray[np.int64]:
    """(height, width), one number per colour, 0 for black."""
    bands = read_pixels(path)
    if bands.dtype.kind == "f":
        bands = np.nan_to_num(bands, nan=0.0)
        if (bands != np.round(bands)).any():
            raise DatasetError(
                f"{path.name} holds fractions; masks hold whole numbers, 0 where there is no building"
            )
    if bands.dtype.kind in "if" and bands.min() < 0:
        raise DatasetError(
            f"{path.name} holds negative numbers; masks hold 0 where there is no building, else the "
            "building's number"
        )
    if path.suffix.lower() in _LOSSY:
        return np.asarray(bands[0] > _HALF, np.int64)
    if len(bands) < COLOURS:
        return np.asarray(bands[0], np.int64)
    colours: NDArray[np.int64] = bands[:COLOURS].astype(np.int64)
    grey = bool((colours == colours[0]).all())
    red, green, blue = colours
    return np.asarray(red if grey else (red << 16) + (green << 8) + blue, np.int64)


def _renumbered(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers without gaps, 0 stays 0."""
    present, numbers = np.unique(codes, return_inverse=True)
    return np.asarray(numbers.reshape(codes.shape) + (0 if present[0] == 0 else 1), np.int64)

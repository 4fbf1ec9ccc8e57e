"""Pixels of images that need no place on the ground."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from scipy import ndimage

from geoseg.addresses.urls import unfolded
from geoseg.errors import UnreadableRasterError
from geoseg.files.exif import orientation
from geoseg.files.png import png_damage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

COLOURS = 3
_WHITE, _BLACK, _BLANK_PX = 253, 2, 2000


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An open image, with or without a place.

    Raises:
        UnreadableRasterError: it cannot be opened or read, or is not whole.
    """
    damage = png_damage(path)
    if damage is not None:
        raise UnreadableRasterError(f"{path} is a damaged PNG ({damage}); get it anew")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(unfolded(path))
        with dataset:
            yield dataset
    except RasterioError as error:
        reason = " ".join(str(error.__cause__ or error).split()).rstrip(".")
        raise UnreadableRasterError(
            f"{path} cannot be read as an image ({reason}); is the file complete?"
        ) from error


def orientation_of(dataset: Any, path: Path) -> int:  # noqa: ANN401 - an open image
    """How a camera says that the image is to be turned, 1 to 8; 1 where it says nothing."""
    said = dataset.tags().get("EXIF_Orientation", "").strip()
    if not said:
        return orientation(path)
    return int(said) if said in {"2", "3", "4", "5", "6", "7", "8"} else 1


TURNED_ASIDE = frozenset({5, 6, 7, 8})
"""Orientations in which rows become columns."""


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """(rows, columns, ...) as the camera meant it, by EXIF's tag 274."""
    if orientation in TURNED_ASIDE:
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def read_pixels(path: Path) -> NDArray[Any]:
    """(bands, height, width), all bands as they are stored."""
    with opened(path) as dataset:
        pixels: NDArray[Any] = dataset.read()
        return pixels


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """(height, width, 3); more than 8 bits are stretched from percentile 2 to 98 of each band."""
    bands = read_pixels(path)[:COLOURS]
    if bands.dtype != np.uint8:
        # Between whole numbers far apart numpy's percentiles overflow.
        numbers = bands.astype(np.float64)
        low, high = np.percentile(numbers, [2, 98], axis=(1, 2), keepdims=True)
        bands = np.clip((numbers - low) / (high - low) * 255, 0, 255)
    image: NDArray[np.uint8] = np.moveaxis(bands, 0, 2).astype(np.uint8)
    return image


def blank(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(height, width), True in large areas of pure white or black: missing pixels, not roofs."""
    found: NDArray[np.bool_] = _large(_white(image)) | _large(_black(image))
    return found


def missing(image: NDArray[np.uint8], labels: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """The same, but a white area that is labelled is an overexposed roof."""
    found: NDArray[np.bool_] = _large(_white(image)) & (labels == 0)
    return found | _large(_black(image))


def _white(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    white: NDArray[np.bool_] = image.min(axis=2) >= _WHITE
    return white


def _black(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    black: NDArray[np.bool_] = image.max(axis=2) <= _BLACK
    return black


def _large(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The connected parts of at least _BLANK_PX pixels."""
    numbers, _ = ndimage.label(area)
    sizes = np.bincount(numbers.ravel())
    sizes[0] = 0
    large: NDArray[np.bool_] = sizes[numbers] >= _BLANK_PX
    return large


def near_border(covered: NDArray[np.bool_], distance_px: int) -> NDArray[np.bool_]:
    """True outside the covered area and within ``distance_px`` of its border."""
    padded = np.pad(covered, 1)
    depth = ndimage.distance_transform_cdt(padded, metric="chessboard")[1:-1, 1:-1]
    near: NDArray[np.bool_] = depth <= distance_px
    return near

"""What a dense model may be asked: images of bytes, and a part of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.types import Window


def check_images(images: NDArray[np.uint8], part: Window, bands: int) -> None:
    """Refuse what is no (batch, bands, height, width) of bytes, or a part beyond it.

    Raises:
        UsageError: saying what was given.
    """
    if images.dtype != np.uint8 or images.shape[1:-2] != (bands,):
        raise UsageError(
            f"predict_maps takes uint8 of shape (batch, {bands}, height, width), "
            f"got {images.dtype} of shape {images.shape}"
        )
    height, width = images.shape[2:]
    if part.row_off < 0 or part.col_off < 0 or part.row_end > height or part.col_end > width:
        raise UsageError(f"the part {part} does not lie within {height} x {width} pixels")

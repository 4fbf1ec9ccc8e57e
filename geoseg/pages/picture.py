"""Pictures that lie within the page itself."""

from __future__ import annotations

import base64
import warnings

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

QUALITY = 70
"""Of the JPEG."""


def jpeg_url(image: NDArray[np.uint8]) -> str:
    """An image (3, height, width) as a JPEG in a data URL."""
    bands, height, width = image.shape
    profile = {"driver": "JPEG", "dtype": "uint8", "count": bands, "quality": QUALITY}
    with MemoryFile() as memory, warnings.catch_warnings():
        # A picture in a page needs no place of its own.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(height=height, width=width, **profile) as target:
            target.write(image)
        return f"data:image/jpeg;base64,{base64.b64encode(memory.read()).decode('ascii')}"

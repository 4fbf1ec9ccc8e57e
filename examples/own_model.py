"""A model of your own: ``python examples/own_model.py photo.tif buildings.gpkg``.

Instead of a network, a rule that calls what is bright and not green a roof: no good model, but every part
of the path is there. A network of yours goes in its place.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

import geoseg


class Bright:
    """Bright and not green."""

    gsd_m = (0.3, 0.6)  # pixel sizes that it can take
    stride_px = 1  # maps are as fine as the image
    halo_px = 8  # nothing farther away changes a pixel's answer
    heads = ("body", "contact", "edge")

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 3, rows, columns) bytes to (n, heads, rows, columns) probabilities."""
        red, green, blue = np.moveaxis(images.astype(np.float32), 1, 0)
        bright = uniform_filter((red + green + blue) / 3, (0, 5, 5))
        leafy = uniform_filter(green - (red + blue) / 2, (0, 5, 5))
        body = 1 / (1 + np.exp(-(bright - 150) / 8)) * (leafy < 4)
        nothing = np.zeros_like(body)
        return np.stack([body, nothing, nothing], axis=1).astype(np.float32)


def main() -> None:
    """Can it be exact, and what does it find?"""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("output", type=Path)
    given = parser.parse_args()
    print(geoseg.certify_model(Bright()))
    print(geoseg.predict(given.photo, given.output, model=Bright(), overwrite=True))


if __name__ == "__main__":
    main()

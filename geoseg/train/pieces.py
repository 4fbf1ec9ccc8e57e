"""Pieces of known ground, such as checked plots: what is left out in turn to tell how sure a figure is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import ndimage

from geoseg.train.scoring import large_and_known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene

PIECE_M = 50.0
"""What hangs together and is longer is cut into equal parts of about this length."""


MATCHED, PREDICTED, WANTED, FOUND_PIXELS, WANTED_PIXELS = range(5)
"""Columns of a tally, which has a row for every piece."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A scene's known ground in pieces, and what is true there."""

    number: NDArray[np.int64]
    """(height, width) the piece that a pixel lies in, of unknown ground the nearest."""
    wanted: NDArray[np.int64]
    """(pieces,) true buildings that count; a building's piece is that of its first pixel."""
    wanted_pixels: NDArray[np.int64]
    """(pieces,) known pixels that are building in truth."""

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """Of a packed scene."""
        number = _numbers(scene)
        known = ~scene.ignore
        labels, first = np.unique(scene.labels, return_index=True)
        real = large_and_known(scene.labels.astype(np.int32), known)[labels]
        count = int(number.max()) + 1
        return cls(
            number,
            np.bincount(number.ravel()[first[real]], minlength=count),
            np.bincount(number[known & (scene.labels > 0)], minlength=count),
        )

    def of_piece(self, values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(pieces,) values as (height, width), every pixel with that of its piece."""
        return values[self.number]


def _numbers(scene: Scene) -> NDArray[np.int64]:
    """Pieces from the lower right: draws of a scene, which are cut at the upper left, share them.

    All is one piece where nothing is known.
    """
    together, _ = ndimage.label(~scene.ignore[::-1, ::-1])
    pieces = np.full(together.shape, -1, np.int64)
    count = 0
    for number, box in enumerate(ndimage.find_objects(together), start=1):
        part, parts = _parts(box, scene.gsd_m)
        inside = together[box] == number
        pieces[box][inside] = count + part[inside]
        count += parts
    if not count:
        return np.zeros_like(pieces)
    nearest = ndimage.distance_transform_edt(
        pieces < 0, return_distances=False, return_indices=True
    )
    filled: NDArray[np.int64] = pieces[tuple(nearest)][::-1, ::-1]
    return filled


def _parts(box: tuple[slice, slice], gsd_m: float) -> tuple[NDArray[np.int64], int]:
    """(height, width) the part of a box that a pixel lies in, and how many parts there are."""
    lengths = [side.stop - side.start for side in box]
    counts = [max(1, round(length * gsd_m / PIECE_M)) for length in lengths]
    row, col = (
        np.arange(length) * count // length for length, count in zip(lengths, counts, strict=True)
    )
    return row[:, None] * counts[1] + col[None, :], counts[0] * counts[1]

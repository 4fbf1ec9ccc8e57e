"""Whole held-out scenes through an instance model, cut into tiles and stitched as in prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoseg.stitch import InstanceDecoder, TileInstances
from geoseg.train.decoded import labels_of
from geoseg.types import FILL_GREY, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geoseg.models.protocols import InstanceModel

CORE_PX, CONTEXT_PX = 256, 64
"""A tile of 384 pixels: small scenes are cut too."""


def stitched_labels(model: InstanceModel, image: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(height, width) numbers of the buildings in a (height, width, 3) image, 0 elsewhere."""
    height, width = image.shape[:2]
    beyond = (0, CORE_PX + CONTEXT_PX)  # windows in whole tiles reach beyond the scene
    padded = np.pad(image, (beyond, beyond, (0, 0)), constant_values=FILL_GREY)
    decoder = InstanceDecoder(width, height)
    clusters = []
    for row in _rows(height, width):
        clusters += decoder.push([_seen(model, padded, core) for core in row])
    return labels_of(clusters + decoder.close(), height, width)


def _rows(height: int, width: int) -> Iterator[list[Window]]:
    """Cores, row by row."""
    for top in range(0, height, CORE_PX):
        rows = min(CORE_PX, height - top)
        yield [
            Window(top, left, rows, min(CORE_PX, width - left)) for left in range(0, width, CORE_PX)
        ]


def _seen(model: InstanceModel, padded: NDArray[np.uint8], core: Window) -> TileInstances:
    """What the model finds in the tile around a core."""
    top, left = (max(at - CONTEXT_PX, 0) for at in (core.row_off, core.col_off))
    bottom, right = (at + CORE_PX + CONTEXT_PX for at in (core.row_off, core.col_off))
    batch = np.ascontiguousarray(np.moveaxis(padded[top:bottom, left:right], 2, 0))[None]
    window = Window(top, left, bottom - top, right - left)
    return TileInstances(window, core, model.predict_instances(batch)[0])

"""Thumbnails: labels over photos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geoseg.labelled.doubts import Doubts
    from geoseg.scenes.scene import Scene

COLOURS = {
    "label": (255, 221, 51),
    "unseen": (255, 64, 64),
    "missing": (64, 224, 255),
}
"""RGB of the outlines: labels, labels without a building, buildings without a label."""
_STRIPE_PX = 12
_DIM, _STRIPE_LEVELS = 0.45, 40


def thumbnail(scene: Scene, side_px: int, doubts: Doubts | None = None) -> NDArray[np.uint8]:
    """(3, height, width), no side longer than ``side_px``; outlines over the photo.

    Ignored ground is dark and striped.
    """
    longest = max(scene.labels.shape)
    repeat, factor = max(1, side_px // longest), -(-longest // side_px)
    photo = _resized(scene.image.astype(np.float32), repeat, factor, np.mean)
    ignored = _resized(scene.ignore, repeat, factor, np.min)
    rows, cols = np.indices(ignored.shape)
    stripes = ignored & ((rows + cols) % _STRIPE_PX < _STRIPE_PX // 2)
    photo[ignored] *= _DIM
    photo[stripes] += _STRIPE_LEVELS
    for kind, lines in _lines(scene, doubts, repeat).items():
        photo[_resized(lines, 1, factor, np.max)] = COLOURS[kind]
    drawn: NDArray[np.uint8] = np.clip(photo, 0, 255).astype(np.uint8)
    return np.moveaxis(drawn, 2, 0)


def _lines(scene: Scene, doubts: Doubts | None, repeat: int) -> dict[str, NDArray[np.bool_]]:
    """Outermost pixels of each kind of building, every pixel ``repeat`` times as long."""
    labels = _resized(scene.labels.astype(np.int32), repeat, 1, np.max)
    edges = _edges(labels)
    if doubts is None:
        return {"label": edges}
    missing = _edges(doubts.missing_pixels(*labels.shape).astype(np.int32))
    return {"label": edges, "unseen": edges & np.isin(labels, doubts.unseen), "missing": missing}


def _edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of a building with a neighbour of another number."""
    lowest, highest = ndimage.minimum_filter(labels, 3), ndimage.maximum_filter(labels, 3)
    edges: NDArray[np.bool_] = (labels > 0) & (lowest != highest)
    return edges


def _resized(
    array: NDArray[Any], repeat: int, factor: int, how: Callable[..., Any]
) -> NDArray[Any]:
    """Every pixel ``repeat`` times as long, then ``factor`` by ``factor`` of them made one by ``how``.

    Rows and columns that fill no whole block are left out.
    """
    array = array.repeat(repeat, axis=0).repeat(repeat, axis=1)
    height, width = (side // factor for side in array.shape[:2])
    whole = array[: height * factor, : width * factor]
    blocks = whole.reshape(height, factor, width, factor, *array.shape[2:])
    resized: NDArray[Any] = how(blocks, axis=(1, 3))
    return resized

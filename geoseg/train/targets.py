"""What the network shall predict, computed from instance labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADS = ("body", "contact", "edge")
"""Order of the maps everywhere in training."""

EDGE_SHARE = 0.5
"""Share of a building's largest depth that is outer part."""
EDGE_PX = 5.0
"""Pixels: no outer part is deeper."""

_BACKGROUND_LAST = np.uint16(np.iinfo(np.uint16).max)


def head_targets(labels: NDArray[np.uint16], *, contact_px: int) -> NDArray[np.uint8]:
    """Targets of all heads.

    Args:
        labels: (height, width), 0 background, else the number of the building.
        contact_px: width of the line between close neighbours; gaps up to this width belong to it.

    Returns:
        (3, height, width), 0 or 1: ``body``, every labelled pixel; ``contact``, pixels that have two
        different buildings within ``contact_px / 2``; ``edge``, the outer part of every building,
        see :func:`outer_part`.
    """
    body = labels > 0
    contact = _two_buildings_within(labels, 2 * (contact_px // 2) + 1)
    return np.stack([body, contact, outer_part(labels)]).astype(np.uint8)


def outer_part(labels: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """(height, width), True in every building down to half of its depth, at most ``EDGE_PX``.

    So the inner parts of neighbours lie well apart, and small buildings keep one. Depth is the
    distance to the outermost pixels, which have a neighbour of another label and belong to the outer
    part always.
    """
    body = labels > 0
    outline = body & (_highest(labels, 3) != _lowest(labels, 3))
    inside = (body & ~outline).astype(np.uint8)
    depth_px = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    deepest_px = np.zeros(int(labels.max()) + 1, np.float32)
    np.maximum.at(deepest_px, labels.ravel(), depth_px.ravel())
    least_px = np.minimum(EDGE_SHARE * deepest_px, EDGE_PX)
    outer: NDArray[np.bool_] = body & (outline | (depth_px < least_px[labels]))
    return outer


def head_weights(
    labels: NDArray[np.uint16],
    target: NDArray[np.uint8],
    ignore: NDArray[np.bool_],
    *,
    blobs: bool,
    most: int = 1,
) -> NDArray[np.uint8]:
    """(3, height, width), 1 where the ``target`` of these labels is known.

    Up to ``most`` on and around small buildings, see :func:`small_count_more`.

    Within a blob nobody knows where one building ends, so ``contact`` and ``edge`` are unknown
    there; on the blob's outline and outside they are known. A building that goes on beyond the image
    may be deeper there, so what lies inside the outer part of the piece seen is unknown to ``edge``.
    """
    known = np.broadcast_to(~ignore, (len(HEADS), *labels.shape)).astype(np.uint8)
    sides = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    goes_on = np.isin(labels, sides[sides > 0])
    edge = HEADS.index("edge")
    known[edge, goes_on & (target[edge] == 0)] = 0
    if blobs:
        inner = _lowest(labels, 3) > 0
        known[1:, inner] = 0
    if most > 1:
        known *= small_count_more(labels, most)
    return known


_FULL_PX = 600
"""Area, pixels, from which on buildings count once; 75 square metres at 0.35 m."""
_AROUND_PX = 5


def small_count_more(labels: NDArray[np.uint16], most: int) -> NDArray[np.uint8]:
    """(height, width), 1 to ``most`` on a building and 2 px around it, by the root of its area.

    Scores count buildings, losses count pixels: without this a hut is worth a tenth of a house.
    """
    sizes = np.bincount(labels.ravel())
    worth = np.rint(np.sqrt(_FULL_PX / np.maximum(sizes, 1))).clip(1, most).astype(np.uint8)
    worth[0] = 1
    window = np.ones((_AROUND_PX, _AROUND_PX), np.uint8)
    near = cv2.dilate(worth[labels], window, borderType=cv2.BORDER_REPLICATE)
    return near.astype(np.uint8, copy=False)


def _two_buildings_within(labels: NDArray[np.uint16], window_px: int) -> NDArray[np.bool_]:
    """True where a square window sees more than one building."""
    buildings_only = np.where(labels > 0, labels, _BACKGROUND_LAST)
    highest, lowest = _highest(labels, window_px), _lowest(buildings_only, window_px)
    several: NDArray[np.bool_] = (highest > 0) & (highest != lowest)
    return several


def _highest(labels: NDArray[np.uint16], window_px: int) -> NDArray[np.uint16]:
    window = np.ones((window_px, window_px), np.uint8)
    highest = cv2.dilate(labels, window, borderType=cv2.BORDER_REPLICATE)
    return highest.astype(np.uint16, copy=False)


def _lowest(labels: NDArray[np.uint16], window_px: int) -> NDArray[np.uint16]:
    window = np.ones((window_px, window_px), np.uint8)
    lowest = cv2.erode(labels, window, borderType=cv2.BORDER_REPLICATE)
    return lowest.astype(np.uint16, copy=False)

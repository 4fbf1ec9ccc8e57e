"""Which pieces of two tiles are the same building, judged on the area both tiles saw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import inner_jit, jit
from geoseg.stitch.components import parts_of
from geoseg.stitch.params import StitchParams
from geoseg.stitch.tile import SCORE_STEPS, Pieces


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two tiles say about each other's pieces; labels are each tile's own."""

    same: NDArray[np.int64]
    """(n, 2) labels in the first and in the second tile of one building."""
    conflict: NDArray[np.int64]
    """(m, 3) labels of pieces that claim the same pixels as different buildings, and how many."""
    first_wins: NDArray[np.bool_]
    """(m,) True where the piece of the first tile gets them."""


@dataclass(frozen=True, slots=True)
class _Overlaps:
    """Overlapping pairs of components of the shared area, and what they are parts of."""

    first: NDArray[np.int64]
    """(n,) component in the first tile."""
    second: NDArray[np.int64]
    """(n,) component in the second tile."""
    pixels: NDArray[np.int64]
    """(n,) pixels in both."""
    thick: NDArray[np.bool_]
    """(n,) True where a square of ``thick_px`` fits into the common pixels."""


@jit
def _runs(
    first: NDArray[np.int32], second: NDArray[np.int32], base: int, thick_px: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Horizontal runs of one pair of labels: the pair's code, its length, whether it ends a square.

    The side of the largest square of one code that ends at a pixel is one more than the least of
    those that end above, to the left and above left of it.
    """
    height, width = first.shape
    codes = np.zeros(1024, np.int64)
    lengths = np.zeros(1024, np.int64)
    thick = np.zeros(1024, np.bool_)
    count = 0
    row_code = np.zeros(width, np.int64)  # of this row, and further right still of the one above
    row_side = np.zeros(width, np.int64)
    for row in range(height):
        # Once per row: arrays that change within the inner loop are counted at every pixel.
        codes, lengths, thick = _with_room(codes, lengths, thick, count + width)
        left, length, widest = np.int64(0), 0, 0
        corner_code, corner_side, left_side = np.int64(0), 0, 0
        for col in range(width):
            above_code, above_side = row_code[col], int(row_side[col])
            code, side = np.int64(0), 0
            if first[row, col] != 0 and second[row, col] != 0:
                code = np.int64(first[row, col]) * base + np.int64(second[row, col])
                side = 1
                if left == code and above_code == code and corner_code == code:
                    side += min(left_side, above_side, corner_side)
            if code != left:
                if left != 0:
                    codes[count], lengths[count], thick[count] = left, length, widest >= thick_px
                    count += 1
                length, widest = 0, 0
            length += 1
            widest = max(widest, side)
            corner_code, corner_side = above_code, above_side
            row_code[col], row_side[col] = code, side
            left, left_side = code, side
        if left != 0:
            codes[count], lengths[count], thick[count] = left, length, widest >= thick_px
            count += 1
    return codes[:count], lengths[:count], thick[:count]


@inner_jit
def _with_room(
    codes: NDArray[np.int64], lengths: NDArray[np.int64], thick: NDArray[np.bool_], needed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """The arrays, with room for ``needed`` runs and as many again where they were too short."""
    if needed <= codes.size:
        return codes, lengths, thick
    return (
        np.concatenate((codes, np.zeros(needed, np.int64))),
        np.concatenate((lengths, np.zeros(needed, np.int64))),
        np.concatenate((thick, np.zeros(needed, np.bool_))),
    )


def _overlaps(first: NDArray[np.int32], second: NDArray[np.int32], thick_px: int) -> _Overlaps:
    base = int(second.max()) + 1
    codes, lengths, thick = _runs(first, second, base, thick_px)
    pairs, place = np.unique(codes, return_inverse=True)
    pixels = np.zeros(len(pairs), np.int64)
    np.add.at(pixels, place, lengths)
    any_thick = np.zeros(len(pairs), np.bool_)
    np.logical_or.at(any_thick, place, thick)
    return _Overlaps(pairs // base, pairs % base, pixels, any_thick)


def _sum_pairs(
    pairs: NDArray[np.int64], values: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Unique rows of ``pairs``, each input row's place among them, and summed values."""
    unique, place = np.unique(pairs, axis=0, return_inverse=True)
    total = np.zeros(len(unique), np.int64)
    np.add.at(total, place.ravel(), values)
    return unique, place.ravel(), total


def _none() -> Comparison:
    return Comparison(np.zeros((0, 2), np.int64), np.zeros((0, 3), np.int64), np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Overlapping pairs of pieces, on the area both tiles saw."""

    labels: NDArray[np.int64]
    """(n, 2) labels in the first and in the second tile."""
    common: NDArray[np.int64]
    """(n,) pixels in both."""
    thick: NDArray[np.bool_]
    """(n,) True where a square of ``thick_px`` fits into the common pixels."""
    part_same: NDArray[np.bool_]
    """(n,) True where a connected part of each is the same."""
    seen: tuple[NDArray[np.int64], NDArray[np.int64]]
    """(n,) pixels of either piece on the shared area."""


def compare(first: Pieces, second: Pieces, params: StitchParams) -> Comparison:
    """Compare the pieces of two tiles on their shared window.

    Two pieces are one building when, on the shared window,

    - their IoU reaches ``agree_iou``; or, where the tile's border cuts one of them,
    - one connected part of each agrees to that degree and is thick enough, or is the very same, or
    - most of the smaller lies in the other, in a common area that is thick enough.

    The second rule joins buildings that enter the shared window several times; the third, pieces
    whose rim is off.
    """
    shared = first.window.intersection(second.window)
    if shared is None:
        return _none()
    labels = tuple(tile.labels[shared.slices_in(tile.window)] for tile in (first, second))
    if not np.logical_and(*labels).any():
        return _none()
    pairs = _pairs(labels[0], labels[1], params)
    a, b = pairs.labels.T
    smaller = np.minimum(*pairs.seen)
    same = pairs.common >= params.agree_iou * (sum(pairs.seen) - pairs.common)
    most = pairs.thick & (pairs.common >= params.contained * smaller)
    same |= (first.cut[a] | second.cut[b]) & (pairs.part_same | most)
    whole = np.minimum(first.area[a], second.area[b])
    clash = ~same & ((pairs.thick & (2 * pairs.common >= smaller)) | (2 * pairs.common >= whole))
    ranks = [
        _ranks(*each, params) for each in ((first, second, labels[0]), (second, first, labels[1]))
    ]
    wins = ranks[0][a[clash]] >= ranks[1][b[clash]]
    return Comparison(
        pairs.labels[same], np.column_stack([pairs.labels, pairs.common])[clash], wins
    )


def _ranks(
    tile: Pieces, other: Pieces, labels: NDArray[np.uint16], params: StitchParams
) -> NDArray[np.int64]:
    """(n + 1,) the higher wins a conflict: surer, and above all not cut where the other sees on.

    ``labels`` are the tile's on the shared window.
    """
    own, seen, reach = tile.window, other.window, params.tolerance_px + 1
    whole = np.ones(tile.count + 1, np.bool_)
    if seen.row_off < own.row_off:
        whole[labels[:reach]] = False
    if seen.row_end > own.row_end:
        whole[labels[-reach:]] = False
    if seen.col_off < own.col_off:
        whole[labels[:, :reach]] = False
    if seen.col_end > own.col_end:
        whole[labels[:, -reach:]] = False
    ranks: NDArray[np.int64] = tile.score + whole * np.int64(SCORE_STEPS + 1)
    return ranks


def _pairs(first: NDArray[np.uint16], second: NDArray[np.uint16], params: StitchParams) -> _Pairs:
    """Overlaps of the connected parts, gathered by the pieces they belong to."""
    # For views of another layout the loop would be compiled anew.
    given = map(np.ascontiguousarray, (first, second))
    (parts_a, label_a, size_a), (parts_b, label_b, size_b) = map(parts_of, given)
    found = _overlaps(parts_a, parts_b, params.thick_px)
    union = size_a[found.first] + size_b[found.second] - found.pixels
    agree = found.pixels >= params.agree_iou * union
    part_same = agree & (found.thick | (union == found.pixels))
    owners = np.column_stack([label_a[found.first], label_b[found.second]])
    labels, place, common = _sum_pairs(owners, found.pixels)
    thick, part = np.zeros(len(labels), np.bool_), np.zeros(len(labels), np.bool_)
    np.logical_or.at(thick, place, found.thick)
    np.logical_or.at(part, place, part_same)
    seen = np.bincount(label_a, size_a)[labels[:, 0]], np.bincount(label_b, size_b)[labels[:, 1]]
    return _Pairs(labels, common, thick, part, (seen[0].astype(np.int64), seen[1].astype(np.int64)))

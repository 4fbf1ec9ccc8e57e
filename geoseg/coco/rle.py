"""COCO's run-length encoding of masks.

A mask is read column by column; counts are the lengths of runs, beginning with zeros. Compressed,
each count but the first three is the difference to the one two before it, written in groups of five
bits, low ones first: bit 5 says that another group follows, bit 4 of the last group is the sign;
48 is added to every group to make it a character.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UnreadableVectorError

GROUP_BITS, MORE, SIGN, FIRST_CHARACTER = 5, 0x20, 0x10, 48


def encode_crop(
    mask: NDArray[np.bool_], row_off: int, col_off: int, size: tuple[int, int]
) -> dict[str, Any]:
    """Compressed RLE of a mask that lies at (row_off, col_off) within an image of ``size``.

    Args:
        mask: (height, width), within the image.
        row_off: Its first row in the image.
        col_off: Its first column.
        size: The image's height and width.
    """
    height, width = size
    flat = np.pad(mask.T.astype(np.int8), ((0, 0), (1, 1)))  # (columns, rows + 2)
    change = np.diff(flat, axis=1)
    begin_col, begin_row = np.nonzero(change == 1)
    end_col, end_row = np.nonzero(change == -1)
    begins = (begin_col + col_off) * height + begin_row + row_off
    ends = (end_col + col_off) * height + end_row + row_off
    edges = np.column_stack([begins, ends]).ravel()
    counts = np.diff(np.concatenate([[0], _without_touching(edges), [height * width]]))
    if counts[-1] == 0:
        counts = counts[:-1]
    return {"size": [height, width], "counts": compress(counts.tolist())}


def _without_touching(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Runs that go on at the top of the next column become one."""
    touching = np.flatnonzero(edges[1:-1:2] == edges[2::2])
    drop = np.concatenate([2 * touching + 1, 2 * touching + 2])
    return np.delete(edges, drop)


def compress(counts: list[int]) -> str:
    """Counts as text."""
    out = []
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count  # noqa: PLR2004  # the format's
        more = True
        while more:
            group = value & (MORE - 1)
            value >>= GROUP_BITS
            more = value != (-1 if group & SIGN else 0)
            out.append(chr((group | (MORE if more else 0)) + FIRST_CHARACTER))
    return "".join(out)


def decompress(text: str) -> list[int]:
    """Text as counts.

    Raises:
        ValueError: a character is none of the format's, or the text ends within a number.
    """
    counts: list[int] = []
    value, shift = 0, 0
    for character in text:
        group = ord(character) - FIRST_CHARACTER
        if not 0 <= group < 2 * MORE:
            raise ValueError(f"its counts hold {character!r}, which no run length is written with")
        value |= (group & (MORE - 1)) << shift
        shift += GROUP_BITS
        if group & MORE:
            continue
        if group & SIGN:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)  # noqa: PLR2004
        value, shift = 0, 0
    if shift:
        raise ValueError("its counts end within a number")
    return counts


def _counts(raw: Any) -> list[int]:  # noqa: ANN401  # JSON
    """Run lengths, compressed or not."""
    counts = decompress(raw) if isinstance(raw, str) else raw
    if not isinstance(counts, list) or not all(
        isinstance(one, int | float) and one == int(one) for one in counts
    ):
        raise ValueError("its counts are no whole numbers")
    return [int(one) for one in counts]


def decode_crop(rle: dict[str, Any]) -> tuple[NDArray[np.bool_], int, int]:
    """The smallest (height, width) mask that holds all of an RLE, and its first row and column.

    Raises:
        UnreadableVectorError: the runs are longer than the mask.
        ValueError: its counts are no run lengths.
    """
    height, width = (int(side) for side in rle["size"])
    counts = np.array(_counts(rle["counts"]), np.int64)
    if len(counts) and (counts.min() < 0 or counts.max() > height * width):
        raise UnreadableVectorError(f"an RLE mask does not fit its size of {height} x {width}")
    edges = np.concatenate([[0], np.cumsum(counts)])
    if edges[-1] > height * width:
        raise UnreadableVectorError(f"an RLE mask does not fit its size of {height} x {width}")
    begins, ends = edges[1:-1:2], edges[2::2]
    begins, ends = begins[ends > begins], ends[ends > begins]
    if not len(begins):
        return np.zeros((0, 0), np.bool_), 0, 0
    left, right = int(begins[0]) // height, int(ends[-1] - 1) // height + 1
    change = np.zeros((right - left) * height + 1, np.int8)
    np.add.at(change, begins - left * height, 1)
    np.add.at(change, ends - left * height, -1)
    mask = np.cumsum(change[:-1]).reshape(right - left, height).T > 0
    rows = np.flatnonzero(mask.any(axis=1))
    return mask[rows[0] : rows[-1] + 1], int(rows[0]), left

"""Rare pixels of a row, found many at a time.

A row is looked at without branches, which processors do for many pixels in one step, and gives a mark per
pixel, 1 or 0. Where the marks of a whole word are 0 none of its pixels is looked at by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import Integer, inner_jit

WORD = 8
"""Marks, of a byte each, in a word."""


@inner_jit
def new_marks(size: int) -> NDArray[np.uint8]:
    """No marks, for so many pixels, and a few more to fill the last word."""
    return np.zeros(-(-size // WORD) * WORD, np.uint8)


@inner_jit
def gather(marks: NDArray[np.uint8], shift: Integer, out: NDArray[np.int32], tail: Integer) -> int:
    """Write the places of marks that are 1, plus a shift, from ``out[tail]`` on; returns the new end."""
    words = marks.view(np.uint64)
    for word in range(len(words)):
        if words[word] != 0:
            for place in range(WORD * word, WORD * word + WORD):
                if marks[place] != 0:
                    out[tail] = shift + place
                    tail += 1
    return int(tail)

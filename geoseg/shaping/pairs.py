"""Equal pairs of whole numbers get equal small numbers."""

from __future__ import annotations

import numpy as np

from geoseg.decode.jit import inner_jit, jit
from geoseg.shaping.arrays import Ints


def number_pairs(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """(n,) number of each pair in the order of first occurrence, and (k,) where each first occurs."""
    size = 1 << max(4, int(2 * len(a) - 1).bit_length())
    out, place = np.empty(len(a), np.int64), np.empty(len(a), np.int64)
    count = _number(a, b, np.full(size, -1, np.int64), out, place)
    return out, place[:count]


@jit
def _number(a: Ints, b: Ints, table: Ints, out: Ints, place: Ints) -> int:
    """Fill ``out`` and ``place`` by an open hash table; its size is a power of two."""
    mask = len(table) - 1
    count = 0
    for i in range(len(a)):
        slot = _mix(a[i], b[i]) & mask
        known = table[slot]
        while known >= 0 and (a[place[known]] != a[i] or b[place[known]] != b[i]):
            slot = (slot + 1) & mask
            known = table[slot]
        if known < 0:
            known = count
            table[slot] = known
            place[known] = i
            count += 1
        out[i] = known
    return count


@inner_jit
def _mix(a: int, b: int) -> int:
    """Scatter two whole numbers over 63 bits (the finaliser of splitmix64)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int((h ^ (h >> np.uint64(31))) >> np.uint64(1))

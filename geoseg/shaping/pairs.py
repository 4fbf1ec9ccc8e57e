"""Equal pairs of whole numbers get equal small numbers."""

from __future__ import annotations

import numpy as np

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arrays import Floats, Ints


def bits(xy: Floats) -> tuple[Ints, Ints]:
    """Coordinates (n, 2) as pairs of whole numbers that are equal where the coordinates are."""
    x, y = np.ascontiguousarray((xy + 0.0).T).view(np.int64)
    return x, y


def number_pairs(a: Ints, b: Ints, begins: Ints | None = None) -> tuple[Ints, Ints]:
    """(n,) number of each pair in the order of first occurrence, and (k,) where each first occurs.

    Pairs of different stretches are different; (s + 1,) ``begins`` are the bounds of the stretches,
    one of all pairs where None. Short ones are quick, for their table stays in the caches.
    """
    bounds = np.array([0, len(a)]) if begins is None else begins
    longest = int(np.diff(bounds).max(initial=0))
    out, place = np.empty(len(a), np.int64), np.empty(len(a), np.int64)
    count = _number((a, b), bounds, np.empty(_table_size(longest), np.int64), out, place)
    return out, place[:count]


@jit
def _number(pairs: tuple[Ints, Ints], bounds: Ints, table: Ints, out: Ints, place: Ints) -> int:
    """Fill ``out`` and ``place`` by an open hash table for each stretch."""
    a, b = pairs
    count = 0
    for stretch in range(len(bounds) - 1):
        size = _table_size(bounds[stretch + 1] - bounds[stretch])
        for slot in range(size):
            table[slot] = -1
        for i in range(bounds[stretch], bounds[stretch + 1]):
            slot = _mix(a[i], b[i]) & (size - 1)
            known = table[slot]
            while known >= 0 and (a[place[known]] != a[i] or b[place[known]] != b[i]):
                slot = (slot + 1) & (size - 1)
                known = table[slot]
            if known < 0:
                known = count
                table[slot] = known
                place[known] = i
                count += 1
            out[i] = known
    return count


@jit
def _table_size(pairs: int) -> int:
    """A power of two, at least twice the number of pairs."""
    size = 16
    while size < 2 * pairs:
        size *= 2
    return size


@inner_jit
def _mix(a: int, b: int) -> int:
    """Scatter two whole numbers over 63 bits (the finaliser of splitmix64)."""
    h = np.uint64(a) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(b)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return int((h ^ (h >> np.uint64(31))) >> np.uint64(1))

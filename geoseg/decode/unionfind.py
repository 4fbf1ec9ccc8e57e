"""Union-find over arrays; the smallest member is the root."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.jit import jit


@jit
def find(parent: NDArray[np.int32], member: int) -> int:
    """The root of ``member``; halves the path on the way."""
    while parent[member] != member:
        parent[member] = parent[parent[member]]
        member = parent[member]
    return member


@jit
def unite(parent: NDArray[np.int32], one: int, other: int) -> int:
    """Make both one; returns the common root."""
    one, other = find(parent, one), find(parent, other)
    if one < other:
        parent[other] = one
        return one
    parent[one] = other
    return other

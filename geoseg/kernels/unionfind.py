"""Union-find over arrays; the smallest member is the root."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import Integer, inner_jit


@inner_jit
def find(parent: NDArray[np.int32], member: Integer) -> int:
    """The root of ``member``; halves the path on the way."""
    root = int(member)
    while parent[root] != root:
        parent[root] = parent[parent[root]]
        root = parent[root]
    return root


@inner_jit
def unite(parent: NDArray[np.int32], one: Integer, other: Integer) -> int:
    """Make both one; returns the common root."""
    one, other = find(parent, one), find(parent, other)
    if one < other:
        parent[other] = one
        return one
    parent[one] = other
    return other

"""Connected components of label images, in one deterministic pass and a bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import jit
from geoseg.kernels.unionfind import find, unite


@jit
def _first_pass(labels: NDArray[np.integer], out: NDArray[np.int32]) -> NDArray[np.int32]:
    """Provisional components into ``out``; returns the parents (0 is background)."""
    height, width = labels.shape
    parent = np.zeros(1024, np.int32)
    count = 0
    for row in range(height):
        for col in range(width):
            label = labels[row, col]
            if label == 0:
                continue
            node = 0
            if row > 0 and labels[row - 1, col] == label:
                node = find(parent, out[row - 1, col])
            if col > 0 and labels[row, col - 1] == label:
                left = find(parent, out[row, col - 1])
                node = left if node == 0 else unite(parent, node, left)
            if node == 0:
                count += 1
                node = count
                if count == parent.size:
                    parent = np.concatenate((parent, np.zeros(parent.size, np.int32)))
                parent[count] = count
            out[row, col] = node
    return parent[: count + 1]


@jit
def components(labels: NDArray[np.integer]) -> tuple[NDArray[np.int32], int]:
    """4-connected components of equal non-zero labels.

    Returns:
        (height, width) numbers 1..n in the raster order of each component's first pixel, 0 where
        ``labels`` is 0; and n.
    """
    out = np.zeros(labels.shape, np.int32)
    parent = _first_pass(labels, out)
    number = np.zeros(parent.size, np.int32)
    count = 0
    for node in range(1, parent.size):
        root = find(parent, node)
        # A root is the smallest number of its component, hence numbered before its members.
        if root == node:
            count += 1
            number[node] = count
        else:
            number[node] = number[root]
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            if out[row, col]:
                out[row, col] = number[out[row, col]]
    return out, count


@jit
def parts_of(
    labels: NDArray[np.uint16],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Components as in ``components``; per component, from 1 on, its label and its pixels."""
    parts, count = components(labels)
    label = np.zeros(count + 1, np.int64)
    size = np.zeros(count + 1, np.int64)
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            part = parts[row, col]
            label[part] = labels[row, col]
            size[part] += 1
    return parts, label, size

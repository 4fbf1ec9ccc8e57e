"""Clusters made from a small label array by brute force, the slow and obvious way."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from geoseg.types import NO_BUILDING, Cluster, RawInstance


def cluster_of(labels: NDArray[np.int64], *, row_off: int = 0, col_off: int = 0) -> Cluster:
    """One cluster with every key of ``labels`` (NO_BUILDING: background)."""
    padded = np.pad(labels, 1, constant_values=NO_BUILDING)
    cracks = []
    for row in range(padded.shape[0] - 1):
        for col in range(padded.shape[1] - 1):
            here = padded[row, col]
            if here != padded[row, col + 1] and row > 0:
                cracks.append((row - 1, col, True, here, padded[row, col + 1]))
            if here != padded[row + 1, col] and col > 0:
                cracks.append((row, col - 1, False, here, padded[row + 1, col]))
    cracks = [(r + row_off, c + col_off, v, b, a) for r, c, v, b, a in cracks]
    keys = sorted({int(key) for key in labels.ravel()} - {NO_BUILDING})
    instances = tuple(
        RawInstance(
            key, int((labels == key).sum()), int((labels == key).sum()) * 200, at_edge=False
        )
        for key in keys
    )
    return _cluster(instances, cracks, _nodes(cracks), loose=False)


def loose_pieces(cluster: Cluster) -> list[Cluster]:
    """The same cluster as it comes when it is too large to be held: one building each."""
    columns = (
        cluster.crack_row,
        cluster.crack_col,
        cluster.crack_vertical,
        cluster.crack_before,
        cluster.crack_after,
    )
    cracks = list(zip(*(column.tolist() for column in columns), strict=True))
    nodes = {tuple(node) for node in cluster.nodes.tolist()}
    pieces = []
    for instance in cluster.instances:
        mine = [crack for crack in cracks if instance.key in crack[3:]]
        pieces.append(_cluster((instance,), mine, sorted(nodes & _points(mine).keys()), loose=True))
    return pieces


def _points(cracks: list[tuple]) -> dict[tuple[int, int], int]:
    degree: dict[tuple[int, int], int] = defaultdict(int)
    for row, col, vertical, _, _ in cracks:
        degree[row, col] += 1
        degree[row + vertical, col + (not vertical)] += 1
    return degree


def _nodes(cracks: list[tuple]) -> list[tuple[int, int]]:
    return sorted(point for point, degree in _points(cracks).items() if degree > 2)


def _cluster(
    instances: tuple[RawInstance, ...],
    cracks: list[tuple],
    nodes: list[tuple[int, int]],
    *,
    loose: bool,
) -> Cluster:
    row, col, vertical, before, after = zip(*cracks, strict=True)
    return Cluster(
        instances=instances,
        crack_row=np.array(row, np.int32),
        crack_col=np.array(col, np.int32),
        crack_vertical=np.array(vertical, np.bool_),
        crack_before=np.array(before, np.int64),
        crack_after=np.array(after, np.int64),
        nodes=np.array(nodes, np.int32).reshape(-1, 2),
        loose=loose,
    )

"""Clusters as a few long arrays: thousands of small objects would take longer to send than to draw."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from geoseg.run.spread.messages import packed, unpacked
from geoseg.types import Cluster, RawInstance

_CRACKS = ("crack_row", "crack_col", "crack_vertical", "crack_before", "crack_after")


def packed_clusters(clusters: Sequence[Cluster]) -> bytes:
    """Pack clusters, at least one."""
    instances = [one for cluster in clusters for one in cluster.instances]
    columns = {name: _joined([getattr(c, name) for c in clusters]) for name in _CRACKS}
    columns |= {
        "nodes": _joined([cluster.nodes for cluster in clusters]),
        "numbers": np.array([(i.key, i.pixels, i.body_sum) for i in instances], np.int64),
        "at_edge": np.array([one.at_edge for one in instances], bool),
        "loose": np.array([cluster.loose for cluster in clusters], bool),
        "sizes": np.array(
            [(len(c.instances), len(c.crack_row), len(c.nodes)) for c in clusters], np.int64
        ),
    }
    return packed(columns)


def unpacked_clusters(data: bytes) -> list[Cluster]:
    """The clusters that :func:`packed_clusters` packed, in their order."""
    columns = unpacked(data)
    ends = [list(accumulate(sizes.tolist(), initial=0)) for sizes in columns["sizes"].T]
    instances = [
        RawInstance(key=key, pixels=pixels, body_sum=body_sum, at_edge=at_edge)
        for (key, pixels, body_sum), at_edge in zip(
            columns["numbers"].tolist(), columns["at_edge"].tolist(), strict=True
        )
    ]
    places = zip(*map(pairwise, ends), columns["loose"].tolist(), strict=True)
    return [
        Cluster(
            instances=tuple(instances[slice(*own)]),
            **{name: columns[name][slice(*cracks)] for name in _CRACKS},
            nodes=columns["nodes"][slice(*nodes)],
            loose=loose,
        )
        for own, cracks, nodes, loose in places
    ]


def _joined(arrays: Sequence[NDArray[np.generic]]) -> NDArray[np.generic]:
    joined: NDArray[np.generic] = np.concatenate(arrays)
    return joined

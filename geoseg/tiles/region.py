"""Clusters of a part of the grid, carried onto the whole grid, and whether they are all there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geoseg.types import NO_BUILDING, Cluster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.tiles.lattice import Lattice
    from geoseg.types import Window


def to_grid(cluster: Cluster, region: Window, grid_width: int) -> Cluster:
    """The same cluster with rows, columns and keys of the whole grid.

    Keys keep their order, so a cluster found in any region is the one found on the whole grid.
    """
    if (region.row_off, region.col_off, region.width) == (0, 0, grid_width):
        return cluster

    def key(keys: NDArray[np.int64]) -> NDArray[np.int64]:
        rows, cols = np.divmod(keys, region.width)
        moved = (rows + region.row_off) * grid_width + cols + region.col_off
        return np.where(keys == NO_BUILDING, NO_BUILDING, moved)

    instances = key(np.array([instance.key for instance in cluster.instances], np.int64))
    shift = np.array([region.row_off, region.col_off], np.int32)
    return replace(
        cluster,
        instances=tuple(
            replace(instance, key=int(new))
            for instance, new in zip(cluster.instances, instances, strict=True)
        ),
        crack_row=cluster.crack_row + shift[0],
        crack_col=cluster.crack_col + shift[1],
        crack_before=key(cluster.crack_before),
        crack_after=key(cluster.crack_after),
        nodes=cluster.nodes + shift,
    )


def missing_tiles(
    cluster: Cluster, lattice: Lattice, chosen: NDArray[np.bool_], reach_px: int
) -> NDArray[np.bool_]:
    """(strips, tiles per strip) True at tiles that were not computed and may change ``cluster``.

    Args:
        cluster: On the whole grid.
        lattice: Of the tiles.
        chosen: Tiles that were computed.
        reach_px: How far a pixel's map can bear on a building.
    """
    missing = np.zeros_like(chosen)
    offsets = [*range(-reach_px, reach_px, lattice.core_px), reach_px]
    for rows in offsets:
        for cols in offsets:
            tile_rows = np.clip((cluster.crack_row + rows) // lattice.core_px, 0, len(chosen) - 1)
            tile_cols = np.clip(
                (cluster.crack_col + cols) // lattice.core_px, 0, chosen.shape[1] - 1
            )
            missing[tile_rows, tile_cols] = True
    return missing & ~chosen

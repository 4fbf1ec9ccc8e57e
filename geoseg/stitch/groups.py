"""Which provisional ids are one building, for the ids that can still come."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import jit
from geoseg.kernels.unionfind import find, unite


class Groups:
    """Union-find over groups of pieces; groups nobody refers to are forgotten.

    Group 0 is the background.
    """

    def __init__(self) -> None:
        self.parent = np.zeros(1, np.int32)
        """(groups,) union-find."""
        self.group = np.zeros(0, np.int32)
        """(ids,) group of every id from ``first_id`` on."""
        self.first_id = 1
        """Smallest id known."""

    def admit(self, next_id: int) -> None:
        """Give every id below ``next_id`` that has none yet a group of its own."""
        count = next_id - self.first_id - len(self.group)
        fresh = np.arange(len(self.parent), len(self.parent) + count, dtype=np.int32)
        self.parent = np.concatenate([self.parent, fresh])
        self.group = np.concatenate([self.group, fresh])

    def unite(self, pairs: NDArray[np.int64]) -> None:
        """Make the groups of (n, 2) ids one."""
        _unite_all(self.parent, self.group[pairs - self.first_id])

    def of(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Groups of ids, 0 for id 0."""
        lookup = np.concatenate([np.zeros(1, np.int32), self.roots()[self.group]])
        places = np.where(ids > 0, ids - (self.first_id - 1), 0)
        groups: NDArray[np.int32] = lookup[places]
        return groups

    def roots(self) -> NDArray[np.int32]:
        """(groups,) what every group is called now."""
        return _roots(self.parent)

    def forget(self, below_id: int, used: NDArray[np.int32]) -> NDArray[np.int32]:
        """Forget ids below ``below_id``; ``used`` holds groups that somebody still refers to.

        Returns:
            (groups,) the new name of every old group.
        """
        roots = self.roots()
        self.group = roots[self.group[max(below_id - self.first_id, 0) :]]
        self.first_id = max(below_id, self.first_id)
        alive = np.zeros(len(roots), np.bool_)
        alive[0] = True
        alive[self.group] = True
        alive[roots[used]] = True
        names = np.where(alive, np.cumsum(alive) - 1, 0).astype(np.int32)
        self.parent = np.arange(int(alive.sum()), dtype=np.int32)
        self.group = names[self.group]
        return names[roots]


@jit
def _unite_all(parent: NDArray[np.int32], pairs: NDArray[np.int32]) -> None:
    for place in range(pairs.shape[0]):
        unite(parent, pairs[place, 0], pairs[place, 1])


@jit
def _roots(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    out = np.empty(len(parent), np.int32)
    for group in range(len(parent)):
        out[group] = find(parent, group)
    return out

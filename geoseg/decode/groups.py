"""Which labels belong together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Roots(NamedTuple):
    """For every label, whom it stands for."""

    building: NDArray[np.int32]
    """(labels,) root among buildings."""
    family: NDArray[np.int32]
    """(labels,) root among families."""
    cluster: NDArray[np.int32]
    """(labels,) root among clusters."""


def all_of(condition: NDArray[np.bool_], group: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(labels,) whether the condition holds for all labels of the same group."""
    holds = np.ones(len(group), np.bool_)
    holds[group[~condition]] = False
    return np.asarray(holds[group])


def mark_groups(
    table: NDArray[np.int64], column: int, group: NDArray[np.int32], found: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark all labels of the groups that were ``found``, by root, or of which one is marked.

    A mark stays, also when the label that it was found by has left. Returns (labels,) the marks.
    """
    labels = len(group)
    found[group[table[:labels, column] != 0]] = True
    marks: NDArray[np.bool_] = found[group]
    table[:labels, column] = marks
    return marks

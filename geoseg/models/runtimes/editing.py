"""Changes of a graph that several steps make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from geoseg.models.runtimes.library import operations

Node = Any
"""Of a graph; the library comes without usable types."""


def cropped(maps: Node, starts: Sequence[int], stops: Sequence[int]) -> Node:
    """Rows and columns of (batch, channels, height, width) from ``starts`` to before ``stops``."""
    ops = operations()
    corners = [ops.constant(np.array(each, np.int64)) for each in (starts, stops, [1, 1], [2, 3])]
    return ops.slice(maps, *corners)


def put_in_place(node: Node, made: Node) -> None:
    """Let all that took the answer of a node take that of another one, which gets its name."""
    made.set_friendly_name(node.get_friendly_name())
    for target in node.output(0).get_target_inputs():
        target.replace_source_output(made.output(0))

"""Arcs given up are drawn from the vertices that simplifying keeps, all of them at once."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.kept import Kept, replaced


def one_by_one(arcs: Arcs, arc: int, kept: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """The vertices of one arc, as one would write it down."""
    span = slice(arcs.first[arc], arcs.first[arc + 1])
    piece = arcs.xy[span][kept[span]]
    if arcs.node_from[arc] >= 0:
        piece[0], piece[-1] = nodes[arcs.node_from[arc]], nodes[arcs.node_to[arc]]
    elif (piece[0] != piece[-1]).any():
        piece = np.vstack([piece, piece[:1]])
    return piece


@pytest.mark.parametrize("seed", range(5))
def test_all_at_once_is_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = [shapely.box(x, 0, x + 9, 7) for x in (0, 9, 30, 50)]
    boxes.append(shapely.box(70, 0, 90, 20) - shapely.box(75, 5, 85, 15))
    arcs = build_arcs(np.array(boxes), np.zeros(5, np.int64))
    kept = rng.random(len(arcs.xy)) < 0.6
    opened = arcs.node_from >= 0
    kept[arcs.first[:-1][opened]] = kept[arcs.first[1:][opened] - 1] = True
    kept[arcs.first[:-1] + 1] = True  # of every arc something is left
    nodes = arcs.node_xy + rng.normal(size=arcs.node_xy.shape)
    chosen = np.flatnonzero(rng.random(len(arcs.near)) < 0.7)
    table = Kept.of(arcs, kept)
    xy, first = replaced(
        (arcs.xy, arcs.first),
        table.moved(arcs, chosen, nodes),
        chosen,
        table.first[chosen],
        table.first[chosen + 1],
    )
    for arc in range(len(arcs.near)):
        expected = arcs.xy[arcs.first[arc] : arcs.first[arc + 1]]
        if arc in chosen:
            expected = one_by_one(arcs, arc, kept, nodes)
        np.testing.assert_array_equal(xy[first[arc] : first[arc + 1]], expected)

"""From quantised maps to classes of pixels, by integers alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.params import DecodeParams, factor_table
from geoseg.decode.store import BODY, INNER, INVALID, OPEN, SEED, RowWindow, Scalar
from geoseg.kernels.jit import jit

UNIT = 255**4
"""Weight one in the product of the two factor tables."""


class Classifier:
    """Knows where the heads lie in a strip of maps and what a seed is."""

    def __init__(self, heads: tuple[str, ...], params: DecodeParams) -> None:
        self._body = heads.index("body")
        self._params = params
        self._contact = head_or_nothing(heads, "contact", params.contact_weight)
        self._edge = head_or_nothing(heads, "edge", params.edge_weight)

    def write(
        self, maps: NDArray[np.uint8], valid: NDArray[np.bool_], window: RowWindow, first: int
    ) -> bool:
        """Classes and body of (heads, rows, width) maps into window rows from ``first`` on.

        Returns:
            Whether any pixel is body.
        """
        contact, contact_table = self._contact
        edge, edge_table = self._edge
        params = self._params
        thresholds = (params.body_threshold, params.seed_threshold, params.join_threshold)
        return classify(
            (alike(maps[self._body]), alike(maps[contact]), alike(maps[edge]), alike(valid)),
            (contact_table, edge_table),
            thresholds,
            (window.kind, window.body),
            first,
        )


def head_or_nothing(
    heads: tuple[str, ...], name: str, weight: int
) -> tuple[int, NDArray[np.int64]]:
    """Where a head lies and its factors; a missing head weighs nothing."""
    if name in heads:
        return heads.index(name), factor_table(weight)
    return heads.index("body"), factor_table(0)


def alike(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """The same numbers, side by side and read-only: loops are compiled for each kind of array."""
    plain: NDArray[Scalar] = np.ascontiguousarray(array).view()
    plain.flags.writeable = False
    return plain


@jit
def classify(
    maps: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]],
    tables: tuple[NDArray[np.int64], NDArray[np.int64]],
    thresholds: tuple[int, int, int],
    out: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    first: int,
) -> bool:
    """Write class and body of every pixel, the score rounded half up; returns whether any is body.

    ``maps`` are body, contact, edge and validity; ``out`` is one pixel wider on either side.
    """
    body, contact, edge, valid = maps
    body_threshold, seed_threshold, join_threshold = thresholds
    holds_body = False
    for row in range(body.shape[0]):
        kind, levels = out[0][first + row], out[1][first + row]
        for col in range(body.shape[1]):
            level = np.int64(body[row, col])
            levels[col + 1] = level
            if not valid[row, col]:
                kind[col + 1] = INVALID
            elif level < body_threshold:
                kind[col + 1] = OPEN
            else:
                score = level * tables[0][contact[row, col]] * tables[1][edge[row, col]]
                if 2 * score >= (2 * seed_threshold - 1) * UNIT:
                    kind[col + 1] = SEED
                elif 2 * score >= (2 * join_threshold - 1) * UNIT:
                    kind[col + 1] = INNER
                else:
                    kind[col + 1] = BODY
                holds_body = True
    return holds_body

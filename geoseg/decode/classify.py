"""From quantised maps to classes of pixels, by integers alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.decode.params import DecodeParams, factor_table
from geoseg.decode.store import BODY, INNER, INVALID, OPEN, SEED
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
        self, maps: NDArray[np.uint8], valid: NDArray[np.bool_], kind: NDArray[np.uint8]
    ) -> bool:
        """Classes of (heads, rows, width) maps into ``kind`` (rows, width); whether any is body."""
        contact, contact_table = self._contact
        edge, edge_table = self._edge
        params = self._params
        thresholds = (params.body_threshold, params.seed_threshold, params.join_threshold)
        return classify(
            (maps[self._body], maps[contact], maps[edge]),
            valid,
            (contact_table, edge_table),
            thresholds,
            kind,
        )

    def body(self, maps: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The body map."""
        body: NDArray[np.uint8] = maps[self._body]
        return body


def head_or_nothing(
    heads: tuple[str, ...], name: str, weight: int
) -> tuple[int, NDArray[np.int64]]:
    """Where a head lies and its factors; a missing head weighs nothing."""
    if name in heads:
        return heads.index(name), factor_table(weight)
    return heads.index("body"), factor_table(0)


@jit
def classify(
    maps: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    valid: NDArray[np.bool_],
    tables: tuple[NDArray[np.int64], NDArray[np.int64]],
    thresholds: tuple[int, int, int],
    kind: NDArray[np.uint8],
) -> bool:
    """Write the class of every pixel, the score rounded half up; returns whether any is body."""
    body, contact, edge = maps
    body_threshold, seed_threshold, join_threshold = thresholds
    holds_body = False
    for row in range(kind.shape[0]):
        for col in range(kind.shape[1]):
            level = np.int64(body[row, col])
            if not valid[row, col]:
                kind[row, col] = INVALID
            elif level < body_threshold:
                kind[row, col] = OPEN
            else:
                score = level * tables[0][contact[row, col]] * tables[1][edge[row, col]]
                if 2 * score >= (2 * seed_threshold - 1) * UNIT:
                    kind[row, col] = SEED
                elif 2 * score >= (2 * join_threshold - 1) * UNIT:
                    kind[row, col] = INNER
                else:
                    kind[row, col] = BODY
                holds_body = True
    return holds_body

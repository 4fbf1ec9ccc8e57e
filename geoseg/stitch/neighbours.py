"""Who is whose partner, and who lost to whom, among the tiles in work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.stitch.agree import Comparison
from geoseg.stitch.tile import Pieces


class Neighbours:
    """Remembers the verdicts between tiles until both are forgotten."""

    def __init__(self) -> None:
        self._partner: dict[tuple[int, int], NDArray[np.bool_]] = {}
        self._beaten: list[NDArray[np.int64]] = []
        self._sorted: NDArray[np.int64] | None = None

    def record(self, first: Pieces, second: Pieces, verdict: Comparison) -> None:
        """Keep what two tiles say about each other and book the losses of conflicts."""
        if len(verdict.same):
            for tile, other, column in ((first, second, 0), (second, first, 1)):
                known = np.zeros(tile.count + 1, np.bool_)
                known[verdict.same[:, column]] = True
                self._partner[tile.serial, other.serial] = known
        if len(verdict.conflict):
            self._book(first, second, verdict)

    def _book(self, first: Pieces, second: Pieces, verdict: Comparison) -> None:
        a, b, pixels = verdict.conflict.T
        first_wins = verdict.first_wins
        np.add.at(second.lost, b[first_wins], pixels[first_wins])
        np.add.at(first.lost, a[~first_wins], pixels[~first_wins])
        id_a, id_b = first.first_id + a - 1, second.first_id + b - 1
        loser, winner = np.where(first_wins, id_b, id_a), np.where(first_wins, id_a, id_b)
        self._beaten.append((loser << 32) | winner)
        self._sorted = None

    def partners(self, tile: Pieces, others: Sequence[Pieces]) -> NDArray[np.bool_]:
        """(n + 1, tiles) True where a piece of ``tile`` has a partner in the other tile."""
        out = np.zeros((tile.count + 1, len(others)), np.bool_)
        for column, other in enumerate(others):
            known = self._partner.get((tile.serial, other.serial))
            if known is not None:
                out[:, column] = known
        return out

    def beaten(self) -> NDArray[np.int64]:
        """Sorted pairs (loser's id << 32 | winner's id)."""
        if self._sorted is None:
            self._sorted = np.sort(np.concatenate([np.zeros(0, np.int64), *self._beaten]))
            self._beaten = [self._sorted] if len(self._sorted) else []
        return self._sorted

    def saved(self) -> dict[str, NDArray[Any]]:
        """What is known, as plain arrays."""
        known = list(self._partner.values())
        return {
            "partner_tiles": np.array(list(self._partner), np.int64).reshape(-1, 2),
            "partner_sizes": np.array([len(one) for one in known], np.int64),
            "partner_known": np.concatenate([np.zeros(0, np.bool_), *known]),
            "beaten": self.beaten().copy(),
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Know what was saved."""
        known = np.split(state["partner_known"], np.cumsum(state["partner_sizes"])[:-1])
        pairs = (tuple(pair) for pair in state["partner_tiles"].tolist())
        self._partner = dict(zip(pairs, known, strict=False))
        self._beaten = [state["beaten"].copy()]
        self._sorted = None

    def forget_before(self, serial: int, first_id: int) -> None:
        """Forget tiles before ``serial``, whose pieces have ids below ``first_id``."""
        self._partner = {
            pair: known for pair, known in self._partner.items() if min(pair) >= serial
        }
        beaten = self.beaten()
        kept = beaten[np.minimum(beaten >> 32, beaten & 0xFFFFFFFF) >= first_id]
        self._beaten, self._sorted = [kept], kept

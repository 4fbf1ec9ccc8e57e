"""Search the decoder's thresholds one at a time: a full grid would take hours, this takes minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations, product
from types import MappingProxyType
from typing import Any

import numpy as np

from geoseg.models.weights import Decoding
from geoseg.train.judge import Judgement, leniently, strictly
from geoseg.train.standing import FINE

COARSE: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "seed_threshold": (0.4, 0.5, 0.6, 0.7, 0.8),
        "edge_weight": (0.0, 0.5, 1.0),
        "body_threshold": (0.3, 0.4, 0.5, 0.6),
        "min_mean_body": (0.5, 0.6, 0.7, 0.8),
        "contact_weight": (0.0, 0.5, 1.0),
        "join_threshold": (1.0, 0.4, 0.5, 0.6),
    }
)
"""Tried first, in this order, the others staying as they are."""

BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "seed_threshold": (0.2, 0.95),
        "body_threshold": (0.2, 0.8),
        "edge_weight": (0.0, 1.0),
        "min_mean_body": (0.3, 0.9),
        "contact_weight": (0.0, 1.0),
        "join_threshold": (0.3, 0.8),
    }
)
"""Nothing beyond is tried."""

SCATTER: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "seed_threshold": (0.5, 0.9),
        "body_threshold": (0.35, 0.65),
        "edge_weight": (0.25, 1.0),
        "contact_weight": (0.0, 1.0),
        "min_mean_body": (0.6, 0.75),
    }
)
"""Sets of thresholds are thrown within these, so that the climb does not begin on a low hill."""
SCATTERED = 100
"""So many where few buildings are labelled; the number hardly matters."""
_SEED = 5

_TOGETHER = ("seed_threshold", "body_threshold", "min_mean_body")

Judge = Callable[[Decoding], Judgement]


Merit = Callable[[Judgement], Any]
"""What sorts judgements, better ones last."""

Told = Callable[[int, Judgement], None]
"""Is told after every set of thresholds how many were judged, and the best so far."""


def search(
    judge: Judge, start: Decoding, told: Told | None = None, *, scattered: int = 0
) -> Judgement:
    """The best judgement found.

    So many sets of thresholds all over the place, coarse values of each threshold in turn, then fine steps until
    none is better. By few buildings F1 is a range of hills, and a climb from where the model stands ends on the
    nearest; with few, a set is judged in no time as well. On the way a
    point of bias beyond the limit costs a point of F1, so that a ridge along the limit can be
    crossed; a last climb starts from the best of all that keep to the limit.
    """
    known: dict[Decoding, Judgement] = {}

    def climb(best: Judgement, tried: Iterable[Decoding], merit: Merit) -> Judgement:
        for decoding in tried:
            if decoding not in known:
                known[decoding] = judge(decoding)
                if told is not None:
                    told(len(known), max(known.values(), key=strictly))
            best = max(best, known[decoding], key=merit)
        return best

    def climb_up(best: Judgement, merit: Merit) -> Judgement:
        while (after := climb(best, _near(best.decoding), merit)) is not best:
            best = after
        return best

    best = known.setdefault(start, judge(start))
    best = climb(best, _scattered(start, scattered), leniently)
    for name, values in COARSE.items():
        best = climb(best, _with_values(best.decoding, name, values), leniently)
    climb_up(best, leniently)
    return climb_up(max(known.values(), key=strictly), strictly)


def _scattered(decoding: Decoding, count: int) -> Iterator[Decoding]:
    """The same for everyone, in fine steps."""
    rng = np.random.default_rng(_SEED)
    for _ in range(count):
        thrown = {name: _drawn(rng, name, low, high) for name, (low, high) in SCATTER.items()}
        yield decoding.model_copy(update=thrown)


def _drawn(rng: np.random.Generator, name: str, low: float, high: float) -> float:
    first, last = round(low / FINE[name]), round(high / FINE[name])
    return round(int(rng.integers(first, last, endpoint=True)) * FINE[name], 4)


def _with_values(decoding: Decoding, name: str, values: tuple[float, ...]) -> Iterator[Decoding]:
    for value in values:
        yield decoding.model_copy(update={name: value})


def _near(decoding: Decoding) -> Iterator[Decoding]:
    """One step for every threshold, then two at once for those that make up for each other."""
    for name in FINE:
        for sign in (-1, 1):
            yield from _moved(decoding, {name: sign})
    for pair in combinations(_TOGETHER, 2):
        for signs in product((-1, 1), repeat=2):
            yield from _moved(decoding, dict(zip(pair, signs, strict=True)))


def _moved(decoding: Decoding, signs: Mapping[str, int]) -> Iterator[Decoding]:
    """The neighbour, unless it lies beyond the bounds."""
    moved = {
        name: round(getattr(decoding, name) + sign * FINE[name], 4) for name, sign in signs.items()
    }
    if all(BOUNDS[name][0] <= value <= BOUNDS[name][1] for name, value in moved.items()):
        yield decoding.model_copy(update=moved)

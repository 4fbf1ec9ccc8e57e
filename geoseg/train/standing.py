"""What a model's own thresholds stand for, until others have shown more.

The best of hundreds of sets of thresholds looks better than the model's own on a few plots whatever
it is, and may do worse elsewhere. Two things keep a tuning from that. Every step away from the model's own
has its price, in buildings: next to nothing where many are labelled, too much where a handful are. And
the choice has to do better where it was not made: with every piece of ground left out in turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.models.weights import Decoding
    from geoseg.train.judge import Judgement, Rule

FINE: Mapping[str, float] = MappingProxyType(
    {
        "seed_threshold": 0.05,
        "body_threshold": 0.05,
        "edge_weight": 0.25,
        "min_mean_body": 0.05,
        "contact_weight": 0.25,
        "join_threshold": 0.05,
    }
)
"""A step of each threshold."""

MATCHED, PREDICTED, WANTED, FOUND_PIXELS, WANTED_PIXELS = range(5)
"""Columns of a tally."""
WORTH = 1.0
"""Buildings that a step has to bring in."""
_LEAST_STEP = 0.05


@dataclass(frozen=True, slots=True)
class Standing:
    """A model's own thresholds, and what leaving them costs."""

    decoding: Decoding
    """Its own thresholds."""
    least: float
    """Its own least probability."""
    buildings: float
    """True buildings that others can be judged by."""

    def strayed(self, decoding: Decoding, least: float) -> float:
        """F1 that other thresholds have to bring in beyond what the own ones do."""
        steps = _steps(self.decoding, decoding) + abs(least - self.least) / _LEAST_STEP
        return WORTH * steps / max(1.0, self.buildings)


def _steps(own: Decoding, other: Decoding) -> float:
    return sum(abs(_value(own, name) - _value(other, name)) / step for name, step in FINE.items())


def _value(decoding: Decoding, name: str) -> float:
    """Nothing joins at the seed threshold or above."""
    value: float = getattr(decoding, name)
    return min(value, decoding.seed_threshold) if name == "join_threshold" else value


@dataclass(frozen=True, slots=True)
class Proof:
    """How a choice does where it was not made, against the model's own thresholds."""

    pieces: int
    """Pieces of ground that were left out in turn."""
    gain: float
    """F1 that choosing on the others brought on what was left out, weighted mean over places."""
    error: float
    """Its standard error."""

    @property
    def holds(self) -> bool:
        """Whether choosing did better than leaving all as it was."""
        return self.pieces > 1 and self.gain > 0


def proof_of(own: Judgement, tried: Sequence[Judgement], rule: Rule) -> Proof:
    """Choose among all that was tried, on all pieces but one, and count that one (Stone 1974)."""
    weights = {place: weight for place, weight in rule.place_weights.items() if weight}
    places = [place for place in weights if place in own.tallies]
    before = {place: own.tallies[place] for place in places}
    after = _left_out(tried, places, rule)
    gain = _mean_f1(after, rule) - _mean_f1(before, rule)
    variance = 0.0
    for place in places:
        gains = [
            _mean_f1({**after, place: np.delete(after[place], one, axis=0)}, rule)
            - _mean_f1({**before, place: np.delete(before[place], one, axis=0)}, rule)
            for one in range(len(before[place]))
        ]
        variance += jackknife_variance(np.array(gains))
    return Proof(sum(map(len, before.values())), gain, float(np.sqrt(variance)))


def bias_error(tallies: Mapping[str, NDArray[np.float64]], rule: Rule) -> float:
    """Standard error of the weighted mean of the places' biases in total area."""
    total = sum(rule.place_weights.values())
    variance = 0.0
    for place, weight in rule.place_weights.items():
        tally = tallies.get(place, np.zeros((0, 5)))
        others = tally.sum(axis=0) - tally
        others = others[others[:, WANTED_PIXELS] > 0]
        biases = others[:, FOUND_PIXELS] / others[:, WANTED_PIXELS]
        variance += (weight / total) ** 2 * jackknife_variance(biases)
    return float(np.sqrt(variance))


def jackknife_variance(values: NDArray[np.float64]) -> float:
    """Of a figure, by its (n,) values with each of n pieces left out (Efron 1982, chapter 3)."""
    count = len(values)
    return float((count - 1) / count * ((values - values.mean()) ** 2).sum()) if count else 0.0


def _left_out(
    tried: Sequence[Judgement], places: Sequence[str], rule: Rule
) -> dict[str, NDArray[np.float64]]:
    """Place to the (pieces, 5) tally of each piece by the choice on all others."""
    tables = {place: np.stack([one.tallies[place] for one in tried]) for place in places}
    total = sum(rule.place_weights.values())
    share = {place: rule.place_weights[place] / total for place in places}
    whole = {place: table.sum(axis=1)[:, None] for place, table in tables.items()}
    strayed = np.array([one.strayed for one in tried])[:, None]
    chosen = {}
    for place, table in tables.items():  # (tried, pieces, 5)
        rest = {**whole, place: whole[place] - table}
        f1 = sum(share[name] * _f1(one) for name, one in rest.items())
        bias = sum(share[name] * np.abs(_bias(one)) for name, one in rest.items())
        excess = np.maximum(0.0, bias - rule.limit)
        merit = f1 - excess - strayed + (excess == 0)  # nothing beyond the limit goes first
        best = np.broadcast_to(merit, table.shape[:2]).argmax(axis=0)
        chosen[place] = table[best, np.arange(table.shape[1])]
    return chosen


def _f1(tally: NDArray[np.float64]) -> NDArray[np.float64]:
    both = tally[..., PREDICTED] + tally[..., WANTED]
    f1: NDArray[np.float64] = 2 * tally[..., MATCHED] / np.maximum(1, both)
    return f1


def _bias(tally: NDArray[np.float64]) -> NDArray[np.float64]:
    wanted = tally[..., WANTED_PIXELS]
    return np.where(wanted > 0, tally[..., FOUND_PIXELS] / np.maximum(1, wanted) - 1, 0.0)


def _mean_f1(tallies: Mapping[str, NDArray[np.float64]], rule: Rule) -> float:
    total = sum(rule.place_weights.values())
    each = ((rule.place_weights[place], tally.sum(axis=0)) for place, tally in tallies.items())
    return float(sum(weight * _f1(tally) for weight, tally in each) / total)

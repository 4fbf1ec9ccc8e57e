"""How sure what was chosen is: every piece of known ground is left out in turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geoseg.models.records import SURE
from geoseg.train.pieces import FOUND_PIXELS, MATCHED, PREDICTED, WANTED, WANTED_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geoseg.train.judge import Judgement, Rule

    _Tallies = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Proof:
    """How a choice does where it was not made, against the model's own thresholds."""

    pieces: int
    """Pieces of ground that were left out in turn."""
    gain: float
    """F1 that choosing on the others brought on what was left out, weighted mean over places."""
    error: float
    """Its standard error."""
    merit: float
    """The same with areas: bias beyond the limit that went is gained, what came is lost, a point for a point of F1."""
    merit_error: float
    """Its standard error."""

    @property
    def holds(self) -> bool:
        """Whether choosing did better than leaving all as it was, by more than chance may do.

        Truer areas alone are better, too, but not at the price of fewer buildings found.
        """
        better = self.merit > SURE * self.merit_error
        return self.pieces > 1 and better and self.gain >= -SURE * self.error


def proof_of(
    own: Judgement, tried: Sequence[Judgement], rule: Rule, *, lenient: bool = False
) -> Proof:
    """Choose among all that was tried, on all pieces but one, and count that one (Stone 1974).

    Args:
        own: The model as it is.
        tried: What there is to choose from.
        rule: Tells the best; the limit on the area bias is wider on few pieces.
        lenient: A point of bias beyond the limit costs a point of F1 in choosing, and is no part of the proof, since
            thresholds follow; else what keeps to the limit goes first.
    """
    places = [
        place for place, weight in rule.place_weights.items() if weight and place in own.tallies
    ]
    before = {place: own.tallies[place] for place in places}
    after = _left_out(tried, places, rule, lenient=lenient)
    gain, error = _gained(before, after, rule)
    merit = 0 if lenient else 1
    return Proof(
        sum(map(len, before.values())),
        gain[0],
        error[0],
        merit=gain[merit],
        merit_error=error[merit],
    )


def _gained(before: _Tallies, after: _Tallies, rule: Rule) -> tuple[list[float], list[float]]:
    """What F1, and F1 less the bias beyond the limit, rose by, and their standard errors."""
    variance = np.zeros(2)
    for place in before:
        gains = [
            _figures({**after, place: np.delete(after[place], one, axis=0)}, rule)
            - _figures({**before, place: np.delete(before[place], one, axis=0)}, rule)
            for one in range(len(before[place]))
        ]
        variance += [jackknife_variance(figure) for figure in np.reshape(gains, (-1, 2)).T]
    gain = _figures(after, rule) - _figures(before, rule)
    return gain.tolist(), np.sqrt(variance).tolist()


def _figures(tallies: _Tallies, rule: Rule) -> NDArray[np.float64]:
    """(2,) F1, and F1 less the bias beyond the limit, of all pieces together."""
    f1, excess = _means({place: tally.sum(axis=0) for place, tally in tallies.items()}, rule)
    return np.array([f1, f1 - excess])


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
    tried: Sequence[Judgement], places: Sequence[str], rule: Rule, *, lenient: bool
) -> dict[str, NDArray[np.float64]]:
    """Place to the (pieces, 5) tally of each piece by the choice on all others."""
    tables = {place: np.stack([one.tallies[place] for one in tried]) for place in places}
    whole = {place: table.sum(axis=1)[:, None] for place, table in tables.items()}
    strayed = np.array([one.strayed for one in tried])[:, None]
    chosen = {}
    for place, table in tables.items():  # (tried, pieces, 5)
        f1, excess = _means({**whole, place: whole[place] - table}, rule)
        merit = f1 - excess - strayed + (not lenient) * (excess == 0)
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


def _means(tallies: _Tallies, rule: Rule) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F1 of (..., 5) tallies, and what the bias is beyond the limit, by the weighted means over places."""
    total = sum(rule.place_weights.values())
    each = [(rule.place_weights[place] / total, tally) for place, tally in tallies.items()]
    f1 = np.asarray(sum(share * _f1(tally) for share, tally in each))
    bias = np.asarray(sum(share * np.abs(_bias(tally)) for share, tally in each))
    return f1, np.maximum(0.0, bias - rule.limit)

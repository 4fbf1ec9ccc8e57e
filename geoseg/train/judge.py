"""Judge one set of thresholds: decode, calibrate by cross-fitting, choose what is one building.

Then drop the unlikely, and score.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from geoseg.attributes.confidence import probabilities
from geoseg.train.calibrate import Evidence, joined
from geoseg.train.decoded import decode_scenes, wholes_of
from geoseg.train.scoring import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from geoseg.models.records import Calibration
    from geoseg.models.weights import Decoding
    from geoseg.train.decoded import DecodedScene, MappedScene
    from geoseg.train.pieces import Pieces
    from geoseg.train.standing import Standing

Folds = Literal["places", "scenes", "none"]

MIN_PROBABILITIES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
"""Tried for the least probability of a building that is kept; F1 is best at half of itself."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the best thresholds are: best F1 while total areas stay true."""

    place_weights: Mapping[str, float]
    """Place to its weight in the means; 0 is only reported."""
    max_area_bias: float = 0.03
    """The mean of the places' absolute biases in total area is to stay below this."""
    prior: Calibration | None = None
    """Rates buildings where the scenes hold too few to learn it from."""
    standing: Standing | None = None
    """The model's own thresholds, which others have to beat; None: it has none to speak of."""
    bias_error: float = 0.0
    """Standard error of the bias on so little ground."""

    @property
    def limit(self) -> float:
        """Of the bias: what is due to so little ground comes on top, as errors add up."""
        return math.hypot(self.max_area_bias, self.bias_error)

    def mean(self, values: Mapping[str, float]) -> float:
        """Weighted mean over places."""
        total = sum(self.place_weights.values())
        return sum(weight * values[name] for name, weight in self.place_weights.items()) / total


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one set of thresholds does."""

    decoding: Decoding
    """The thresholds."""
    min_probability: float
    """The best least probability to go with them; 0 where nothing could be calibrated."""
    counts: Mapping[str, Counts]
    """Place to its counts, with unlikely buildings dropped by cross-fitted probabilities."""
    f1: float
    """Weighted mean over places."""
    area_bias: float
    """Weighted mean of the places' absolute biases."""
    excess_bias: float
    """By how much the bias is beyond the rule's limit, 0 where it is not."""
    strayed: float = 0.0
    """F1 that is expected of it for leaving the model's own thresholds."""
    tallies: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Place to (pieces, 5), the counts of each piece of ground; see :mod:`geoseg.train.pieces`."""


def leniently(judgement: Judgement) -> float:
    """Sorts judgements: beyond the limit a point of bias costs a point of F1."""
    return judgement.f1 - judgement.excess_bias - judgement.strayed


def strictly(judgement: Judgement) -> tuple[bool, float]:
    """Sorts judgements: nothing beyond the limit, unless everything is."""
    return judgement.excess_bias == 0, leniently(judgement)


def evidence_of(scenes: Sequence[DecodedScene], rule: Rule) -> Evidence:
    """The buildings of all scenes in turn; those of places without weight do not teach."""
    number, _ = folds_of(scenes, rule)
    used = used_of(scenes, rule)
    teaches = [scene.counted & use for scene, use in zip(scenes, used, strict=True)]
    return Evidence(
        joined([scene.qualities for scene in scenes]),
        np.concatenate([scene.right for scene in scenes]),
        np.concatenate([scene.there for scene in scenes]),
        np.concatenate(teaches),
        np.repeat(number, [len(scene.label) for scene in scenes]),
    )


def folds_of(scenes: Sequence[DecodedScene], rule: Rule) -> tuple[NDArray[np.int64], Folds]:
    """A number for every scene: of its place, or its own where one place alone is used; -1 unused.

    Scenes of one name are draws of the same.
    """
    used = used_of(scenes, rule)
    places = sorted({scene.place for scene, use in zip(scenes, used, strict=True) if use})
    kind: Folds = "places" if len(places) > 1 else "scenes"
    names = [scene.place if len(places) > 1 else scene.name for scene in scenes]
    known = sorted({name for name, use in zip(names, used, strict=True) if use})
    number = np.where(used, np.searchsorted(known, names), -1)
    return number, kind if len(known) > 1 else "none"


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Scenes decoded and rated by calibrations that have not seen their places."""

    evidence: Evidence
    """What calibrations learn from: all buildings, also wholes and parts that were not chosen."""
    scenes: Sequence[DecodedScene]
    """As decoded, with the calibrations' choices."""
    probability: Sequence[NDArray[np.float64]] | None
    """Scene by scene, of each building; None where there was too little to learn from, and no
    prior."""
    learnt: bool
    """Whether the scenes taught the calibrations."""


def cross_fit(mapped: Sequence[MappedScene], decoding: Decoding, rule: Rule) -> CrossFit:
    """Decode all scenes, calibrated without their own folds."""
    parts = decode_scenes(mapped, decoding)
    evidence = evidence_of(parts, rule)
    if decoding.joins:
        evidence += evidence_of(wholes_of(mapped, decoding, parts), rule)
    fitted = evidence.unseen(rule.prior)
    if fitted is not None:
        number, _ = folds_of(parts, rule)
        # A fold without any building taught nobody.
        calibrations = [fitted.get(fold) or evidence.taught(rule.prior) for fold in number.tolist()]
    elif rule.prior is not None:
        calibrations = [rule.prior] * len(mapped)
    else:
        return CrossFit(evidence, parts, None, learnt=False)
    scenes = decode_scenes(mapped, decoding, calibrations) if decoding.joins else parts
    rated = zip(calibrations, scenes, strict=True)
    probability = [probabilities(own, scene.qualities) for own, scene in rated]
    return CrossFit(evidence, scenes, probability, learnt=fitted is not None)


def judge(mapped: Sequence[MappedScene], decoding: Decoding, rule: Rule) -> Judgement:
    """The best judgement over the least probabilities."""
    return max(judge_each(mapped, decoding, rule), key=leniently)


def judge_each(mapped: Sequence[MappedScene], decoding: Decoding, rule: Rule) -> list[Judgement]:
    """A judgement for every least probability."""
    known = cross_fit(mapped, decoding, rule)
    scenes, each = known.scenes, known.probability
    if each is None:
        return [
            _judged(mapped, scenes, [np.isfinite(s.label) for s in scenes], decoding, 0.0, rule)
        ]
    return [
        _judged(mapped, scenes, [part >= least for part in each], decoding, least, rule)
        for least in MIN_PROBABILITIES
    ]


def judge_own(mapped: Sequence[MappedScene], decoding: Decoding, rule: Rule) -> Judgement:
    """The model as it is, with the calibration and the least probability that it has."""
    own = rule.prior
    each = None if own is None else [own] * len(mapped)
    scenes = decode_scenes(mapped, decoding, each if decoding.joins else None)
    if own is None:
        return _judged(mapped, scenes, [np.isfinite(s.label) for s in scenes], decoding, 0.0, rule)
    least = own.min_probability
    likely = [probabilities(own, scene.qualities) >= least for scene in scenes]
    return _judged(mapped, scenes, likely, decoding, least, rule)


def used_of(scenes: Sequence[DecodedScene], rule: Rule) -> list[bool]:
    """Whether the places of the scenes have a weight."""
    return [rule.place_weights.get(scene.place, 0) > 0 for scene in scenes]


def _judged(
    mapped: Sequence[MappedScene],
    scenes: Sequence[DecodedScene],
    likely: Sequence[NDArray[np.bool_]],
    decoding: Decoding,
    least: float,
    rule: Rule,
) -> Judgement:
    counts: dict[str, Counts] = {}
    for scene, keep in zip(scenes, likely, strict=True):
        counts[scene.place] = counts.get(scene.place, Counts()) + scene.counts(keep)
    bias = rule.mean({place: abs(count.area_bias) for place, count in counts.items()})
    f1 = rule.mean({place: count.f1 for place, count in counts.items()})
    strayed = 0.0 if rule.standing is None else rule.standing.strayed(decoding, least)
    tallies = _tallies(mapped, scenes, likely)
    excess = max(0.0, bias - rule.limit)
    return Judgement(decoding, least, counts, f1, bias, excess, strayed, tallies)


def _tallies(
    mapped: Sequence[MappedScene],
    scenes: Sequence[DecodedScene],
    likely: Sequence[NDArray[np.bool_]],
) -> dict[str, NDArray[np.float64]]:
    """Place to the counts of each piece of ground, columns as in ``pieces``; draws add up."""
    each: dict[str, dict[str, NDArray[np.float64]]] = {}
    for one, scene, keep in zip(mapped, scenes, likely, strict=True):
        if one.pieces is None:
            return {}
        known, tally = each.setdefault(scene.place, {}), _tally(one.pieces, scene, keep)
        before = known.get(scene.name, np.zeros((0, tally.shape[1])))
        longer, shorter = sorted((before, tally), key=len, reverse=True)
        known[scene.name] = longer + np.pad(shorter, ((0, len(longer) - len(shorter)), (0, 0)))
    return {place: np.concatenate([*known.values()]) for place, known in each.items()}


def _tally(pieces: Pieces, scene: DecodedScene, likely: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(pieces, 5); a building's piece is that of its first pixel, which its label tells."""
    count = len(pieces.wanted)
    piece = pieces.number.ravel()[scene.label - 1]
    columns = (
        np.bincount(piece[likely & scene.right], minlength=count),
        np.bincount(piece[likely & scene.counted], minlength=count),
        pieces.wanted,
        np.bincount(piece[likely], scene.match.known_pixels[scene.label[likely]], count),
        pieces.wanted_pixels,
    )
    return np.stack(columns, axis=1).astype(np.float64)

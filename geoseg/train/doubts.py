"""What makes a finished training or tuning doubtful, in sentences for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from geoseg.languages.counting import counted
from geoseg.train.moments import mean_of

if TYPE_CHECKING:
    from geoseg.models.records import Validation
    from geoseg.models.weights import Metadata
    from geoseg.train.run import Trained

FEW_STEPS = 200
"""Steps below which a training has hardly begun: fine-tuning that helped took many hundreds."""
_RISING = 0.01
"""F1 by which the last scores beat all before where a training was still getting better."""
_NO_GAIN = 0.002
SURE = 0.05
"""Standard error of F1 beyond which thresholds are chosen by chance as much as by the scenes."""


def doubts_of(done: Trained) -> tuple[str, ...]:
    """Why the model file may not be better than what the training started from."""
    helped = done.handed is not None and done.handed.which != "start"
    found = []
    if done.last.step < FEW_STEPS and not helped:
        found.append(
            f"too short: {counted(done.last.step, 'step')}, where fine-tuning takes {FEW_STEPS} or more; give "
            "it more minutes, or a faster machine"
        )
    if done.handed is None:
        found += _unlike_the_start(done)
    if _still_rising([mean_of(one.f1) for one in done.scored]):
        found.append("scores were still rising at the end; more minutes may bring more")
    return tuple(found)


def _unlike_the_start(done: Trained) -> list[str]:
    """Why it may be no better than its start, where that is not judged anyway."""
    after, before = mean_of(done.last.f1), mean_of(done.before)
    if not done.last.f1:
        return [
            (
                "no scene was held out (split val), so nothing tells whether the model got better; "
                "geoseg dataset --val-share holds some out"
            )
        ]
    if done.before and after < before + _NO_GAIN:
        return [
            (
                f"no better on places held out than what it started from: F1 {after:.3f}, before "
                f"{before:.3f}; check the labels, add some, or train longer"
            )
        ]
    return []


FLATTERED = (
    "Thresholds were chosen on scenes that the model may have learnt from, so the scores flatter it; "
    "judge it on ground that took no part."
)
"""For the card."""


def tuning_doubts(metadata: Metadata) -> tuple[str, ...]:
    """Why thresholds and scores may not hold on other ground.

    The standard error of F1 is taken for that of a share, sqrt(F1 (1 - F1) / n), of the buildings
    of all places with a weight.
    """
    validation = metadata.validation
    weights = {} if validation is None else validation.place_weights
    kept = () if validation is None or not validation.kept else (kept_because(validation),)
    weighing = {place: one for place, one in metadata.metrics.items() if weights.get(place, 1)}
    buildings = sum(one["buildings"] for one in weighing.values())
    hits = sum(one["buildings"] * one["f1"] for one in weighing.values())
    f1 = (hits + 1) / (buildings + 2)  # between 0 and 1 also where all or none were found
    error = math.sqrt(f1 * (1 - f1) / max(1.0, buildings))
    if kept or error <= SURE:
        return kept
    enough = math.ceil(f1 * (1 - f1) / SURE**2)
    told = (
        f"thresholds were chosen on {counted(round(buildings), 'building')} alone: F1 is known to "
        f"+-{2 * error:.2f} (95 %), so they may fit nothing else; hold out {enough} or more"
    )
    return (told,)


def kept_because(validation: Validation) -> str:
    """Why the thresholds that a model had are still there, in a sentence."""
    ground = counted(validation.pieces, "piece of labelled ground", "pieces of labelled ground")
    if validation.pieces <= 1:
        return (
            f"thresholds stay as they were: {ground} cannot tell whether others would do better elsewhere; "
            "label two plots or more"
        )
    gain, error = validation.gain or 0.0, validation.gain_error or 0.0
    finds_more = "found more there, but not without total areas beyond the limit"
    made = finds_more if validation.surely_more else "made no better there"
    return (
        f"thresholds stay as they were: of {ground} each was left out in turn, and others chosen on the rest "
        f"{made} (F1 {gain:+.3f}, +-{2 * error:.3f}); label more, or leave it"
    )


def _still_rising(scores: list[float]) -> bool:
    *earlier, last = scores or [0.0]
    return bool(earlier) and last > max(earlier) + _RISING

"""Gone, or only not found? New, or a mistake? Probabilities from what little is known.

**Gone.** A model misses buildings, so that an old one without a new outline proves little. Where it was
looked at again, the mean probability under the old outline tells more: over built ground that the model
missed it is small, over open ground it is next to nothing. ``STANDING`` holds how much more probable
each value is over open ground than over missed buildings, measured with the built-in model on held-out
photos of Banepa and Java: 173 missed ones of 1,644, and 1,226 outlines laid on open ground where nothing
was found either (``benchmarks/not_found.py``).

**New.** The confidence says how probable it is that an outline is right. One that is not may still be of a
building, drawn badly, and such a building is as new as any other; only what lies on open ground is made
up (``FALSE_APART``, measured on the same photos), and the presence tells which (:func:`against`). Of the real ones most have an old outline, of those made
up none has: Bayes' rule makes an outline without an old one less probable than it was.

Shares that no one tells are found from the data themselves, beginning with what the age lets expect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

GONE_A_YEAR, NEW_A_YEAR = 0.01, 0.02
"""Shares of a town's buildings that go and come in a year, to begin with."""
STANDING = (
    (0.0003, 0.001, 0.0035, 0.0075, 0.015, 0.035, 0.075, 0.15, 0.3, 1.0),
    (150.0, 30.0, 6.0, 2.0, 0.45, 0.35, 0.22, 0.12, 0.03, 0.01),
)
"""Mean probabilities under an outline, and how many times as probable they are over open ground as over
a building that was missed."""
FALSE_APART = 0.15
"""Share of the predictions that are not right, by IoU, which lie on open ground: the others are badly
drawn. Measured .11 (65 of 603 on the same photos); more, since it varies from place to place, and a
building that is made up is worse than a question."""
HIGH_M, LOW_M = 2.2, 1.5
"""From this height on, metres, something stands there; below the second nothing does."""
HIGH_ODDS, LOW_ODDS = 20.0, 0.05
"""What heights do to the odds of a building."""
EVEN = 0.5
"""Odds of one to one, as a probability."""
LEAST, MOST = 1e-3, 1 - 1e-3
"""Confidences are not believed beyond."""
KNOWN = 20.0
"""The age counts as much as so many buildings."""
HALF = 0.5
"""Of the pairs that are not both right, so many differ, to begin with."""
_SCALES = -30.0, 30.0
"""Logarithms of what odds may have to be multiplied by."""
ROUNDS = 100
"""In which shares are found; they settle far earlier."""

Floats = NDArray[np.float64]


def gone(probability: Floats, buildings: int, age_years: float, recall: float | None) -> Floats:
    """(n,) probability that old buildings which were not found are gone.

    Args:
        probability: (n,) mean probability of building under each; NaN where not looked at.
        buildings: All old ones that were in sight.
        age_years: Between the layers.
        recall: Share of standing buildings that are found; None: not known.
    """
    if not len(probability):
        return np.zeros(0)
    lost = len(probability) / max(buildings, 1)
    share = 1 - (1 - GONE_A_YEAR) ** age_years
    begin = min(share / lost, 0.5) if recall is None else _unmissed(lost, recall)
    looked = np.isfinite(probability)
    ratio = np.ones(len(probability))
    ratio[looked] = _likelier_gone(probability[looked])
    return _mixed(ratio, begin) if looked.any() else np.full(len(ratio), begin)


def _unmissed(lost: float, recall: float) -> float:
    """Of those lost, the share that is more than a model of this recall would miss."""
    share = (lost - 1 + recall) / recall
    return float(np.clip(share / lost, 0.0, 1.0))


def _likelier_gone(probability: Floats) -> Floats:
    """How many times as probable each is over open ground as over a missed building."""
    at, ratio = np.log(STANDING[0]), np.log(STANDING[1])
    return np.asarray(np.exp(np.interp(np.log(np.maximum(probability, 1e-9)), at, ratio)))


def open_ground(probability: Floats) -> Floats:
    """(n,) probability that nothing stands under outlines, at even odds before looking.

    Args:
        probability: (n,) mean probability of building under each.
    """
    ratio = _likelier_gone(probability)
    return np.asarray(ratio / (1 + ratio))


def _mixed(ratio: Floats, begin: float) -> Floats:
    """Posteriors of a mixture of two kinds by their likelihood ratio, its share found by EM.

    A. Dempster, N. Laird and D. Rubin, Maximum Likelihood from Incomplete Data, JRSS B 39, 1977.
    """
    share = begin
    for _ in range(ROUNDS):
        odds = share * ratio
        posterior = odds / (odds + 1 - share)
        share = (KNOWN * begin + posterior.sum()) / (KNOWN + len(ratio))
    return np.asarray(posterior)


def against(presence: Floats, share: float) -> Floats:
    """(n,) how many times as often what is made up has such a presence as a building has.

    The odds against each, times what makes them a ratio of two distributions where a ``share`` is made up: over
    the buildings its mean is 1. How many are made up differs from place to place; which of them, less so.

    Args:
        presence: (n,) probability to be there at all, of all buildings of a layer; NaN tells nothing.
        share: Of these, what is made up, above 0 and below 1.
    """
    told = np.isfinite(presence)
    if not told.any():
        return np.ones(len(presence))
    there = np.clip(presence[told], LEAST, MOST)
    odds = (1 - there) / there

    def buildings(scale: float) -> float:
        """The mean over the buildings of 1, by these odds."""
        return float(np.mean((1 - share) / (1 - share + share * np.exp(scale) * odds)))

    scale = brentq(lambda one: buildings(one) - (1 - share), *_SCALES)
    ratio = np.ones(len(presence))
    ratio[told] = np.exp(scale) * odds
    return ratio


def false(confidence: Floats, presence: Floats) -> Floats:
    """(n,) probability that new buildings are made up, before they are held against old ones.

    Args:
        confidence: (n,) that they are drawn right; NaN counts as real.
        presence: (n,) that they are there at all; NaN tells nothing.
    """
    if not len(confidence):
        return np.zeros(0)
    known = np.clip(np.where(np.isnan(confidence), MOST, confidence), LEAST, MOST)
    share = FALSE_APART * (1 - known)
    odds = share / (1 - share) * against(presence, float(share.mean()))
    return np.asarray(odds / (1 + odds))


def real(apart: Floats, others: Floats, height_m: Floats, age_years: float) -> Floats:
    """(n,) probability that new buildings apart from old ones are real.

    Args:
        apart: (n,) probability that they are made up, see :func:`false`.
        others: (m,) the same of all other new ones.
        height_m: (n,) NaN where not known.
        age_years: Between the layers.
    """
    if not len(apart):
        return np.zeros(0)
    made_up, all_made_up = apart, apart.sum() + others.sum()
    grown = (1 + NEW_A_YEAR) ** age_years - 1
    come = max(len(apart) - all_made_up, 0.0)
    standing = len(apart) + len(others) - all_made_up
    share = float(np.clip((come + KNOWN * grown) / (standing + KNOWN), LEAST, 1.0))
    odds = (1 - made_up) * share / made_up
    with np.errstate(invalid="ignore"):
        odds = np.where(height_m >= HIGH_M, odds * HIGH_ODDS, odds)
        odds = np.where(height_m < LOW_M, odds * LOW_ODDS, odds)
    return np.asarray(odds / (1 + odds))


def differing(chosen: Floats, others: Floats, age_years: float) -> Floats:
    """(n,) probability that outlines of one building by two estimates differ because it changed.

    Args:
        chosen: (n,) probability that both outlines of a pair are right, of pairs that differ.
        others: (m,) the same of pairs that do not.
        age_years: Between the layers.
    """
    return _told_apart(chosen, others, (1 - (1 - GONE_A_YEAR) ** age_years, HALF))[0]


def _told_apart(
    chosen: Floats, others: Floats, begin: tuple[float, float]
) -> tuple[Floats, float, float]:
    """Posteriors of (n,) chosen ones to be right, and the shares of right and of wrong ones that are chosen.

    The shares are found by EM, beginning with what may be expected.
    """
    known = np.clip(np.where(np.isnan(chosen), MOST, chosen), LEAST, MOST)
    rest = np.clip(np.where(np.isnan(others), MOST, others), LEAST, MOST)
    right, wrong = begin
    posterior = known
    for _ in range(ROUNDS):
        posterior = known * right / (known * right + (1 - known) * wrong)
        left = rest * (1 - right) / (rest * (1 - right) + (1 - rest) * (1 - wrong))
        right, wrong = (
            float((one.sum() + KNOWN * share) / (one.sum() + two.sum() + KNOWN))
            for one, two, share in (
                (posterior, left, begin[0]),
                (1 - posterior, 1 - left, begin[1]),
            )
        )
    return posterior, right, wrong


def decided(chance: Floats, sure: float) -> NDArray[np.bool_]:
    """(n,) True for the most probable ones, as many as are right in ``sure`` of all cases together.

    None that by itself is as likely wrong as right.
    """
    order = np.argsort(-chance, kind="stable")
    mean = np.cumsum(chance[order]) / np.arange(1, len(chance) + 1)
    out = np.zeros(len(chance), dtype=bool)
    out[order] = mean >= sure
    return np.asarray(out & (chance > EVEN))

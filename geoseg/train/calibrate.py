"""Fit the probabilities that a building is real and that it is there at all, and measure them on what they have not seen.

An additive logistic model with piecewise linear curves, each only allowed to rise: more body, more
area and fewer shared walls never make a building less likely. Ridge keeps neighbouring knots of a
curve together, so few buildings make flat curves, or hardly change those that a model had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

from geoseg.attributes.confidence import Qualities
from geoseg.attributes.reliability import reliability
from geoseg.models.records import Calibration, Curve, LogOdds, Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

KNOTS: Mapping[Quality, tuple[float, ...]] = MappingProxyType(
    {
        "mean_body": (0.5, 0.6, 0.7, 0.8, 0.9, 0.95),
        "area_m2": (8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0),
        "free_walls": (0.0, 0.25, 0.5, 0.75, 1.0),
    }
)
"""Where the curves bend."""

MIN_BUILDINGS = 50
"""Fewer buildings, or fewer right or wrong ones than a fifth of it, are too few to calibrate on."""

FEW_BUILDINGS = 500
"""Fewer buildings lean on the calibration that a model has; more need none."""

_RIDGE = 2.0
_FEW = 0.1


def enough(right: NDArray[np.bool_]) -> bool:
    """Whether there is something to learn from."""
    hits = int(right.sum())
    return len(right) >= MIN_BUILDINGS and min(hits, len(right) - hits) >= MIN_BUILDINGS // 5


def fit(
    qualities: Qualities, right: NDArray[np.bool_], prior: Calibration | None = None
) -> Calibration:
    """The most likely curves for buildings that are right or not, near those of ``prior``."""
    odds = fit_odds(qualities, right, prior)
    return Calibration(
        intercept=odds.intercept, curves=odds.curves, house_m2=smallest_usual_m2(qualities)
    )


def fit_odds(
    qualities: Qualities, told: NDArray[np.bool_], prior: LogOdds | None = None
) -> LogOdds:
    """The most likely curves for buildings of which something is so or not, near those of ``prior``."""
    steps = np.column_stack([np.ones(len(told)), *(_climbed(qualities, name) for name in KNOTS)])
    free, rising = (None, None), (0.0, None)
    before = np.zeros(steps.shape[1]) if prior is None else _rises_of(prior)
    rises = minimize(
        _misfit,
        before,
        args=(steps, told.astype(np.float64), before),
        jac=True,
        method="L-BFGS-B",
        bounds=[free] + [rising] * (steps.shape[1] - 1),
    ).x
    return _odds(rises)


def smallest_usual_m2(qualities: Qualities) -> float:
    """The usual size that a tenth of the buildings lie among smaller ones than; 0 if none is known."""
    known = qualities.usual_m2[np.isfinite(qualities.usual_m2)]
    return round(float(np.quantile(known, _FEW)), 1) if len(known) else 0.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Buildings of held-out scenes; arrays of one length."""

    qualities: Qualities
    """What they are like."""
    right: NDArray[np.bool_]
    """Whether they are real with IoU >= 0.5."""
    there: NDArray[np.bool_]
    """Whether half of each or more lies on buildings."""
    teaches: NDArray[np.bool_]
    """Whether to learn from them; probabilities are told of all."""
    fold: NDArray[np.int64]
    """Number of what is left out together."""

    def taught(self, prior: Calibration | None = None) -> Calibration:
        """Fitted to all that teach; near the prior where they are few."""
        return self._fitted(self.teaches, prior)

    def unseen(self, prior: Calibration | None = None) -> dict[int, Calibration] | None:
        """For every fold a calibration fitted to the others; None: too few buildings in them."""
        fitted = {}
        for number in np.unique(self.fold).tolist():
            others = self.teaches & (self.fold != number)
            if not enough(self.right[others]):
                return None
            fitted[number] = self._fitted(others, prior)
        return fitted

    def presence(self, prior: Calibration | None = None) -> LogOdds | None:
        """Fitted to all that teach, near the prior's where they are few; the prior's where too few are none."""
        known = None if prior is None else prior.presence
        if not enough(self.there[self.teaches]):
            return known
        few = int(self.teaches.sum()) < FEW_BUILDINGS
        qualities = select(self.qualities, self.teaches)
        return fit_odds(qualities, self.there[self.teaches], known if few else None)

    def _fitted(self, chosen: NDArray[np.bool_], prior: Calibration | None) -> Calibration:
        few = int(self.teaches.sum()) < FEW_BUILDINGS
        return fit(select(self.qualities, chosen), self.right[chosen], prior if few else None)

    def __add__(self, other: Evidence) -> Evidence:
        return Evidence(
            joined([self.qualities, other.qualities]),
            np.concatenate([self.right, other.right]),
            np.concatenate([self.there, other.there]),
            np.concatenate([self.teaches, other.teaches]),
            np.concatenate([self.fold, other.fold]),
        )


def select(qualities: Qualities, chosen: NDArray[np.bool_]) -> Qualities:
    """Of the chosen buildings alone."""
    return Qualities(
        qualities.mean_body[chosen],
        qualities.area_m2[chosen],
        qualities.free_walls[chosen],
        qualities.usual_m2[chosen],
    )


def joined(parts: Sequence[Qualities]) -> Qualities:
    """One after another."""
    return Qualities(
        np.concatenate([part.mean_body for part in parts]),
        np.concatenate([part.area_m2 for part in parts]),
        np.concatenate([part.free_walls for part in parts]),
        np.concatenate([part.usual_m2 for part in parts]),
    )


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error: |mean probability - share right| over equal bins; 0 without any."""
    return reliability(probability, right).ece if len(right) else 0.0


def brier(probability: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Mean squared error of the probabilities."""
    return reliability(probability, right).brier if len(right) else 0.0


def _climbed(qualities: Qualities, name: Quality) -> NDArray[np.float64]:
    """(buildings, knots - 1) share of each step between knots that a building has climbed."""
    value = getattr(qualities, name)[:, None]
    knots = np.array(KNOTS[name])
    climbed: NDArray[np.float64] = np.clip((value - knots[:-1]) / np.diff(knots), 0, 1)
    return climbed


def _rises_of(prior: LogOdds) -> NDArray[np.float64]:
    """The intercept and the steps between our knots of curves, which may have other knots."""
    rises = [np.array([prior.intercept])]
    for name, knots in KNOTS.items():
        curve = prior.curves.get(name)
        adds = np.zeros(len(knots)) if curve is None else np.interp(knots, curve.at, curve.adds)
        rises[0] += adds[0]
        rises.append(np.maximum(0.0, np.diff(adds)))
    return np.concatenate(rises)


def _misfit(
    rises: NDArray[np.float64],
    steps: NDArray[np.float64],
    right: NDArray[np.float64],
    before: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Negative log likelihood with ridge on all changes but the intercept's, and its gradient."""
    log_odds, changes = steps @ rises, rises - before
    ridge = _RIDGE * np.r_[0.0, changes[1:]]
    loss = np.logaddexp(0, log_odds).sum() - right @ log_odds + ridge @ changes / 2
    probability = (1 + np.tanh(log_odds / 2)) / 2
    return float(loss), steps.T @ (probability - right) + ridge


def _odds(rises: NDArray[np.float64]) -> LogOdds:
    """Steps between knots become values at the knots, rounded as nobody needs more digits."""
    curves: dict[Quality, Curve] = {}
    start = 1
    for name, knots in KNOTS.items():
        end = start + len(knots) - 1
        adds = np.r_[0.0, np.cumsum(rises[start:end])].round(4)
        curves[name] = Curve(at=knots, adds=tuple(adds.tolist()))
        start = end
    return LogOdds(intercept=round(float(rises[0]), 4), curves=curves)

"""What a model's own thresholds stand for, until others have shown more.

The best of hundreds of sets of thresholds looks better than the model's own on a few plots whatever
it is, and may do worse elsewhere. Two things keep a tuning from that. Every step away from the model's own
has its price, in buildings: next to nothing where many are labelled, too much where a handful are. And
choosing has to do better where it was not done (:mod:`geoseg.train.proof`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geoseg.models.weights import Decoding

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

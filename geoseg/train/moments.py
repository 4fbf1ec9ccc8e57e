"""Where a training is, and how good: for those too who do not train, hence without the trainer library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a training is."""

    step: int = 0
    """Steps of the optimiser so far."""
    loss: float = math.nan
    """Running mean."""
    f1: Mapping[str, float] = field(default_factory=dict)
    """Place to F1 at IoU 0.5, when the held-out scenes were scored last; empty before."""

    @property
    def text(self) -> str:
        """Step and loss, for people."""
        return f"step {self.step}, loss {self.loss:.3f}"

    @property
    def scores(self) -> str:
        """F1, for people."""
        return in_words(self.f1)


def in_words(f1: Mapping[str, float]) -> str:
    """Place to F1, for people."""
    each = ", ".join(f"{place} {score:.3f}" for place, score in sorted(f1.items()))
    return each if len(f1) == 1 else f"{mean_of(f1):.3f} ({each})"


def mean_of(f1: Mapping[str, float]) -> float:
    """Mean over places; 0 where there is none."""
    return sum(f1.values()) / max(1, len(f1))

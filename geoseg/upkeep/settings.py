"""How an old layer is held against a new one, checked before any work."""

from __future__ import annotations

import math
from dataclasses import dataclass

from geoseg.errors import UsageError

LIMITS = {
    "eaves_m": (0.0, 5.0, "--eaves", "metres from the wall to the edge of the roof"),
    "tolerance_m": (0.1, 10.0, "--tolerance", "metres that outlines of one building may differ by"),
    "moved_m": (0.2, 50.0, "--moved", "metres from which on a building has moved"),
    "quarter_m": (100.0, 100_000.0, "--quarter", "metres of a side of a quarter"),
    "age_years": (0.0, 200.0, "--age", "years between the two layers"),
    "sure": (0.5, 0.999, "--sure", "a probability"),
    "recall": (0.01, 1.0, "--recall", "a share of buildings"),
}
"""Option to least, most, its name on the command line, and what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSettings:
    """The choices of one update."""

    eaves_m: float = 0.6
    """How far roofs may stand out over walls, metres."""
    tolerance_m: float = 1.0
    """Differences of outlines that are no thicker than this, metres, are drawing."""
    moved_m: float = 2.0
    """A building has moved from this on, metres, beyond the shift of its quarter."""
    quarter_m: float = 500.0
    """Side of the quarters that have a shift of their own, metres."""
    age_years: float = 5.0
    """Years between the two layers."""
    sure: float = 0.9
    """What is decided: everything less probable is for people to look at."""
    recall: float | None = None
    """Share of standing buildings that the new layer holds, as ``geoseg evaluate`` tells; None: not
    known."""

    def __post_init__(self) -> None:
        for name, (least, most, option, what) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and least <= value <= most):
                raise UsageError(
                    f"{option} takes {what}, from {least:g} to {most:g}; got {value:g}"
                )

"""What a column of confidences can be used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from geoseg.languages.said import Said

PERCENT = 100.0
"""The most that a percentage can be."""
LEAST_PERCENT = 10.0
"""Values up to this may be marks or classes as well; above it they are percentages."""
NOISE = 1e-6
"""How far rounding takes a probability beyond 0 and 1."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The confidences of a layer, checked."""

    values: NDArray[np.float64] | None
    """(n,) 0 to 1, NaN where a building has none; None: they are no probabilities."""
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""

    @classmethod
    def of(cls, given: NDArray[np.float64], texts: int = 0) -> Self:
        """Check a column.

        Args:
            given: (n,) its numbers; NaN where there is none.
            texts: How many of these hold something else than a number.
        """
        notes = []
        if texts:
            said = Said(
                "{count} values of the column confidence are no numbers.",
                one="{count} value of the column confidence is no number.",
            )
            notes.append(said.format(count=texts))
        known = np.isfinite(given)
        missing = int((~known).sum())
        if missing:
            said = Said(
                "{count} buildings have no confidence; its figures are those of the others.",
                one="{count} building has no confidence; its figures are those of the others.",
            )
            notes.append(said.format(count=missing))
        values = np.where(known, given, np.nan)
        low, high = values[known].min(initial=0.0), values[known].max(initial=0.0)
        if low < -NOISE or high > PERCENT or 1 + NOISE < high <= LEAST_PERCENT:
            said = Said(
                "The column confidence holds values from {low:g} to {high:g}, which are no "
                "probabilities; its figures are absent."
            )
            notes.append(said.format(low=low, high=high))
            return cls(None, tuple(notes))
        if high > 1 + NOISE:
            said = Said(
                "The column confidence goes up to {high:g} and was taken as percent: divided by 100."
            )
            notes.append(said.format(high=high))
            values = values / PERCENT
        return cls(np.clip(values, 0, 1), tuple(notes))

    def applied(self, columns: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """The columns of a layer with these confidences; without any where they are none."""
        rest = {name: column for name, column in columns.items() if name != "confidence"}
        return rest if self.values is None else {**rest, "confidence": self.values}

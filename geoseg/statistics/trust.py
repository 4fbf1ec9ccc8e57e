"""What a column of probabilities, confidence or presence, can be used for."""

from __future__ import annotations

from collections.abc import Mapping
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
CONFIDENCE, PRESENCE = "confidence", "presence"
"""Columns of the output contract: real and drawn right, and there at all."""
MISSING = {
    CONFIDENCE: Said(
        "{count} buildings have no confidence; its figures are those of the others.",
        one="{count} building has no confidence; its figures are those of the others.",
    ),
    PRESENCE: Said(
        "{count} buildings have no presence; expected_buildings is empty where they are.",
        one="{count} building has no presence; expected_buildings is empty where it is.",
    ),
}
"""What is said of buildings without a value, by the column."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The probabilities of a layer's buildings, checked."""

    values: NDArray[np.float64] | None
    """(n,) 0 to 1, NaN where a building has none; None: they are no probabilities."""
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""

    @classmethod
    def of(cls, column: str, given: NDArray[np.float64], texts: int = 0) -> Self:
        """Check a column.

        Args:
            column: What it is called.
            given: (n,) its numbers; NaN where there is none.
            texts: How many of these hold something else than a number.
        """
        notes = []
        if texts:
            said = Said(
                "{count} values of the column {column} are no numbers.",
                one="{count} value of the column {column} is no number.",
            )
            notes.append(said.format(count=texts, column=column))
        known = np.isfinite(given)
        missing = int((~known).sum())
        if missing:
            notes.append(MISSING[column].format(count=missing))
        values = np.where(known, given, np.nan)
        low, high = values[known].min(initial=0.0), values[known].max(initial=0.0)
        if low < -NOISE or high > PERCENT or 1 + NOISE < high <= LEAST_PERCENT:
            said = Said(
                "The column {column} holds values from {low:g} to {high:g}, which are no "
                "probabilities; its figures are absent."
            )
            notes.append(said.format(column=column, low=low, high=high))
            return cls(None, tuple(notes))
        if high > 1 + NOISE:
            said = Said(
                "The column {column} goes up to {high:g} and was taken as percent: divided by 100."
            )
            notes.append(said.format(column=column, high=high))
            values = values / PERCENT
        return cls(np.clip(values, 0, 1), tuple(notes))


def checked(
    columns: dict[str, NDArray[np.float64]], texts: Mapping[str, int]
) -> tuple[dict[str, NDArray[np.float64]], tuple[str, ...]]:
    """The columns of a layer with its probabilities from 0 to 1, and what the user should know.

    Confidences are left out where any is no probability; of presences those that are none count as missing,
    and where no building has one that is not spoken of, as many models tell none.

    Args:
        columns: (n,) numbers each, NaN where there is none.
        texts: How many values of each hold something else than a number.
    """
    kept = dict(columns)
    notes: list[str] = []
    for name in (CONFIDENCE, PRESENCE):
        if name not in columns or (name == PRESENCE and not _any_told(columns[name], texts[name])):
            continue
        given = columns[name] if name == CONFIDENCE else _each(columns[name])
        trust = Trust.of(name, given, texts[name])
        notes += trust.notes
        del kept[name]
        if trust.values is not None:
            kept[name] = trust.values
    return kept, tuple(notes)


def presences_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) presences from 0 to 1, also of a column in percent; NaN for what is none."""
    kept = _each(values)
    percent = np.nanmax(kept, initial=0.0) > 1 + NOISE
    return np.clip(kept / (PERCENT if percent else 1), 0, 1)


def _each(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """NaN where one is no probability; percent stay."""
    low, high = np.nanmin(values, initial=0.0), np.nanmax(values, initial=0.0)
    if low >= -NOISE and LEAST_PERCENT < high <= PERCENT:
        return values
    return np.where((values >= -NOISE) & (values <= 1 + NOISE), values, np.nan)


def _any_told(values: NDArray[np.float64], texts: int) -> bool:
    return bool(texts or np.isfinite(values).any())

"""Rows of buildings that an update found gone: they stay in its layer, and stand no more."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoseg.languages.said import Said
from geoseg.vectors.buildings import DECISION, DECISIONS

GONE = Said(
    "{count} buildings are gone by the column decision and were left out.",
    one="{count} building is gone by the column decision and was left out.",
)
"""Said of them."""


def standing(table: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) False for rows that are gone; all stand where the column says anything but decisions."""
    if DECISION not in table.columns:
        return np.ones(len(table), dtype=bool)
    said = pd.Series(table[DECISION])
    if not said.dropna().isin(DECISIONS).all():
        return np.ones(len(table), dtype=bool)
    return (said != "gone").to_numpy(dtype=bool)


def gone_note(stand: NDArray[np.bool_]) -> tuple[str, ...]:
    """A sentence about those that are gone, if there are any."""
    count = int((~stand).sum())
    return (GONE.format(count=count),) if count else ()

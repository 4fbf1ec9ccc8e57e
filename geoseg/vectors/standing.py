"""Rows of buildings that an update found gone: they stay in its layer, and stand no more."""

from __future__ import annotations

import geopandas as gpd
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


def tells_decisions(table: pd.DataFrame) -> bool:
    """Whether the column is there and says nothing but what an update decides."""
    return DECISION in table and bool(table[DECISION].dropna().isin(DECISIONS).all())


def standing(table: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) False for rows that are gone; all stand where the column says anything but decisions."""
    if not tells_decisions(table):
        return np.ones(len(table), dtype=bool)
    return (table[DECISION] != "gone").to_numpy(dtype=bool)


def only_standing(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """The rows that stand, and how many are gone."""
    stand = standing(table)
    return table[stand], int((~stand).sum())


def gone_note(count: int) -> tuple[str, ...]:
    """A sentence about those that are gone, if there are any."""
    return (GONE.format(count=count),) if count else ()

"""Rows of buildings that an update found gone: they stay in its layer, and stand no more."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geoseg.languages.said import Said
from geoseg.vectors.buildings import DECISIONS, decision_column, decisions_of

GONE = Said(
    "{count} buildings are gone by the column decision and were left out.",
    one="{count} building is gone by the column decision and was left out.",
)
"""Said of them."""


def other_words(table: pd.DataFrame) -> int:
    """How many rows say anything but what an update decides; those without a word do not count."""
    codes = _codes(table)
    return 0 if codes is None else int((codes < 0).sum())


def mostly_decisions(table: pd.DataFrame) -> bool:
    """Whether an update wrote most of the column, if it is there."""
    codes = _codes(table)
    return codes is not None and are_decisions(codes)


def are_decisions(codes: NDArray[np.float64]) -> bool:
    """Whether an update wrote most of a column, by its places in ``DECISIONS``.

    They are NaN where empty and negative for anything else: a person who writes another word into a
    few rows does not bring back all that are gone, and those rows stand.
    """
    return int((codes >= 0).sum()) >= int((codes < 0).sum())


def standing(table: pd.DataFrame) -> NDArray[np.bool_]:
    """(n,) False for rows that are gone; all stand where most of the column is no decision."""
    codes = _codes(table)
    return np.ones(len(table), dtype=bool) if codes is None else standing_by(codes)


def _codes(table: pd.DataFrame) -> NDArray[np.float64] | None:
    """(n,) what its column of decisions says, see ``decisions_of``; None where there is none."""
    name = decision_column(table.columns)
    return decisions_of(table[name]) if name in table else None


def standing_by(codes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The same of a column by its places in ``DECISIONS``."""
    gone: NDArray[np.bool_] = codes == DECISIONS.index("gone")
    return ~gone if are_decisions(codes) else np.ones(len(codes), dtype=bool)


def only_standing(table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """The rows that stand, and how many are gone."""
    stand = standing(table)
    return table[stand], int((~stand).sum())


def gone_note(count: int) -> tuple[str, ...]:
    """A sentence about those that are gone, if there are any."""
    return (GONE.format(count=count),) if count else ()

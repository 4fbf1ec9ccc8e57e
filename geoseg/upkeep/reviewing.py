"""What a person should look at, most worth it first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geoseg.upkeep.deciding import Ground, News, Olds
from geoseg.upkeep.old import OldLayer, texts_of
from geoseg.upkeep.relating import MERGED, PAIR, SPLIT
from geoseg.upkeep.rows import Table

_NEW = {True: "new", False: None}
"""What the rows say of a new outline, by whether it is among them."""


@dataclass(frozen=True, slots=True)
class Order:
    """Old rows and new outlines to look at."""

    side: NDArray[np.bool_]
    """(k,) True for old rows, False for new outlines."""
    index: NDArray[np.intp]
    """(k,) which."""
    place_old: NDArray[np.float64]
    """(n,) place of each old row, from 1; NaN where nobody need look."""
    place_new: NDArray[np.float64]
    """(m,) place of each new outline."""


def review_order(ground: Ground, olds: Olds, news: News, sure: float) -> Order:
    """Order by how much may be wrong: the chance of an error, times the square root of the area."""
    old = np.flatnonzero(olds.sure < sure)
    asked = (news.proposal == "perhaps new") | ((news.proposal == "new") & (news.sure < sure))
    new = np.flatnonzero(asked)
    wrong = np.concatenate([1 - olds.sure[old], np.minimum(news.sure[new], 1 - news.sure[new])])
    area = np.concatenate([shapely.area(ground.old[old]), shapely.area(ground.new[new])])
    side = np.arange(len(area)) < len(old)
    index = np.concatenate([old, new])
    order = np.lexsort((index, ~side, -wrong * np.sqrt(area)))
    side, index = side[order], index[order]
    places = np.full(len(ground.old), np.nan), np.full(len(ground.new), np.nan)
    places[0][index[side]] = np.flatnonzero(side) + 1
    places[1][index[~side]] = np.flatnonzero(~side) + 1
    return Order(side, index, *places)


def review_layer(
    order: Order,
    made: Table,
    said: tuple[Olds, News],
    back: Callable[[NDArray[np.object_]], NDArray[np.object_]],
    ground: Ground,
    old: OldLayer,
) -> gpd.GeoDataFrame:
    """The layer: one row per thing to look at, with the outline that is proposed or in doubt."""
    olds, news = said
    side, index = order.side, order.index
    ids = texts_of(old.frame[old.id_column].iloc[index[side]].tolist())
    mine, theirs = index[side], index[~side]
    added = np.flatnonzero(news.proposal == "new")
    written = np.isin(theirs, added)
    place = len(ground.old) + 1 + np.searchsorted(added, theirs).astype(float)
    place[~written] = np.nan
    proposed = np.where(olds.proposal[mine] == "", olds.decision[mine], olds.proposal[mine])

    def both(of_old: object, of_new: object) -> NDArray[np.object_]:
        out = np.full(len(side), None, dtype=object)
        out[side], out[~side] = of_old, of_new
        return out

    columns = {
        "review": np.arange(1, len(side) + 1),
        "decision": both(olds.decision[mine], [_NEW[one] for one in written.tolist()]),
        "proposal": both(proposed, "new"),
        "reason": both(olds.reason[mine], news.reason[theirs]),
        "sure": both(
            olds.sure[mine], np.where(written, news.sure[theirs], 1 - news.sure[theirs])
        ).astype(float),
        "row": pd.Series(both(mine + 1, place).astype(float)).astype("Int64"),
        "id": both(ids, None),
        "area_m2": both(shapely.area(ground.old[mine]), shapely.area(ground.new[theirs])).astype(
            float
        ),
    }
    shapes = np.full(len(side), None, dtype=object)
    shapes[side] = back(_to_look_at(ground, olds, mine))
    shapes[~side] = back(ground.new[theirs])
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=made.frame.crs)


def _to_look_at(ground: Ground, olds: Olds, rows: NDArray[np.intp]) -> NDArray[np.object_]:
    """(k,) the new outlines that belong to old rows, as one; the old one where there is none."""
    links = ground.relations
    out = ground.old[rows].copy()
    related = np.isin(links.old[rows], (PAIR, SPLIT, MERGED)) & (olds.decision[rows] != "unseen")
    begin = np.searchsorted(links.first, rows[related], side="left")
    end = np.searchsorted(links.first, rows[related], side="right")
    for place, first, last in zip(np.flatnonzero(related), begin, end, strict=True):
        parts = ground.new[links.second[first:last]]
        if len(parts):
            out[place] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    return out

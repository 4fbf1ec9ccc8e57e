"""How well could changes be told from noise at all? ``python benchmarks/likely_limit.py``.

On the towns of ``likely.py`` a small network learns from other towns, whose changes it is told, which rows of ``compare``
are changes. It sees what ``--likely`` with imagery of both dates sees of a row and more: confidences, sizes, what lies
near and over it in both layers, what the imagery of the other date shows under it. So it knows all shares that a user's
data leave to be guessed, and how its towns are drawn beside: what it reaches, no estimate from two layers alone is
to be expected to reach. Two more lines tell it the truth of one thing: whether something stands there at the other
date, as perfect imagery would show; and which rows are of a building at all, as a person would see.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
import torch
from changed_town import CODE, F1_60, F1_80, Eyes, TownSettings, build
from likely import KINDS, Dates, dates
from not_found import cover
from numpy.typing import NDArray
from pyproj import CRS
from torch import nn
from update import overlapped

import geoseg
from geoseg.change.weighing import together_m2

Floats = NDArray[np.float64]
LEARNT_FROM, JUDGED_ON = 2000, 3000
"""First seeds."""
LEAST_LEVEL = 1e-4
STANDS = 0.3
"""So much of an outline covered by a true roof: something stands there."""
FAR_M = 30.0


@dataclass(frozen=True, slots=True)
class Rows:
    """The differences of a town or several."""

    seen: Floats
    """(n, f) what may tell."""
    stands: Floats
    """(n, 1) 1 where something stands at the other date,"""
    real: Floats
    """(n, 1) and where something stands at the row's own."""
    right: NDArray[np.bool_]
    """(n,) True for true changes."""
    noise: Floats
    """(n,) as ``compare`` has it."""

    @classmethod
    def together(cls, parts: Sequence[Rows]) -> Rows:
        """All of them."""
        return cls(*(np.concatenate([getattr(one, f) for one in parts]) for f in cls.__slots__))


def rows_of(made: Dates) -> Rows:
    """The differences of a town."""
    plain = [gpd.GeoDataFrame(geometry=one, crs=CODE) for one in made.truth]
    true = geoseg.compare(*plain).changes
    found = geoseg.compare(
        *made.layers, likely=True, old_maps=made.maps[0], new_maps=made.maps[1]
    ).changes
    found = found[found["change"] != "unchanged"]
    kind, shapes = found["change"].to_numpy(), _outlines(found)
    right = np.zeros(len(found), dtype=bool)
    for one in KINDS:
        right[kind == one] = overlapped(shapes[kind == one], _outlines(true[true["change"] == one]))
    ids = [found["old_id"].to_numpy(), found["new_id"].to_numpy()]
    columns = [(kind == one).astype(float) for one in KINDS] + [found["iou"].to_numpy()]
    columns += [column for side in (0, 1) for column in _of_side(made, ids[side], side)]
    covers = [cover(shapes, roofs)[0] > STANDS for roofs in made.truth]
    gone = kind == "gone"
    return Rows(
        np.column_stack(columns),
        np.where(gone, covers[1], covers[0]).astype(float)[:, None],
        np.where(gone, covers[0], covers[1]).astype(float)[:, None],
        right,
        found["p_noise"].to_numpy(),
    )


def _of_side(made: Dates, rows: NDArray[np.int64], side: int) -> list[Floats]:
    """Columns of the outlines of one date; 0 where a row has none."""
    layer, shapes, others = (
        made.layers[side],
        *(_outlines(made.layers[s]) for s in (side, 1 - side)),
    )
    mine = shapes[rows]
    sure = np.clip(layer["confidence"].to_numpy()[rows], 1e-3, 1 - 1e-3)
    under = made.maps[1 - side].under(mine, CRS(CODE))
    tree = shapely.STRtree(shapes)
    near, apart = tree.query_nearest(shapes, exclusive=True, return_distance=True)
    nearest = np.full(len(shapes), FAR_M)
    np.minimum.at(nearest, near[0], apart)
    box = shapely.minimum_rotated_rectangle(mine)
    columns = [
        np.log(sure / (1 - sure)),
        np.log(np.maximum(under, LEAST_LEVEL)),
        np.log(shapely.area(mine)),
        np.log(together_m2(shapes)[rows]),
        np.log1p(nearest[rows]),
        cover(mine, others)[0],
        shapely.area(mine) / shapely.area(box),
        np.log(shapely.length(mine) ** 2 / shapely.area(mine)),
    ]
    return [np.where(rows >= 0, column, 0.0) for column in columns]


def _outlines(frame: gpd.GeoDataFrame) -> NDArray[np.object_]:
    return np.array(frame.geometry.array, dtype=object)


def learnt(known: Rows, asked: Rows, told: Sequence[str] = ()) -> Floats:
    """(n,) the probability of asked rows to be changes, by a network that learnt from known ones."""
    first, second = (
        np.column_stack([one.seen, *(getattr(one, name) for name in told)])
        for one in (known, asked)
    )
    middle, spread = first.mean(axis=0), first.std(axis=0) + 1e-6
    given, wanted = (
        torch.tensor((one - middle) / spread, dtype=torch.float32) for one in (first, second)
    )
    right = torch.tensor(known.right, dtype=torch.float32)
    chances = [_network(given, right, wanted, seed) for seed in range(2)]
    return np.mean(chances, axis=0)


def _network(
    given: torch.Tensor, right: torch.Tensor, wanted: torch.Tensor, seed: int, rounds: int = 30
) -> Floats:
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(given.shape[1], 48), nn.SiLU(), nn.Dropout(0.1),
        nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1),
    )  # fmt: skip
    best = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
    batches = len(right) // 256 + 1
    falls = torch.optim.lr_scheduler.CosineAnnealingLR(best, rounds * batches)
    for _ in range(rounds):
        for part in torch.randperm(len(right)).chunk(batches):
            loss = nn.functional.binary_cross_entropy_with_logits(
                net(given[part])[:, 0], right[part]
            )
            best.zero_grad()
            loss.backward()
            best.step()
            falls.step()
    net.eval()
    with torch.no_grad():
        return np.asarray(torch.sigmoid(net(wanted))[:, 0], dtype=float)


def at(chance: Floats, right: NDArray[np.bool_], *, recall: float, precision: float) -> str:
    """Precision where so many of the right rows are taken, and recall where so many of the taken are right."""
    running = np.cumsum(right[np.argsort(-chance, kind="stable")])
    share = running / np.arange(1, len(running) + 1)
    first = int(np.searchsorted(running, np.ceil(recall * running[-1])))
    last = np.flatnonzero(share >= precision)
    reached = running[last[-1]] / running[-1] if len(last) else 0.0
    return f"{share[first]:10.3f}{reached:10.3f}"


def main() -> None:
    """A block of lines per kind of prediction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", type=int, default=20, help="towns to learn from")
    parser.add_argument("--judge", type=int, default=8, help="towns to judge on")
    parser.add_argument("--lots", type=int, default=1600)
    parser.add_argument("--better", action="store_true", help="predictions of F1 .8 too")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    settings = TownSettings(lots=asked.lots, turned=True)

    def towns(first: int, count: int, eyes: Eyes, alike: float) -> Rows:
        drawn = (
            dates(build(replace(settings, seed=seed)), eyes, seed, alike)
            for seed in range(first, first + count)
        )
        return Rows.together([rows_of(one) for one in drawn])

    print(f"{'':44}{'P at .8':>10}{'R at .9':>10}")
    for label, eyes in (("F1 .6", F1_60), ("F1 .8", F1_80))[: 1 + asked.better]:
        for alike in (0.0, 0.7):
            known = towns(LEARNT_FROM, asked.learn, eyes, alike)
            judged = towns(JUDGED_ON, asked.judge, eyes, alike)
            print(f"{label}, mistakes {'alike' if alike else 'independent'}")
            for name, chance in (
                ("  --likely, imagery of both dates", 1 - judged.noise),
                ("  learnt from told towns", learnt(known, judged)),
                ("  and knows what stands at the other date", learnt(known, judged, ["stands"])),
                ("  and knows what is made up", learnt(known, judged, ["real"])),
                ("  and knows both", learnt(known, judged, ["stands", "real"])),
            ):
                told = at(chance, judged.right, recall=0.8, precision=0.9)
                print(f"{name:44}{told}", flush=True)


if __name__ == "__main__":
    main()

"""Towns with true changes, updated: ``python benchmarks/update.py``; ``--million`` for time and memory.

Prints, for perfect and for poor predictions, the share of right decisions and precision and recall of
gone and new, beside the baseline of leaving all alone. Constants of ``geoseg/upkeep`` were chosen on
seeds 0 to 4 of straight towns; what is printed is of turned towns and other seeds.
"""

from __future__ import annotations

import argparse
import logging
import resource
import time
from collections import Counter
from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from changed_town import (
    CODE,
    F1_60,
    F1_80,
    PERFECT,
    ChangedTown,
    Eyes,
    TownSettings,
    build,
    seen,
)

import geoseg


def main() -> None:
    """One block of lines per kind of prediction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--towns", type=int, default=6)
    parser.add_argument("--lots", type=int, default=2500)
    parser.add_argument("--choosing", action="store_true", help="the towns of the choice")
    parser.add_argument("--seed", type=int, default=100, help="of the first town")
    parser.add_argument("--million", type=int, nargs="?", const=1_000_000)
    parser.add_argument("--output", help="of the million: a file to write")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    if asked.million:
        many(asked.million, asked.output)
        return
    first = 0 if asked.choosing else asked.seed
    print(
        f"{'predictions':34}{'F1':>6}{'right':>7}{'alone':>7}   gone: P    R   new: P    R  asked"
    )
    for name, eyes, looked in (
        ("perfect, looked again", PERFECT, True),
        ("perfect, --recall 1", PERFECT, None),
        ("perfect, nobody looked", PERFECT, False),
        ("F1 .8, looked again", F1_80, True),
        ("F1 .6, looked again", F1_60, True),
        ("F1 .8, twice as much made up", replace(F1_80, made_up=0.03), True),
        ("F1 .6, twice as much made up", replace(F1_60, made_up=0.068), True),
        ("F1 .8, confidence tells nothing", replace(F1_80, telling=False), True),
        ("F1 .6, confidence tells nothing", replace(F1_60, telling=False), True),
        ("F1 .8, with presence", replace(F1_80, presence=True), True),
        ("F1 .6, with presence", replace(F1_60, presence=True), True),
        ("F1 .8, presence alone tells", replace(F1_80, telling=False, presence=True), True),
        ("F1 .6, presence alone tells", replace(F1_60, telling=False, presence=True), True),
        (
            "F1 .6, alone, twice as much made up",
            replace(F1_60, telling=False, presence=True, made_up=0.068),
            True,
        ),
        ("F1 .6, nobody looked", F1_60, False),
    ):
        total: Counter[str] = Counter()
        for number in range(asked.towns):
            turned = not asked.choosing
            town = build(TownSettings(lots=asked.lots, seed=first + number, turned=turned))
            total += judge(town, eyes, first + number, looked)
        print(line(name, total), flush=True)


def judge(town: ChangedTown, eyes: Eyes, seed: int, looked: bool | None) -> Counter[str]:
    """Count what was decided rightly and wrongly."""
    frame, maps = seen(town, eyes, seed)
    result = geoseg.update(
        town.old, frame, aoi=(town.old.total_bounds + np.array([-500, -500, 500, 500])).tolist(),
        maps=maps if looked else None, recall=1.0 if looked is None else None,
    )  # fmt: skip
    size = len(town.old)
    decided = result.rows["decision"].to_numpy(dtype=object)
    old, added = decided[:size], result.rows.iloc[size:]
    kept = (result.rows["id"][:size].to_numpy() == town.old["id"].to_numpy()).all()
    back = [int(one.strip("[]")) for one in added["ev_new_ids"]]
    placed = frame.geometry.to_numpy()[back]
    real = overlapped(np.asarray(placed, dtype=object), town.roofs[town.is_new])
    hit = overlapped(town.roofs[town.is_new], np.asarray(placed, dtype=object))
    f1 = matched(frame.geometry.to_numpy(), town.roofs)
    return Counter(
        lost_ids=int(not kept),
        buildings=size + int(town.is_new.sum()),
        right=int((old == town.truth).sum() + hit.sum()),
        alone=int((town.truth == "kept").sum()),
        gone=int((town.truth == "gone").sum()),
        said_gone=int((old == "gone").sum()),
        right_gone=int(((old == "gone") & (town.truth == "gone")).sum()),
        new=int(town.is_new.sum()),
        said_new=len(added),
        right_new=int(real.sum()),
        found_new=int(hit.sum()),
        asked=len(result.review),
        predicted=len(frame),
        roofs=len(town.roofs),
        matched=f1,
    )


def overlapped(shapes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) True where others cover three tenths of a shape or a shape of them."""
    out = np.zeros(len(shapes), dtype=bool)
    if not len(shapes) or not len(others):
        return out
    one, other = shapely.STRtree(others).query(shapes)
    shared = shapely.area(shapely.intersection(shapes[one], others[other]))
    least = np.minimum(shapely.area(shapes[one]), shapely.area(others[other]))
    out[one[shared >= 0.3 * least]] = True
    return out


def matched(predicted: np.ndarray, truth: np.ndarray) -> int:
    """Predictions with IoU 0.5 or more."""
    one, other = shapely.STRtree(truth).query(predicted)
    shared = shapely.area(shapely.intersection(predicted[one], truth[other]))
    either = shapely.area(predicted[one]) + shapely.area(truth[other]) - shared
    return len(np.unique(other[shared >= 0.5 * either]))


def line(name: str, total: Counter[str]) -> str:
    """A line of figures."""
    assert not total["lost_ids"]
    f1 = 2 * total["matched"] / (total["predicted"] + total["roofs"])

    def share(part: str, whole: str) -> str:
        return f"{total[part] / total[whole]:.3f}" if total[whole] else "    -"

    return (
        f"{name:34}{f1:6.3f}{share('right', 'buildings'):>7}{share('alone', 'buildings'):>7}   "
        f"{share('right_gone', 'said_gone')} {share('right_gone', 'gone')}  "
        f"{share('right_new', 'said_new')} {share('found_new', 'new')}  "
        f"{total['asked'] / total['buildings']:.3f}"
    )


def many(count: int, output: str | None) -> None:
    """A town of so many buildings, made of copies of one, and its time and memory."""
    town = build(TownSettings(lots=10_000, seed=7))
    frame, _ = seen(town, PERFECT, 7)
    side = town.old.total_bounds[2] - town.old.total_bounds[0] + 60
    copies = -(-count // len(town.old))
    across = int(np.ceil(np.sqrt(copies)))
    old, new = (
        _copied(f.geometry.to_numpy(), copies, across, side)[:count] for f in (town.old, frame)
    )
    before = gpd.GeoDataFrame({"id": np.arange(len(old))}, geometry=old, crs=CODE)
    after = gpd.GeoDataFrame({"confidence": np.full(len(new), 0.995)}, geometry=new, crs=CODE)
    if output is not None:
        before.to_file(f"{output}.old.gpkg", engine="pyogrio")
        after.to_file(f"{output}.new.gpkg", engine="pyogrio")
        print(f"geoseg update {output}.old.gpkg {output}.new.gpkg -o updated.gpkg")
        return
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB to begin with")
    began = time.process_time()
    result = geoseg.update(before, after)
    print(result.counts, f"{time.process_time() - began:.0f} s of processor time", flush=True)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most")


def _copied(shapes: np.ndarray, copies: int, across: int, side: float) -> np.ndarray:
    parts = []
    for number in range(copies):
        by = np.array([number % across, number // across]) * side
        parts.append(shapely.transform(shapes, lambda xy, by=by: xy + by))
    return np.concatenate(parts)


if __name__ == "__main__":
    main()

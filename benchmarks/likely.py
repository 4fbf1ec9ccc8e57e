"""Changes told apart from noise: ``python benchmarks/likely.py`` on towns whose changes are known.

Both dates are simulated predictions (``changed_town.py``). *Independent*: every run misses, splits and
makes up buildings of its own. *Alike*: seven in ten mistakes of unchanged ground are those of the other
run, as runs of one model over like photos make them. A difference is right where it lies on a true change
of its kind: ``compare`` on the true roofs of both dates says which those are. ``of listed`` counts against
true changes that some difference lies on, ``of all`` against all true ones, those too that one of the
runs missed. ``P at .8`` is the precision of the least noisy rows that hold four fifths of the right ones.
The first line of each block takes all differences as changes, as ``compare`` does without
``--likely``. Nothing in ``geoseg`` was chosen on these towns; ``--choosing`` prints others.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from changed_town import (
    CODE,
    F1_60,
    F1_70,
    F1_80,
    ChangedTown,
    DrawnMaps,
    Eyes,
    TownSettings,
    build,
    fates,
    seen,
    things,
)
from update import matched, overlapped

import geoseg

KINDS = ("changed", "gone", "new")
EAVES_M = 0.6


@dataclass(frozen=True, slots=True)
class Dates:
    """A town at two dates as a model saw it."""

    truth: tuple[np.ndarray, np.ndarray]
    layers: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]
    maps: tuple[DrawnMaps, DrawnMaps]


def dates(town: ChangedTown, eyes: Eyes, seed: int, alike: float) -> Dates:
    """Two predictions; a share ``alike`` of the mistakes on unchanged ground is the same in both."""
    walls = np.array(town.old.geometry.array, dtype=object)
    roofs = shapely.buffer(walls, EAVES_M, join_style="mitre")
    bare = town.empty[~overlapped(town.empty, roofs)]
    before = replace(town, roofs=roofs, empty=bare)
    rng = np.random.default_rng([seed, 5])
    first = fates(len(roofs), eyes, rng)
    second = fates(len(town.roofs), eyes, rng)
    same = _twins(roofs, town.roofs)
    kept = (same >= 0) & (rng.random(len(same)) < alike)
    second[kept] = first[same[kept]]
    made = things(before, eyes, rng)
    others = np.array(things(town, eyes, rng), dtype=object)
    free = np.array([thing for thing in made if rng.random() < alike], dtype=object)
    free = free[~overlapped(free, town.roofs)]
    again = [*free, *others[~overlapped(others, free)]][: len(others)]
    one, maps_before = seen(before, eyes, seed, fate=first, made_up=made)
    two, maps_after = seen(town, eyes, seed + 10_000, fate=second, made_up=again)
    return Dates((roofs, town.roofs), (one, two), (maps_before, maps_after))


def _twins(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(m,) the old roof that each new one is, give or take the shift; -1 for none."""
    out = np.full(len(new), -1)
    one, other = shapely.STRtree(old).query(new)
    shared = shapely.area(shapely.intersection(new[one], old[other]))
    good = shared >= 0.6 * np.maximum(shapely.area(new[one]), shapely.area(old[other]))
    out[one[good]] = other[good]
    return out


def judge(made: Dates, **settings: object) -> Counter[str]:
    """Count what is right among the differences that stand out."""
    plain = [gpd.GeoDataFrame(geometry=one, crs=CODE) for one in made.truth]
    true = geoseg.compare(*plain).changes
    found = geoseg.compare(*made.layers, likely=True, **settings).changes
    told = found["likely"].to_numpy() if settings else (found["change"] != "unchanged").to_numpy()
    noise = found["p_noise"].fillna(1.0).to_numpy()
    count: Counter[str] = Counter()
    first, right = [], []
    for kind in KINDS:
        real, mine = _outlines(true[true["change"] == kind]), (found["change"] == kind).to_numpy()
        said, listed = _outlines(found[mine & told]), _outlines(found[mine])
        hit, met = overlapped(real, said), overlapped(real, listed)
        correct = overlapped(listed, real)
        count += Counter(
            told=len(said), right=int(overlapped(said, real).sum()), hit=int(hit.sum()),
            real=len(real), listed=int(met.sum()), lines=int(correct.sum()),
        )  # fmt: skip
        first.append(noise[mine])
        right.append(correct)
    taken, good = _at_recall(np.concatenate(first), np.concatenate(right))
    count["taken"], count["good"] = taken, good
    count["matched"] = matched(_outlines(made.layers[1]), made.truth[1])
    count["predicted"], count["roofs"] = len(made.layers[1]), len(made.truth[1])
    return count


def _at_recall(noise: np.ndarray, right: np.ndarray) -> tuple[int, int]:
    """How many rows, the least noisy first, hold four fifths of the right ones, and how many that is."""
    running = np.cumsum(right[np.argsort(noise, kind="stable")])
    wanted = int(np.ceil(0.8 * running[-1]))
    return int(np.searchsorted(running, wanted)) + 1, wanted


def _outlines(frame: gpd.GeoDataFrame) -> np.ndarray:
    return np.array(frame.geometry.array, dtype=object)


def line(name: str, total: Counter[str]) -> str:
    """A line of figures."""
    f1 = 2 * total["matched"] / (total["predicted"] + total["roofs"])
    precision = f"{total['right'] / total['told']:.3f}" if total["told"] else "    -"
    recalls = [total["hit"] / max(total[of], 1) for of in ("listed", "real")]
    ranked = total["good"] / max(total["taken"], 1)
    return (
        f"{name:44}{f1:6.3f}{total['told']:7}{precision:>10}{recalls[0]:11.3f}{recalls[1]:8.3f}"
        f"{ranked:9.3f}"
    )


def main() -> None:
    """A block of lines per kind of prediction."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--towns", type=int, default=4)
    parser.add_argument("--lots", type=int, default=1600)
    parser.add_argument("--choosing", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    first = 300 if asked.choosing else 500
    print(
        f"{'':44}{'F1':>6}{'told':>7}{'precision':>10}{'of listed':>11}{'of all':>8}{'P at .8':>9}"
    )
    for label, eyes, new_side in (
        ("F1 .6", F1_60, 1.0),
        ("F1 .8", F1_80, 1.0),
        ("F1 .7", F1_70, 1.0),
        ("F1 .6, made up as large as measured", replace(F1_60, half_m=(3.5, 7.0)), 1.0),
        ("F1 .6, new ones half as wide", F1_60, 0.55),
        ("F1 .6, confidence tells nothing", replace(F1_60, telling=False), 1.0),
        ("F1 .6, with presence", replace(F1_60, presence=True), 1.0),
        ("F1 .6, presence alone tells", replace(F1_60, telling=False, presence=True), 1.0),
    ):
        for alike in (0.0, 0.7):
            settings = TownSettings(lots=asked.lots, turned=True, new_side=new_side)
            towns = [
                dates(build(replace(settings, seed=seed)), eyes, seed, alike)
                for seed in range(first, first + asked.towns)
            ]
            print(f"{label}, mistakes {'alike' if alike else 'independent'}")
            for name, ways in (
                ("  all differences", lambda _: {}),
                ("  --likely, two layers alone", lambda _: {"age_years": 5.0}),
                ("  --likely, recall known", lambda _, e=eyes: {"recall": 1 - e.missed}),
                (
                    "  --likely, imagery of both dates",
                    lambda made: {"old_maps": made.maps[0], "new_maps": made.maps[1]},
                ),
            ):
                total = sum((judge(made, **ways(made)) for made in towns), Counter())
                print(line(name, total), flush=True)


if __name__ == "__main__":
    main()

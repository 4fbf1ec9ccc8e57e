"""From 1 to 1,000 workers, simulated: ``python benchmarks/cluster.py [--workers 1,10,100,1000]``.

Events in time, no clock: workers look at tiles and finish clusters, one decoder scans rows of tiles in order, a
wire carries answers home, some workers are slow and some are lost over a task, which another then does. The
costs are those that ``benchmarks/workers.py`` measured (see ``Costs``); give others by ``--look`` and so on. It prints
throughput, how busy workers and home are, and what a country costs.
"""

from __future__ import annotations

import argparse
import heapq
from collections import deque
from dataclasses import dataclass, replace

import numpy as np

CORE_PX = 768
TILE_MP = CORE_PX**2 / 1e6


@dataclass(frozen=True, slots=True)
class Costs:
    """Of one megapixel of core, and of the machines."""

    look_s: float = 3.43
    """Core-seconds of a worker: reading, and the network in its two views."""
    finish_s: float = 1.34
    """Core-seconds of a worker: drawing and measuring 510 buildings."""
    home_s: float = 0.102
    """Core-seconds at home: taking answers, decoding, committing."""
    answer_mb: float = 1.0
    """Megabytes that come home: packed maps, a third of a byte per pixel and head, and rows."""
    wire_mb_per_s: float = 110.0
    """Of home's connection: one gigabit."""
    slow_share: float = 0.02
    """Tasks on a machine that is busy with something else."""
    slow_times: float = 8.0
    """So much longer they take."""
    lost_share: float = 0.0005
    """Tasks whose worker is lost; half their time is wasted and another worker does them."""


COSTS = Costs()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run."""

    seconds: float
    """From the first task to the last commit."""
    workers_busy: float
    """Share of the workers' time."""
    home_busy: float
    """Share of home's time in the decoder's thread."""
    wire_busy: float
    """Share of the time in which the wire is full."""
    core_s: float
    """Core-seconds of workers and home."""


def simulate(workers: int, rows: int, columns: int, costs: Costs = COSTS, seed: int = 0) -> Outcome:
    """Run over rows x columns tiles.

    As ``geoseg.run.spread`` does it: at most two tasks a worker are given out, at most 8 a worker + 16 panels are
    ahead of what home has taken, finishing goes out after a row of tiles is decoded, and the next row is decoded
    once that one's outlines are back.
    """
    rng = np.random.default_rng(seed)
    total = rows * columns
    free, events = workers, []  # events: (time, kind, tile or row)
    looks, finishes = deque(range(total)), deque()
    seen, taken, given = np.zeros(total, bool), 0, 0
    out, left_of_row, decoding, wire_free = 0, 0, False, 0.0
    now, busy_s, home_s, wire_s, row = 0.0, 0.0, 0.0, 0.0, 0
    per_row_finish = 3 * columns  # tasks of some hundred buildings

    def spend(seconds: float) -> float:
        scale = costs.slow_times if rng.random() < costs.slow_share else 1.0
        wasted = 0.5 if rng.random() < costs.lost_share else 0.0
        return seconds * scale * (1 + wasted)

    while row < rows:
        ahead = 8 * workers + 16 + columns
        while free and (finishes or (looks and given - taken < ahead)):
            kind, what = ("finished", finishes.popleft()) if finishes else ("seen", looks.popleft())
            given += kind == "seen"
            share = TILE_MP if kind == "seen" else TILE_MP * columns / per_row_finish
            took = spend(share * (costs.look_s if kind == "seen" else costs.finish_s))
            free, busy_s = free - 1, busy_s + took
            heapq.heappush(events, (now + took, kind, what))
        if not decoding and left_of_row == 0 and seen[row * columns : (row + 1) * columns].all():
            decoding = True
            took = costs.home_s * TILE_MP * columns
            home_s += took
            heapq.heappush(events, (now + took, "decoded", row))
        now, kind, what = heapq.heappop(events)
        if kind in {"seen", "finished"}:
            took = costs.answer_mb * TILE_MP / costs.wire_mb_per_s if kind == "seen" else 0.0
            wire_free, wire_s = max(wire_free, now) + took, wire_s + took
            heapq.heappush(events, (wire_free, f"{kind} home", what))
            free += 1
        elif kind == "seen home":
            seen[what] = True
        elif kind == "finished home":
            left_of_row -= 1
            if left_of_row == 0:
                row += 1
        else:
            decoding, left_of_row, taken = False, per_row_finish, taken + columns
            finishes.extend([what] * per_row_finish)
        out += 1
    return Outcome(now, busy_s / now / workers, home_s / now, wire_s / now, busy_s + home_s)


def main() -> None:
    """Print a line per number of workers, and the country."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default="1,2,4,10,30,100,200,300,1000")
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--columns", type=int, default=131)
    parser.add_argument("--look", type=float, default=COSTS.look_s)
    parser.add_argument("--finish", type=float, default=COSTS.finish_s)
    parser.add_argument("--home", type=float, default=COSTS.home_s)
    parser.add_argument("--answer", type=float, default=COSTS.answer_mb)
    given = parser.parse_args()
    costs = replace(
        COSTS, look_s=given.look, finish_s=given.finish, home_s=given.home, answer_mb=given.answer
    )
    mp = given.rows * given.columns * TILE_MP
    print("workers    MP/s  x one  workers busy  home busy  wire busy")
    first = None
    for workers in map(int, given.workers.split(",")):
        told = simulate(workers, given.rows, given.columns, costs)
        first = first or mp / told.seconds
        print(
            f"{workers:7d} {mp / told.seconds:7.1f} {mp / told.seconds / first:6.1f} "
            f"{told.workers_busy:13.0%} {told.home_busy:10.0%} {told.wire_busy:10.0%}"
        )
    country_mp = 1e6 * 1e6 / 0.3**2 / 1e6
    per_mp = told.core_s / mp
    print(
        f"1,000,000 km2 at 0.3 m: {country_mp:,.0f} MP, {country_mp * per_mp / 3600:,.0f} core-hours, "
        f"{country_mp * costs.answer_mb / 1e6:,.1f} TB over the wire"
    )


if __name__ == "__main__":
    main()

"""What a run did: counts, times and peak memory, as one object that prints and serialises."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class TileCounts:
    """What became of the tiles."""

    done: int
    """Tiles that the model saw."""
    skipped_nodata: int
    """Tiles without a valid pixel."""
    failed: int
    """Blocks that could not be read and were skipped on request."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The outcome of one prediction run; ``asdict`` of it is what ``--json`` prints."""

    buildings: int
    """Buildings written."""
    area_m2: float
    """Sum of their geodesic areas."""
    megapixels: float
    """Size of the analysis grid, 10^6 pixels."""
    gsd_m: float
    """True ground size of the analysis grid's pixels, metres."""
    tiles: TileCounts
    """What became of the tiles."""
    dropped: dict[str, int]
    """Reason to number of candidate buildings that were not written."""
    stitched: dict[str, int]
    """Resolutions of the stitcher: united, deduplicated, conflicts; empty for dense models."""
    open_buildings: int
    """Buildings begun and not finished after a row of tiles, at most."""
    seconds: dict[str, float]
    """Stage to seconds of this run: total (loading the model included), read, model, decode,
    vectorize, write. Stages overlap."""
    peak_rss_mb: float
    """Largest resident memory of the process so far, 10^6 bytes."""
    model: dict[str, str]
    """Name and sha256 of the model."""
    output: str | None
    """File written."""

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and numbers, ready for JSON."""
        return asdict(self)


STAGES = ("read", "model", "decode", "vectorize", "write")


@dataclass(slots=True)
class Tally:
    """Counts and stage times while a run goes on; ``counters`` survive an interruption."""

    counts: Counter[str] = field(default_factory=Counter)
    """Running counts by name."""
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Running seconds by stage."""
    started: float = field(default_factory=time.perf_counter)
    """Start of the run on the performance counter."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to stage ``name``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def elapsed(self) -> dict[str, float]:
        """Seconds per stage and in total, rounded to milliseconds."""
        total = time.perf_counter() - self.started
        stages = {name: round(self.seconds[name], 3) for name in STAGES}
        return {"total": round(total, 3), **stages}


def peak_rss_mb() -> float:
    """Largest resident set size of this process so far, in 10^6 bytes."""
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024) / 1e6

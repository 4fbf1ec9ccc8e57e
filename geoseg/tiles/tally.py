"""Counts and times of a run while it goes on."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from geoseg.machine import peak_rss_mb
from geoseg.raster.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAGES = ("read", "model", "decode", "vectorize", "write")
"""Of every run; others are told where there were any."""


@dataclass(slots=True)
class Tally:
    """Counts and stage times while a run goes on; ``counts`` survive an interruption."""

    counts: Counter[str] = field(default_factory=Counter)
    """Running counts by name."""
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Running seconds by stage."""
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    """When the run was asked for, UTC."""
    started: float = field(default_factory=time.perf_counter)
    """The same on the performance counter."""
    traffic_before: Traffic = field(default_factory=Traffic.so_far)
    """What the process had read from servers by then."""
    traffic_elsewhere: Traffic = field(default_factory=lambda: Traffic(0, 0, 0))
    """What other processes read from servers for this run."""
    memory_mb: Callable[[], float] = peak_rss_mb
    """Tells the most memory held at one moment, 10^6 bytes."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time spent inside to stage ``name``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start

    def traffic(self) -> Traffic | None:
        """What was read from servers since; None where GDAL does not count."""
        traffic = Traffic.so_far().since(self.traffic_before).plus(self.traffic_elsewhere)
        return traffic if traffic.gdal_requests else None

    def elapsed(self) -> dict[str, float]:
        """Seconds per stage and in total, rounded to milliseconds."""
        total = time.perf_counter() - self.started
        names = dict.fromkeys((*STAGES, *self.seconds))
        stages = {name: round(self.seconds[name], 3) for name in names}
        return {"total": round(total, 3), **stages}

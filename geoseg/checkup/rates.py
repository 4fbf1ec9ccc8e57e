"""What a benchmark found: how fast each stage is, and which setting is best here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from geoseg.languages.counting import counted
from geoseg.pages.notebook import Shown

WORTH = 1.05
"""Settings that differ by less are alike: runs of the same kind differ as much."""


@dataclass(frozen=True, slots=True)
class StageRate:
    """One stage of a run by default; stages go on side by side."""

    name: str
    """read, network, decode, finish or write."""
    seconds: float
    """Wall time in it."""
    mp_per_s: float
    """Megapixels of the analysis grid per second of it."""
    km2_per_h: float
    """The same as ground per hour, square kilometres."""


@dataclass(frozen=True, slots=True)
class CrewRate:
    """Whole runs by so many processes."""

    workers: int
    """Processes that look at tiles; 1: none but the run's own, as by default."""
    fixed_s: float
    """What a run takes besides, however small: starting workers, loading the model. Seconds."""
    mp_per_s: float
    """Megapixels of the analysis grid per second of the rest, wall time."""
    km2_per_h: float
    """The same as ground per hour, square kilometres."""
    peak_rss_mb: float
    """Largest resident memory of all processes at one moment, 10^6 bytes."""


@dataclass(frozen=True, slots=True)
class NetworkRate:
    """The network alone, over one tile, in as many views as runs ask it for."""

    runtime: str
    """As ``--runtime`` takes it; "own" for a model that brings its own."""
    precision: str
    """As ``--precision`` takes it."""
    mp_per_s: float | None
    """Megapixels of the tile's core per second; None: it does not run here."""
    note: str = ""
    """Why it does not."""


@dataclass(frozen=True, slots=True, repr=False)
class Benchmark(Shown):
    """How fast geoseg is on this machine."""

    processor: str
    """Kind of processor."""
    cores: int
    """Cores that this process may use."""
    device: str
    """Where the network ran, such as "cpu" or "cuda:0"."""
    model: str
    """Its name."""
    raster: str
    """What was run over."""
    megapixels: float
    """Of the analysis grid that were run over."""
    gsd_m: float
    """True ground size of its pixels, metres."""
    buildings: int
    """Found there; time goes with them."""
    stages: tuple[StageRate, ...]
    """Of the run by default."""
    network_share: float
    """Share of that run's time in which the network was at work, 0..1."""
    crews: tuple[CrewRate, ...]
    """By number of workers."""
    networks: tuple[NetworkRate, ...]
    """By runtime and precision; first what runs without options."""
    advice: tuple[str, ...]
    """Which setting is best here, a sentence each."""
    kept: str | None
    """File in which ``geoseg info`` finds it; None: not kept."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("machine", f"{self.processor}, {self.cores} cores, network on {self.device}"),
            ("raster", self._ground()),
            *((stage.name, _speed(stage)) for stage in self.stages),
            ("network's share", f"{self.network_share:.0%} of the run"),
            *((_named(crew), _crew(crew)) for crew in self.crews),
            *((f"{one.runtime} {one.precision}", _network(one)) for one in self.networks),
            ("best here", "\n".join(self.advice)),
        ]

    def _ground(self) -> str:
        return (
            f"{self.raster}, {self.megapixels:,.1f} MP at {self.gsd_m:.3f} m, "
            f"{counted(self.buildings, 'building')}"
        )

    def __repr__(self) -> str:
        alone = self.crews[0]
        return (
            f"Benchmark({alone.mp_per_s:.2f} MP/s, {alone.km2_per_h:,.1f} km2/h, network "
            f"{self.network_share:.0%}, {alone.peak_rss_mb:,.0f} MB)"
        )


_PRECISIONS = {
    "fp32": "",
    "int8": "; tiles do not show, a few buildings come out otherwise",
    "bf16": "; it rounds so coarsely that tiles may show",
}
"""In the order of advice, and what is to be said of each."""


def advice_on(crews: tuple[CrewRate, ...], networks: tuple[NetworkRate, ...]) -> tuple[str, ...]:
    """Which settings are worth giving, a sentence each."""
    told = [*_advice_on_workers(crews), *_advice_on_networks(networks)]
    return tuple(told) or ("the defaults",)


def _advice_on_workers(crews: tuple[CrewRate, ...]) -> list[str]:
    alone, best = crews[0], max(crews, key=lambda crew: crew.mp_per_s)
    if len(crews) == 1:
        return []
    times = best.mp_per_s / alone.mp_per_s
    if times < WORTH:
        return ["no --workers: more processes are no faster here"]
    spared = 1 / alone.mp_per_s - 1 / best.mp_per_s  # seconds per megapixel
    from_mp = max(0.0, best.fixed_s - alone.fixed_s) / spared
    return [
        f"--workers {best.workers}: {times:.2f} times as fast as by default, from {from_mp:,.0f} MP on"
    ]


def _advice_on_networks(networks: tuple[NetworkRate, ...]) -> list[str]:
    usual = networks[0].mp_per_s or 0.0
    told = []
    for precision, but in _PRECISIONS.items():
        some = [one for one in networks if one.precision == precision and one.mp_per_s]
        best = max(some, key=lambda one: one.mp_per_s or 0.0, default=None)
        if best is not None and (best.mp_per_s or 0.0) > WORTH * usual > 0:
            times = (best.mp_per_s or 0.0) / usual
            told.append(
                f"--runtime {best.runtime} --precision {best.precision}: the network is {times:.2f} times "
                f"as fast{but}"
            )
    return told


def _speed(rate: StageRate | CrewRate) -> str:
    return f"{rate.mp_per_s:,.2f} MP/s, {rate.km2_per_h:,.1f} km2/h"


def _named(crew: CrewRate) -> str:
    return "by default" if crew.workers == 1 else f"{crew.workers} workers"


def _crew(crew: CrewRate) -> str:
    return (
        f"{_speed(crew)}, and {crew.fixed_s:.1f} s per run; {crew.peak_rss_mb:,.0f} MB at the peak"
    )


def _network(rate: NetworkRate) -> str:
    return rate.note if rate.mp_per_s is None else f"{rate.mp_per_s:,.2f} MP/s of the network alone"

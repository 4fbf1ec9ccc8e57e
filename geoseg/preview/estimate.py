"""How long a run will take: a range, and what it is based on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoseg.machine import processor_kind, usable_cores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.preview.pace import Pace
    from geoseg.tiles.lattice import Lattice
    from geoseg.types import Window

CORE_S_PER_MP = 0.8
"""Seconds of one CPU core for a megapixel that tiles answer for, with the built-in model in fp32."""
CONTEXT_S_PER_MP = 0.2
"""The same for every megapixel that tiles see; both by ``benchmarks/runtimes.py`` with cores of 512 and 960 px."""
BY_BYTES, IN_PAIRS = 0.28, 0.56
"""Of the network's time in fp32 what it takes in int8: on processors that add four products of bytes at once, and on
others (docs/speed.md)."""
REST_S_PER_MP = 0.5
"""Seconds of one core for reading a megapixel, decoding it and drawing what is found: half as much over fields, nearly
twice as much in dense towns."""
USUAL = (0.5, 2.5)
"""CPU cores differ that much from the one measured, and are rarely idle."""
MEASURED = (0.8, 1.5)
"""What one tile says about all."""
RUN = (0.8, 1.4)
"""What a whole run over other ground says: towns take longer than fields."""
LONG_MINUTES = 120
"""More is told in hours."""
_TRIAL_CORE_PX = 512


@dataclass(frozen=True, slots=True)
class Estimate:
    """Time of a run."""

    least_minutes: float
    """On a fast and idle machine."""
    most_minutes: float
    """On a slow or busy one."""
    basis: str
    """What they come from, as a phrase."""

    def __str__(self) -> str:
        """A range in minutes or hours; the run is quick wherever its upper end is."""
        if self.most_minutes < 1:
            return f"less than a minute ({self.basis})"
        unit, divisor = ("hours", 60) if self.least_minutes > LONG_MINUTES else ("minutes", 1)
        least, most = (minutes / divisor for minutes in (self.least_minutes, self.most_minutes))
        return f"{least:,.2g} to {most:,.2g} {unit} ({self.basis})"


def estimate_run(
    lattice: Lattice,
    model: DenseModel | InstanceModel | None = None,
    *,
    tta: bool = False,
    precision: str = "",
    share: float = 1.0,
    pace: Pace | None = None,
) -> Estimate:
    """The time for all tiles, as if each had a valid pixel.

    Args:
        lattice: The tiles.
        model: Runs on one tile, to measure, as it is; None: figures of the built-in model.
        tta: Whether these are to be for maps averaged over two views.
        precision: In which its network computes.
        share: Of the tiles, that are to be computed.
        pace: What whole runs took on this machine; None: nobody knows.
    """
    if model is not None:
        seen_mp, core_mp = _megapixels(lattice)
        rest_s = REST_S_PER_MP * core_mp / usable_cores()
        seconds = share * (seen_mp * measured_s_per_mp(model) + rest_s)
        return _range(seconds, MEASURED, "one tile, measured here")
    seconds, cores = share * reckoned_s(lattice, tta=tta, precision=precision), usable_cores()
    if pace is not None:
        basis = f"by geoseg bench on this machine, {pace.date}"
        return _range(seconds * pace.times_reckoned, RUN, basis)
    named = f"{cores} cores" if cores > 1 else "one core"
    return _range(
        seconds,
        USUAL,
        f"the built-in model on {named} of unknown speed; geoseg bench or --measure tells better",
    )


def reckoned_s(lattice: Lattice, *, tta: bool, precision: str) -> float:
    """Seconds for all tiles on a processor like the one that was measured, with all of its cores."""
    from geoseg.models.averaged import views_of

    seen_mp, core_mp = _megapixels(lattice)
    network_s = views_of(averaged=tta) * (CONTEXT_S_PER_MP * seen_mp + CORE_S_PER_MP * core_mp)
    if precision == "int8":
        network_s *= BY_BYTES if "vnni" in processor_kind() else IN_PAIRS
    return (network_s + REST_S_PER_MP * core_mp) / usable_cores()


@dataclass(frozen=True, slots=True)
class TileTime:
    """What a model took for one tile of noise, the second time."""

    seconds: float
    """Wall time."""
    seen_mp: float
    """Megapixels that it was shown."""
    core_mp: float
    """Megapixels that a tile of this size answers for."""


def measured_s_per_mp(model: DenseModel | InstanceModel) -> float:
    """Seconds per megapixel seen, by running the model on one tile."""
    took = time_of_tile(model)
    return took.seconds / took.seen_mp


def time_of_tile(model: DenseModel | InstanceModel) -> TileTime:
    """Run the model on one tile, and once before to warm up."""
    from time import perf_counter

    import numpy as np

    from geoseg.machine import for_a_while
    from geoseg.models.strides import round_up
    from geoseg.models.traits import Traits
    from geoseg.tiles.plan import context_and_stride_px
    from geoseg.types import Window

    traits = Traits.of(model)
    context, stride = context_and_stride_px(traits)
    halo, core = round_up(context, stride), round_up(_TRIAL_CORE_PX, stride)
    side = core + 2 * halo
    image = np.random.default_rng(0).integers(0, 256, (1, 3, side, side), dtype=np.uint8)
    with for_a_while(traits.memory_rule):
        for _ in range(2):
            began = perf_counter()
            _ask(model, image, Window(halo, halo, core, core))
            seconds = perf_counter() - began
    return TileTime(seconds, side**2 / 1e6, core**2 / 1e6)


def _ask(model: DenseModel | InstanceModel, images: NDArray[np.uint8], core: Window) -> None:
    from geoseg.models.asking import core_maps
    from geoseg.models.protocols import DenseModel

    if isinstance(model, DenseModel):
        core_maps(model, images, core)
    else:
        model.predict_instances(images)


def _megapixels(lattice: Lattice) -> tuple[float, float]:
    """Megapixels that the tiles see, and that they answer for."""
    return lattice.seen_px / 1e6, lattice.grid.height * lattice.grid.width / 1e6


def _range(seconds: float, factors: tuple[float, float], basis: str) -> Estimate:
    least, most = (seconds * factor / 60 for factor in factors)
    return Estimate(least, most, basis)

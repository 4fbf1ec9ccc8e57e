"""Others who do a run's work: whatever an executor stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geoseg.run.spread.hands import FinishingElsewhere, RowsElsewhere
from geoseg.run.spread.home import Home, Told
from geoseg.run.spread.memory import Together
from geoseg.run.spread.messages import Sealed
from geoseg.run.spread.specs import ModelSpec, RunSpec, sealed
from geoseg.version import versions

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.raster.identity import MosaicIdentity
    from geoseg.run.finish import Finisher
    from geoseg.run.lookers import Looker
    from geoseg.settings import PredictSettings
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.tally import Tally


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Others who do a run's work."""

    home: Home
    """Gives out tasks."""
    model: Sealed | None
    """What they ask; None: they finish clusters alone."""

    @classmethod
    @contextmanager
    def of(
        cls,
        executor: Executor,
        model: DenseModel | InstanceModel | None,
        tally: Tally,
        *,
        averaged: bool = False,
        any_processor: bool = False,
        width: Callable[[], int] | None = None,
    ) -> Iterator[Elsewhere]:
        """Work with an executor while the block lasts.

        Args:
            executor: Theirs.
            model: Before it is averaged; None: they finish clusters alone.
            tally: Told of times, traffic and memory.
            averaged: Workers average it over two views.
            any_processor: They may be of another kind.
            width: Tells how many there are; None: as the executor says.

        Raises:
            UsageError: the model cannot be sent.
        """
        spec = None
        if model is not None:
            spec = sealed(ModelSpec.of(model, averaged=averaged, any_processor=any_processor))
        with (
            Home(executor, tally, width=width) as home,
            Together(lambda: home.told.workers) as memory,
        ):
            tally.memory_mb = lambda: memory.peak_mb
            yield cls(home, spec)

    @property
    def told(self) -> Told:
        """What they said of themselves."""
        return self.home.told

    def begun_for(self, plan: Plan) -> Elsewhere:  # noqa: ARG002  # as those who were not asked for
        """Who works for a run over these tiles: they were asked to."""
        return self

    def hands(
        self,
        mosaic: Mosaic,
        inputs: MosaicIdentity,
        plan: Plan,
        looker: Looker,
        finisher: Finisher,
        settings: PredictSettings,
    ) -> tuple[RowsElsewhere | None, FinishingElsewhere]:
        """Those who look at tiles, None where this process does, and those who finish clusters."""
        spec = RunSpec(
            mosaic=mosaic,
            inputs=inputs,
            looker=looker,
            finisher=finisher,
            readers=settings.readers,
            skip_errors=settings.skip_errors,
            versions=versions(),
        )
        raster = {"run": sealed(spec)}
        finishing = FinishingElsewhere(self.home, raster, finisher)
        if self.model is None:
            return None, finishing
        return RowsElsewhere(self.home, {"model": self.model, **raster}, plan), finishing

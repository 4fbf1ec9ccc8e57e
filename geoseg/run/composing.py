"""From what a run was asked for to a run that is ready: model, surface, mosaic, workers."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.machine import for_a_while, memory_errors
from geoseg.models.averaged import averaged_if
from geoseg.models.traits import Traits
from geoseg.raster.services import cut_services
from geoseg.run.composed import Run

if TYPE_CHECKING:
    from geoseg.models.choice import ModelChoice
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.reviewing.keeping import Checked
    from geoseg.run.rising import Rising
    from geoseg.run.spread.beside import Beside
    from geoseg.run.spread.folder import StoredMaps
    from geoseg.settings import PredictSettings
    from geoseg.tiles.given import GivenArea
    from geoseg.tiles.tally import Tally

_log = logging.getLogger(__name__)

LESS_MEMORY = "choose smaller tiles (--tile 512), close other programs, or use a larger machine"
"""What to do when a run does not fit into memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composing:
    """What a run was asked for."""

    rasters: Sequence[str]
    """Names or addresses, together one mosaic."""
    choice: ModelChoice
    """The model that is asked."""
    settings: PredictSettings
    """As they were given."""
    area: GivenArea | None = None
    """Where buildings are wanted; None: everywhere."""
    rising: Rising | None = None
    """The surface that is asked in the end; None: there is none."""
    maps: Path | None = None
    """Folder of what the model made of the tiles before; None: they are looked at."""
    zoom: tuple[int, int] | None = None
    """First and last zoom of tiles; None: what suits the area."""
    checked: Checked | None = None
    """What people checked of this ground, which goes into the result; None: nothing."""
    any_processor: bool = False
    """Take workers of other kinds."""
    help_drawing: bool = False
    """Let others draw where that pays, as nobody said who works."""

    @contextmanager
    def run(self, executor: Executor | None, tally: Tally) -> Iterator[Run]:
        """The run; its mosaic is open and its workers are there while the block lasts.

        Args:
            executor: Who looks at tiles and finishes outlines; None: this process.
            tally: Told of counts and times.

        Raises:
            GeosegError: for everything that can be wrong with what was asked for.
        """
        plain = self.choice.loaded()
        stored = self._stored()
        with ExitStack() as stack:
            run = Run.prepare(self._cut(plain), plain, self._settings(stored), tally)
            mosaic = stack.enter_context(run.mosaic)
            photo = mosaic.sources
            model = self._asked(plain, stored, enlarged=mosaic.enlarged)
            traits = Traits.of(model)
            _tell(traits)
            elsewhere = None
            if executor is not None:
                from geoseg.run.spread.elsewhere import Elsewhere

                averaged = traits.averaged and not Traits.of(plain).averaged
                others = Elsewhere.of(
                    executor, plain, tally, averaged=averaged, any_processor=self.any_processor
                )
                elsewhere = stack.enter_context(others)
            run = replace(
                run,
                model=model,
                settings=run.settings.model_copy(update={"tta": traits.averaged}),
                area=self.area,
                rising=None if self.rising is None else self.rising.over(photo),
                elsewhere=elsewhere,
                stored=stored,
                zoom=self.zoom,
                checked=self.checked,
            )
            if self.help_drawing:
                beside = _drawing_beside(run, stack.enter_context(ExitStack()))
                run = replace(run, elsewhere=beside)
            stack.enter_context(for_a_while(traits.memory_rule))
            stack.enter_context(memory_errors(LESS_MEMORY))
            yield run

    def _stored(self) -> StoredMaps | None:
        """The maps that were stored; None where the model is to look."""
        if self.maps is None:
            return None
        from geoseg.run.spread.folder import StoredMaps

        return StoredMaps.open(self.maps)

    def _asked(
        self, plain: DenseModel | InstanceModel, stored: StoredMaps | None, *, enlarged: bool
    ) -> DenseModel | InstanceModel:
        """The model as the run asks it."""
        choice = self.choice
        if stored is None:
            return averaged_if(plain, choice.tta, enlarged=enlarged)
        from geoseg.run.spread.folder import StoredModel

        stored.identity.require_asked(
            precision=choice.precision, runtime=choice.runtime, tta=choice.tta
        )
        return StoredModel(plain, stored.identity)

    def _cut(self, model: DenseModel | InstanceModel) -> Sequence[str]:
        """Web services are cut to where buildings are wanted."""
        area, gsd_m = self.area, self.settings.gsd_m
        return cut_services(
            self.rasters, None if area is None else area.of_services(gsd_m, model.gsd_m)
        )

    def _settings(self, stored: StoredMaps | None) -> PredictSettings:
        """What is left open is decided; tiles are those that were stored."""
        settings = self.settings if stored is None else stored.settings(self.settings)
        record = None if self.area is None else self.area.record
        return settings.model_copy(update={"aoi": record})


def _drawing_beside(run: Run, stack: ExitStack) -> Beside | None:
    """Others who draw outlines for a run, until the stack ends; None where it draws them itself."""
    from geoseg.run.spread.beside import Beside, drawing_processes

    processes = drawing_processes([source.path for source in run.mosaic.sources])
    return Beside(processes, run.tally, stack) if processes else None


def _tell(traits: Traits) -> None:
    _log.info(
        "model: %s (%s) on %s in %s by %s, %s", traits.name,
        traits.sha256[:12] or traits.class_name, traits.device or "a device of its own",
        traits.precision or "a precision of its own", traits.runtime or "a runtime of its own",
        "averaged over two views" if traits.averaged else "in one view",
    )  # fmt: skip

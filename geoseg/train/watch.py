"""What a running training tells those who watch it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from geoseg.train.learner import Learner
from geoseg.train.trainer_library import callbacks, lightning

_MEMORY = 0.95
"""Share of the running mean of the loss that a step leaves as it is."""
_NOISE = (
    "Checkpoint directory .* exists",  # refused before, unless asked for
    r"`isinstance\(treespec",
    ".*smaller than the logging interval",
    ".*does not have many workers",
)
"""Warnings that are none of the user's business."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a training is."""

    step: int
    """Steps of the optimiser so far."""
    done: float
    """Share of the steps or minutes that is used up, 0..1."""
    loss: float
    """Running mean."""
    f1: Mapping[str, float] | None
    """Place to F1 at IoU 0.5, right after the held-out scenes were scored; else None."""


Told = Callable[[Moment], None]
"""Is told after every step and every scoring."""


class Watched(callbacks.Callback):
    """Tells about every step; of several processes only the first one does."""

    def __init__(self, told: Told) -> None:
        self._told, self._loss = told, None

    _loss: float | None

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *args: Any
    ) -> None:
        """A step more."""
        if trainer.is_global_zero:
            loss = float(args[0]["loss"])  # lightning calls what training_step returned "outputs"
            before = loss if self._loss is None else self._loss
            self._loss = _MEMORY * before + (1 - _MEMORY) * loss
            self._tell(trainer, pl_module, None)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """New scores."""
        if trainer.is_global_zero:
            scores = trainer.callback_metrics.items()
            f1 = {name[3:]: float(score) for name, score in scores if name.startswith("f1/")}
            self._tell(trainer, pl_module, f1)

    def _tell(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        f1: Mapping[str, float] | None,
    ) -> None:
        if isinstance(module, Learner):
            step = trainer.global_step
            self._told(Moment(step, module.progress(step), self._loss or 0.0, f1))


@contextmanager
def quietly() -> Iterator[None]:
    """Keep what the trainer library tells its own users from geoseg's."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for text in _NOISE:
                warnings.filterwarnings("ignore", text)
            yield
    finally:
        logger.setLevel(level)

"""What a running training tells of itself."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from geoseg.progress import Progress, ProgressReport
from geoseg.train.learner import Learner
from geoseg.train.moments import Moment, in_words
from geoseg.train.trainer_library import callbacks, lightning

_MEMORY = 0.95
"""Share of the running mean of the loss that a step leaves as it is."""
_NOISE = (
    "Checkpoint directory .* exists",  # refused before, unless asked for
    r"`isinstance\(treespec",
    ".*smaller than the logging interval",
    ".*does not have many workers",
    "You're resuming from a checkpoint that ended before the epoch",  # of minutes used up: its crops come again
    r"Found \d+ module\(s\) in eval mode",  # norms that keep their statistics
)
"""Warnings that are none of the user's business."""


def scores_told(when: Literal["before", "after"], f1: Mapping[str, float]) -> ProgressReport:
    """Scores outside of the training itself."""
    share = 0 if when == "before" else 100
    note = f"{when} training, F1 {in_words(f1)} (plain decoding)"
    return ProgressReport(f"scores {when}", share, 100, "percent", note=note)


class Watched(callbacks.Callback):
    """Tells about every step and every scoring; of several processes only the first one does."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.last = Moment()
        """The newest."""
        self.scored: list[Moment] = []
        """Those with new scores."""
        self._share_before = 0.0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """What an interrupted training had done says nothing of how fast this one is."""
        if isinstance(pl_module, Learner):
            self._share_before = 100 * pl_module.progress(trainer.global_step)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *args: Any
    ) -> None:
        """A step more."""
        if trainer.is_global_zero:
            loss = float(args[0]["loss"])  # lightning calls what training_step returned "outputs"
            before = loss if math.isnan(self.last.loss) else self.last.loss
            mean = _MEMORY * before + (1 - _MEMORY) * loss
            self.last = Moment(trainer.global_step, mean, self.last.f1)
            self._tell(pl_module, None)

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """New scores."""
        if trainer.is_global_zero:
            scores = trainer.callback_metrics.items()
            f1 = {name[3:]: float(score) for name, score in scores if name.startswith("f1/")}
            self.last = Moment(trainer.global_step, self.last.loss, f1)
            self.scored.append(self.last)
            self._tell(pl_module, f"{self.last.text}, F1 {self.last.scores}")

    def _tell(self, module: lightning.LightningModule, note: str | None) -> None:
        if isinstance(module, Learner):
            share = 100 * module.progress(self.last.step)
            report = ProgressReport(
                self.last.text, share, 100, "percent", done_before=self._share_before, note=note
            )
            self._progress(report)


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

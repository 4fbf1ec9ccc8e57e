"""Fit a network to scenes: trainer, checkpoints and logs."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

import cv2
import torch
from torch.utils.data import DataLoader

from geoseg.errors import MissingDependencyError, OutputError, ResumeError, UsageError
from geoseg.files.atomic import output_errors
from geoseg.machine import memory_errors
from geoseg.models.loading import model_file
from geoseg.models.weights import read_metadata
from geoseg.progress import Progress, ignored
from geoseg.train.learner import Learner
from geoseg.train.module import SegmentationModule
from geoseg.train.trainer_library import (
    MisconfigurationException,
    callbacks,
    lightning,
    loggers,
)
from geoseg.train.watch import Watched, quietly, scores_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geoseg.scenes.scene import Scene
    from geoseg.train.config import TrainConfig
    from geoseg.train.moments import Moment


_log = logging.getLogger(__name__)

_EMA_EVERY = 5
"""Steps between updates of the averaged weights; its decay is adapted."""

LESS_MEMORY = "lower schedule.batch and raise schedule.accumulate by as much, or lower data.crop_px"
"""What to do when a training does not fit into memory."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network that was fitted to some ground."""

    learner: Learner
    """The network; with which weights is for others to say."""
    saved: dict[str, Any]
    """Its last checkpoint."""
    last: Moment
    """Its last step."""
    scored: tuple[Moment, ...]
    """The moments of this call at which held-out places were scored."""
    leads: bool
    """Whether this is the first of several processes, or the only one."""


def fit(
    config: TrainConfig,
    training: Sequence[Scene],
    held_out: Sequence[Scene],
    *,
    stale: Sequence[Path] = (),
    progress: Progress = ignored,
) -> Fitted:
    """Fit a network to scenes, on from the last checkpoint in the output folder if there is one.

    Args:
        config: How, and from where.
        training: What to learn.
        held_out: What to score on.
        stale: Checkpoints of an older training, deleted once all is in order: or an interruption would
            resume that.
        progress: Told after every step and every scoring.

    Raises:
        GeosegError: the start, the checkpoint or the machine cannot be used.
    """
    learner = make_learner(config, held_out)
    make_folder(config.output)
    for path in stale:
        path.unlink(missing_ok=True)
    last = checkpoint_of(config)
    goes_on = last.exists()
    if goes_on:
        _require_own(last, learner)
    watched = Watched(progress)
    with quietly(), memory_errors(LESS_MEMORY):
        with _machine_errors():
            trainer = _trainer(config, watched, validate=bool(held_out))
        if trainer.is_global_zero and held_out and not goes_on:
            learner.f1_before = learner.scores()
            progress(scores_told("before", learner.f1_before))
        with _stopped_as_asked(last):
            trainer.fit(
                learner,
                datamodule=_Scenes(learner, list(training), len(held_out)),
                ckpt_path=str(last) if goes_on else None,
                weights_only=True,
            )
    trainer.save_checkpoint(last, weights_only=False)
    saved = torch.load(last, map_location="cpu", weights_only=True)
    return Fitted(learner, saved, watched.last, tuple(watched.scored), trainer.is_global_zero)


def make_learner(config: TrainConfig, held_out: Sequence[Scene]) -> Learner:
    """The kind of network that the configuration asks for."""
    if config.maskrcnn is None:
        module = SegmentationModule(config, held_out)
        _check_crops(config, module.architecture.stride_px)
        return module.train()
    from geoseg.train.maskrcnn import MaskRcnnModule

    return MaskRcnnModule(config, held_out)


def checkpoint_of(config: TrainConfig) -> Path:
    """Where a training can be gone on with."""
    return config.output / "last.ckpt"


def _require_own(checkpoint: Path, learner: Learner) -> None:
    """Refuse checkpoints that are broken, or of another network.

    Raises:
        ResumeError: one sentence that says what to do.
    """
    advice = "pass --overwrite to start anew, or name another folder as output"
    try:
        saved = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
        shapes = {name: tensor.shape for name, tensor in saved["state_dict"].items()}
    except (OSError, EOFError, RuntimeError, KeyError, UnpicklingError) as error:
        raise ResumeError(
            f"{checkpoint} is no complete checkpoint of a training; {advice}"
        ) from error
    if shapes != {name: tensor.shape for name, tensor in learner.state_dict().items()}:
        raise ResumeError(
            f"{checkpoint} is of another network than the configuration describes; set architecture "
            f"and start as they were, or {advice}"
        )


def _check_crops(config: TrainConfig, stride_px: int) -> None:
    """Refuse crops on which the resolutions of the network, or of a teacher, do not lie upon one another."""
    crop_px, several = config.data.crop_px, config.loss.teacher_views > 1
    taught = (
        (f"the stride of the teacher {spec}", _stride_px(spec), several)
        for spec in config.loss.teachers
    )
    for whose, stride, moved in (("the network's stride", stride_px, False), *taught):
        least = 2 if moved else 1  # what is moved by up to a stride must be longer
        if crop_px % stride or crop_px < least * stride:
            near = max(least, round(crop_px / stride)) * stride
            more = ", and more than one for several views" if moved else ""
            raise UsageError(
                f"data.crop_px {crop_px}: must be a multiple of {whose}, {stride}{more}; take {near}"
            )


def _stride_px(spec: Path) -> int:
    return read_metadata(model_file(spec)).architecture.stride_px


def make_folder(folder: Path) -> None:
    """Find out before the training whether its results can be written."""
    advice = "Name another folder as output in the configuration."
    with output_errors(folder, advice):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{folder} cannot be written: no permission. {advice}")


class _Scenes(lightning.LightningDataModule):
    """Crops for training, whole scenes for validation."""

    def __init__(self, learner: Learner, training: list[Scene], held_out: int) -> None:
        super().__init__()
        self._learner, self._training, self._held_out = learner, training, held_out

    def train_dataloader(self) -> DataLoader[Any]:
        """The crops of one round; which ones depends on the round alone."""
        config = self._learner.config
        schedule, workers = config.schedule, config.data.workers
        processes, epoch = (
            (self.trainer.world_size, self.trainer.current_epoch) if self.trainer else (1, 0)
        )
        crops = schedule.steps_per_round * schedule.batch * schedule.accumulate * processes
        first = epoch * crops
        return DataLoader(
            self._learner.crops(self._training, first, crops),
            batch_size=schedule.batch,
            collate_fn=self._learner.batch,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            worker_init_fn=_single_thread,
        )

    def val_dataloader(self) -> DataLoader[int]:
        """Numbers of the held-out scenes; the module has the scenes themselves."""
        return DataLoader(range(self._held_out), batch_size=None)  # type: ignore[arg-type]


def _single_thread(_worker: int) -> None:
    cv2.setNumThreads(0)


class _StopAtBudget(callbacks.Callback):
    """End the training when its steps or minutes are used up, at the end of a step.

    In the middle of one the checkpoint would lack what its first batches had to say.
    """

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        _outputs: Any,  # noqa: ANN401 - what training_step gave
        _batch: Any,  # noqa: ANN401 - what it took
        batch_idx: int,
    ) -> None:
        whole = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        used_up = isinstance(pl_module, Learner) and pl_module.progress(trainer.global_step) >= 1
        if whole and used_up:
            trainer.should_stop = True


def _trainer(config: TrainConfig, watched: Watched, *, validate: bool) -> lightning.Trainer:
    schedule, compute = config.schedule, config.compute
    return lightning.Trainer(
        accelerator=compute.accelerator,
        devices=compute.devices,
        precision=_precision(config),
        max_steps=schedule.max_steps,
        accumulate_grad_batches=schedule.accumulate,
        check_val_every_n_epoch=schedule.rounds_per_validation,
        limit_val_batches=None if validate else 0,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        log_every_n_steps=20,
        callbacks=_callbacks(config, watched, validate=validate),
        logger=_loggers(config),
        default_root_dir=config.output,
        enable_model_summary=False,
        enable_progress_bar=False,
    )


@contextmanager
def _stopped_as_asked(last: Path) -> Iterator[None]:
    """Ctrl-C and SIGTERM, which the trainer makes exits with codes of its own, end as everywhere; how to go on is said."""
    try:
        yield
    except SystemExit:
        if last.exists():
            _log.warning(
                "What was learnt up to the end of a round is kept in %s: the same command with --resume goes on "
                "from there.",
                last,
            )
        raise KeyboardInterrupt from None


@contextmanager
def _machine_errors() -> Iterator[None]:
    """Turn what the trainer says of the machine and its packages into one sentence."""
    try:
        yield
    except MisconfigurationException as error:
        raise UsageError(
            f"compute: {' '.join(str(error).split()).rstrip('.!')}; accelerator auto and devices 1 "
            "suit every machine"
        ) from error
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "tensorboard: true needs the package tensorboard; pip install tensorboard, or leave it "
            "out, as metrics.csv holds the same"
        ) from error


def _callbacks(
    config: TrainConfig, watched: Watched, *, validate: bool
) -> list[callbacks.Callback]:
    folder, schedule = config.output, config.schedule
    chosen: list[callbacks.Callback] = [
        callbacks.EMAWeightAveraging(
            decay=schedule.ema_decay**_EMA_EVERY, update_every_n_steps=_EMA_EVERY
        ),
        callbacks.ModelCheckpoint(
            folder, filename="last", save_on_train_epoch_end=True, enable_version_counter=False
        ),
        _StopAtBudget(),
        watched,
    ]
    if validate:
        best = callbacks.ModelCheckpoint(
            folder, filename="best", monitor="score", mode="max", enable_version_counter=False
        )
        chosen.append(best)
    if validate and schedule.patience:
        chosen.append(callbacks.EarlyStopping("score", mode="max", patience=schedule.patience))
    return chosen


def _loggers(config: TrainConfig) -> list[loggers.Logger]:
    chosen: list[loggers.Logger] = [loggers.CSVLogger(config.output, name="log")]
    if config.tensorboard:
        chosen.append(loggers.TensorBoardLogger(config.output, name="tensorboard"))
    return chosen


def _precision(config: TrainConfig) -> Literal["32-true", "bf16-mixed", "16-mixed"]:
    if config.compute.precision != "auto":
        return config.compute.precision
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    fast = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - has no public name
    return "bf16-mixed" if fast else "32-true"

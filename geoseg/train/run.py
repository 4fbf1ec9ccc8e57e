"""Run a training: data, trainer, checkpoints, logs, and the finished model file."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Literal

import cv2
import torch
from torch.utils.data import DataLoader

from geoseg.errors import (
    DatasetError,
    MissingDependencyError,
    OutputError,
    OutputExistsError,
    ResumeError,
    UsageError,
)
from geoseg.files.atomic import output_errors
from geoseg.machine import keep_freed_memory, memory_errors
from geoseg.progress import Progress, ignored
from geoseg.scenes.scene import load_scenes
from geoseg.train.learner import Learner, learnable, trained_weights
from geoseg.train.module import SegmentationModule
from geoseg.train.trainer_library import (
    MisconfigurationException,
    callbacks,
    lightning,
    loggers,
)
from geoseg.train.watch import Watched, quietly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from geoseg.scenes.scene import Scene, Split
    from geoseg.train.config import TrainConfig
    from geoseg.train.watch import Moment


_EMA_EVERY = 5
"""Steps between updates of the averaged weights; its decay is adapted."""

LESS_MEMORY = "lower schedule.batch and raise schedule.accumulate by as much, or lower data.crop_px"
"""What to do when a training does not fit into memory."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A finished training."""

    path: Path
    """The model file."""
    last: Moment
    """Its last step, with the scores of the model file on held-out places."""
    before: Mapping[str, float]
    """Held-out place to F1 at IoU 0.5 of the weights that it started from."""
    scored: tuple[Moment, ...]
    """The moments of this call at which held-out places were scored."""


def train(
    config: TrainConfig,
    *,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = ignored,
) -> Trained:
    """Train and write the model file.

    Args:
        config: what to train.
        resume: go on from the last checkpoint in the output folder, if there is one.
        overwrite: start anew where the output folder holds a training.
        progress: told after every step and every scoring.

    Raises:
        OutputExistsError: the output folder holds a training, and neither was asked for.
        GeosegError: the data or the start cannot be used.
    """
    _check_output(config, allowed=resume or overwrite)
    _tune_machine(config)
    training, held_out = _load(config, "train"), _load(config, "val")
    if not training:
        raise DatasetError(
            f"{config.data.scenes} holds no scene of the split 'train' to learn from"
        )
    learner = make_learner(config, held_out)
    _make_folder(config.output)
    last = _last(config)
    goes_on = resume and last.exists()
    if goes_on:
        _require_own(last, learner)
    else:  # or an interruption before the first checkpoint would resume the older training
        last.unlink(missing_ok=True)
    watched = Watched(progress)
    with quietly(), memory_errors(LESS_MEMORY):
        with _machine_errors():
            trainer = _trainer(config, watched, validate=bool(held_out))
        if trainer.is_global_zero and held_out and not goes_on:
            learner.f1_before = learner.scores()
            watched.tell_scores("before", learner.f1_before)
        trainer.fit(
            learner,
            datamodule=_Scenes(learner, training, len(held_out)),
            ckpt_path=str(last) if goes_on else None,
            weights_only=True,
        )
    trainer.save_checkpoint(last, weights_only=False)
    path = config.output / f"{config.name}.safetensors"
    if trainer.is_global_zero:
        saved = torch.load(last, map_location="cpu", weights_only=True)
        learner.write(saved, path)
        if held_out:
            learner.network.load_state_dict(trained_weights(saved))
            watched.last = replace(watched.last, f1=learner.scores())
            watched.tell_scores("after", watched.last.f1)
    return Trained(path, watched.last, learner.f1_before, tuple(watched.scored))


def make_learner(config: TrainConfig, held_out: Sequence[Scene]) -> Learner:
    """The kind of network that the configuration asks for."""
    if config.maskrcnn is None:
        module = SegmentationModule(config, held_out)
        _check_crops(config.data.crop_px, module.architecture.stride_px)
        return module
    from geoseg.train.maskrcnn import MaskRcnnModule

    return MaskRcnnModule(config, held_out)


def _last(config: TrainConfig) -> Path:
    return config.output / "last.ckpt"


def _check_output(config: TrainConfig, *, allowed: bool) -> None:
    if _last(config).exists() and not allowed:
        raise OutputExistsError(
            f"{config.output} holds a training already; pass --resume to go on with it, --overwrite "
            "to start anew, or name another folder as output in the configuration"
        )


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


def _check_crops(crop_px: int, stride_px: int) -> None:
    """Refuse crops on which the network's resolutions do not lie upon one another."""
    if crop_px % stride_px:
        near = max(1, round(crop_px / stride_px)) * stride_px
        raise UsageError(
            f"data.crop_px {crop_px}: must be a multiple of the network's stride, {stride_px}; "
            f"take {near}"
        )


def _make_folder(folder: Path) -> None:
    """Find out before the training whether its results can be written."""
    advice = "Name another folder as output in the configuration."
    with output_errors(folder, advice):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        raise OutputError(f"{folder} cannot be written: no permission. {advice}")


def _load(config: TrainConfig, split: Split) -> list[Scene]:
    return learnable(load_scenes(config.data.scenes, split), config)


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
    """End the training when its steps or minutes are used up."""

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        *_: Any,
    ) -> None:
        if isinstance(pl_module, Learner) and pl_module.progress(trainer.global_step) >= 1:
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


def _tune_machine(config: TrainConfig) -> None:
    if config.compute.threads:
        torch.set_num_threads(config.compute.threads)
    keep_freed_memory()

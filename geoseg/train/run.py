"""Run a training: what learns from which ground, and which weights become the model file."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from geoseg.errors import DatasetError, OutputExistsError
from geoseg.files.holding import held
from geoseg.machine import keep_freed_memory
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.scenes.scene import load_scenes
from geoseg.train.fitting import checkpoint_of, fit, make_folder
from geoseg.train.halves import parts_of
from geoseg.train.handing import hand_out
from geoseg.train.learner import Finished, history, learnable, trained_weights
from geoseg.train.module import SegmentationModule
from geoseg.train.watch import scores_told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from geoseg.scenes.scene import Scene, Split
    from geoseg.train.config import TrainConfig
    from geoseg.train.fitting import Fitted
    from geoseg.train.halves import Part
    from geoseg.train.handing import Handed
    from geoseg.train.learner import Learner
    from geoseg.train.moments import Moment

LATER_PROCESS, FIRST = "LOCAL_RANK", "0"
"""Environment variable by which Lightning tells the processes that it begins for further devices, and what it leaves
in the first one, which may train again."""


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
    handed: Handed | None = None
    """Which weights the model file holds, where a model was fine-tuned."""


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
        OutputInUseError: another training writes to it.
        GeosegError: the data or the start cannot be used.
    """
    _check_output(config, allowed=resume or overwrite)
    _tune_machine(config)
    training, held_out = _load(config, "train"), _load(config, "val")
    if not training:
        raise DatasetError(
            f"{config.data.scenes} holds no scene of the split 'train' to learn from"
        )
    parts = parts_of(config, training, held_out)
    with _claimed(config):
        _check_output(config, allowed=resume or overwrite)  # the folder is ours from here on
        checkpoints = [checkpoint_of(part.config) for part in parts]
        stale = [] if resume and checkpoints[0].exists() else checkpoints
        fitted = []
        for number, part in enumerate(parts):
            told = _share(progress, number, parts)
            fitted.append(fit(part.config, part.scenes, held_out, stale=stale, progress=told))
            stale = []
        return _finished(config, parts, fitted, training, held_out, progress)


def _claimed(config: TrainConfig) -> AbstractContextManager[None]:
    """Keep other trainings from the output folder; of several devices the first process does."""
    if os.environ.get(LATER_PROCESS, FIRST) != FIRST:
        return nullcontext()
    make_folder(config.output)
    return held(config.output, config.output)


def _finished(
    config: TrainConfig,
    parts: Sequence[Part],
    fitted: Sequence[Fitted],
    training: Sequence[Scene],
    held_out: Sequence[Scene],
    progress: Progress,
) -> Trained:
    """The model file and its scores; of several processes the first one makes them."""
    path = config.output / f"{config.name}.safetensors"
    first, *halves = fitted
    done = Trained(path, first.last, first.learner.f1_before, first.scored)
    if not first.leads:
        return done
    weights = trained_weights(first.saved)
    about = history(first.saved, config)
    if not isinstance(first.learner, SegmentationModule) or not config.fine_tunes:
        first.learner.write(Finished(weights, about, training), path)
        return _scored(done, first.learner, weights, progress)
    progress(ProgressReport("judging start, trained weights and their mean", 100, 100, "percent"))
    judges = [
        (trained_weights(half.saved), part.scenes)
        for half, part in zip(halves, parts[1:], strict=True)
    ]
    handed, best = hand_out(first.learner, weights, held_out or training, judges)
    told = about | {"handed out": handed.text}
    first.learner.write(Finished(best, told, training, learnt=handed.which != "start"), path)
    done = replace(done, handed=handed)
    if judges:
        f1 = handed.f1
        return replace(done, before=f1["start"], last=replace(first.last, f1=f1[handed.which]))
    return _scored(done, first.learner, best, progress)


def _scored(
    done: Trained, learner: Learner, weights: Mapping[str, torch.Tensor], progress: Progress
) -> Trained:
    """With the scores of the weights handed out on held-out places, where there are any."""
    learner.network.load_state_dict(dict(weights))
    f1 = learner.scores()
    if f1:
        progress(scores_told("after", f1))
    return replace(done, last=replace(done.last, f1=f1))


def _share(progress: Progress, number: int, parts: Sequence[Part]) -> Progress:
    """Tells of one part after another as of one training."""
    steps = [part.config.schedule.max_steps for part in parts]
    before, share = sum(steps[:number]) / sum(steps), steps[number] / sum(steps)

    def told(report: ProgressReport) -> None:
        progress(replace(report, done=100 * before + share * report.done))

    return told


def _check_output(config: TrainConfig, *, allowed: bool) -> None:
    if checkpoint_of(config).exists() and not allowed:
        raise OutputExistsError(
            f"{config.output} holds a training already; pass --resume to go on with it, --overwrite "
            "to start anew, or name another folder as output in the configuration"
        )


def _load(config: TrainConfig, split: Split) -> list[Scene]:
    return learnable(load_scenes(config.data.scenes, split), config)


def _tune_machine(config: TrainConfig) -> None:
    if config.compute.threads:
        torch.set_num_threads(config.compute.threads)
    keep_freed_memory()

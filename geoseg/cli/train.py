"""``geoseg train``: from a configuration to a model file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import Json, Overwrite, Quiet
from geoseg.cli.terminal import terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from geoseg.train.config import TrainConfig
    from geoseg.train.watch import Moment


def train(
    config: Annotated[
        Path,
        typer.Argument(help="A YAML file such as configs/finetune.yaml.", show_default=False),
    ],
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in the output folder.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model, or fine-tune the built-in one, as a configuration says.

    Checkpoints, a CSV log with scores on held-out places, and in the end one .safetensors file for
    `geoseg predict --model` lie in the configuration's output folder.
    """
    from geoseg.train.config import read_config

    checked = read_config(config)
    from geoseg.train.run import train as run

    with _watching(show=not quiet and _is_first_process()) as watcher:
        path = run(checked, resume=resume, overwrite=overwrite, told=watcher)
    if not _is_first_process():
        return
    if as_json:
        last = watcher.last
        scores = {"step": last.step, "loss": last.loss} if last else {}
        typer.echo(json.dumps({"model": str(path), **scores, "f1": dict(watcher.f1)}))
    elif not quiet:
        typer.echo(f"Model written to {path}", err=True)
        if watcher.f1:
            typer.echo(f"Choose its thresholds next: {_tune_command(checked, path)}", err=True)


def _is_first_process() -> bool:
    """Of a training on several devices, which starts this command again for the others."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def _tune_command(config: TrainConfig, path: Path) -> str:
    return f"geoseg tune {path} --data {config.data.folder} -o {config.name}-tuned.safetensors"


class _Watcher:
    """Keeps the last of what it is told, and draws it where there is a bar."""

    last: Moment | None = None
    f1: Mapping[str, float] = {}

    def __init__(self, bar: Progress | None, task: TaskID | None, *, lines: bool) -> None:
        self._bar, self._task, self._lines = bar, task, lines

    def __call__(self, moment: Moment) -> None:
        self.last = moment
        what = f"step {moment.step}, loss {moment.loss:.3f}"
        if moment.f1 is not None:
            self.f1 = moment.f1
            self._say(f"{what}, F1 {_listed(moment.f1)}")
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=moment.done, description=what)

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)
        elif self._lines:
            typer.echo(line, err=True)


def _listed(f1: Mapping[str, float]) -> str:
    each = ", ".join(f"{place} {score:.3f}" for place, score in sorted(f1.items()))
    mean = sum(f1.values()) / max(1, len(f1))
    return each if len(f1) == 1 else f"{mean:.3f} ({each})"


@contextmanager
def _watching(*, show: bool) -> Iterator[_Watcher]:
    """A bar on a terminal; elsewhere a line for every scoring."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = terminal(show=show)
    if console is None:
        yield _Watcher(None, None, lines=show)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(
        *columns, *times, console=console, transient=True, speed_estimate_period=600
    ) as bar:
        yield _Watcher(bar, bar.add_task("starting", total=1.0), lines=True)

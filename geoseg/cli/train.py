"""``geoseg train``: from a configuration to a model file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import Json, Overwrite, Progress, Quiet, Verbose
from geoseg.cli.progress import watching
from geoseg.cli.telling import tell

if TYPE_CHECKING:
    from geoseg.train.results import Training


def train(
    config: Annotated[
        Path,
        typer.Argument(help="A YAML file such as configs/finetune.yaml.", show_default=False),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder to write, in place of the configuration's.",
            show_default=False,
        ),
    ] = None,
    scenes: Annotated[
        Path | None,
        typer.Option(
            help="Folder of packed scenes, in place of the configuration's.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in the output folder.")
    ] = False,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Train a model, or fine-tune the built-in one, as a configuration says.

    Checkpoints, a CSV log with scores on held-out places, and in the end one .safetensors file for
    `geoseg predict --model` lie in the configuration's output folder.

    geoseg train configs/finetune.yaml
    """
    tell(verbose)
    from geoseg.train import train_model
    from geoseg.train.config import read_config

    first = _is_first_process()
    checked = read_config(config)
    with watching(progress, quiet=quiet or not first) as told:
        done = train_model(
            checked,
            scenes=scenes,
            output=output,
            resume=resume,
            overwrite=overwrite,
            progress=told,
        )
    if first and as_json:
        typer.echo(json.dumps(done.as_dict()))
    elif first and not quiet:
        _show(done, scenes or checked.data.scenes)


def _is_first_process() -> bool:
    """Of a training on several devices, which starts this command again for the others."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def _show(done: Training, scenes: Path) -> None:
    typer.echo(f"Model written to {done.model}", err=True)
    if done.f1:
        tuned = f"{done.model.stem}-tuned.safetensors"
        typer.echo(
            f"Choose its thresholds next: geoseg tune {done.model} --scenes {scenes} -o {tuned}",
            err=True,
        )

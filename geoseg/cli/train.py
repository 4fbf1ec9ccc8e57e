"""``geoseg train``: from a configuration to a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[
        Path,
        typer.Argument(help="A YAML file such as configs/finetune.yaml.", show_default=False),
    ],
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in the output folder.")
    ] = False,
) -> None:
    """Train a model, or fine-tune the built-in one, as a configuration says.

    Checkpoints, a CSV log with scores on held-out places, and in the end one .safetensors file for
    `geoseg predict --model` lie in the configuration's output folder.
    """
    from geoseg.train.config import read_config

    checked = read_config(config)
    from geoseg.train.run import train as run

    path = run(checked, resume=resume)
    typer.echo(f"Model written to {path}")

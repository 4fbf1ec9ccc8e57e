"""``geoseg train``: from a configuration to a model file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.answers import answer_json, note
from geoseg.cli.options import Json, Overwrite, Progress, Quiet, Verbose
from geoseg.cli.progress import watching
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell
from geoseg.errors import UsageError

if TYPE_CHECKING:
    from geoseg.train.results import Training

_PLAIN = (
    "F1 is that of a plain decoding at fixed thresholds, to compare with each other alone; geoseg tune and geoseg "
    "evaluate tell that of the buildings that predict finds"
)
"""Said of figures that are often lower than those of the same model after tuning."""


def train(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="A YAML file, such as --init writes. Without: fine-tune the built-in model for 20 "
            "minutes; needs --scenes and --output.",
            show_default=False,
        ),
    ] = None,
    *,
    scenes: Annotated[
        Path | None,
        typer.Option(
            help="Folder of packed scenes (geoseg dataset), in place of the configuration's.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder to write, in place of the configuration's.",
            show_default=False,
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="How long to train, in place of the configuration's steps and minutes.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            help="default, imagenet, scratch or a .safetensors file, in place of the "
            "configuration's.",
            show_default=False,
        ),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(
            help="Write a commented configuration for fine-tuning under this name, .yaml, and stop; "
            "the options above go into it.",
            show_default=False,
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
    """Fine-tune the built-in model on packed scenes, or train one as a configuration says.

    Checkpoints, a CSV log with scores on held-out places, its curves as a picture, and in the end
    one .safetensors file for `geoseg predict --model` lie in the output folder.

    geoseg train --scenes chips -o out --minutes 20
    """
    tell(verbose)
    if init is not None:
        _init(init, config, scenes, output, start, minutes, overwrite=overwrite, as_json=as_json)
        return
    from geoseg.train import train_model
    from geoseg.train.recipe import configured

    first = _is_first_process()
    checked = configured(config, scenes=scenes, output=output, start=start, minutes=minutes)
    with watching(progress, quiet=quiet or not first) as told:
        done = train_model(
            checked,
            resume=resume,
            overwrite=overwrite,
            progress=told,
        )
    if first and as_json:
        answer_json(done.as_dict())
    elif first and not quiet:
        _show(done, checked.data.scenes)


def _init(  # the command line's own values, handed on
    path: Path,
    config: Path | None,
    scenes: Path | None,
    output: Path | None,
    start: str | None,
    minutes: float | None,
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write the commented configuration."""
    from geoseg.train.recipe import write_recipe

    if config is not None:
        raise UsageError(f"--init writes a configuration, so {config} beside it is one too many")
    written = write_recipe(
        path, scenes=scenes, output=output, start=start, minutes=minutes, overwrite=overwrite
    )
    if as_json:
        answer_json({}, output=written)
    else:
        typer.echo(f"wrote {written}; next: geoseg train {written}", err=True)


def _is_first_process() -> bool:
    """Of a training on several devices, which starts this command again for the others."""
    return os.environ.get("LOCAL_RANK", "0") == "0"


def _show(done: Training, scenes: Path) -> None:
    scores = (
        (place, f"F1 {f1:.3f}" + _before(done.f1_before.get(place)))
        for place, f1 in done.f1.items()
    )
    handed = [] if done.handed is None else [("weights", done.handed.text)]
    show_rows([*scores, *handed, ("curves", str(done.curves or "")), ("output", str(done.model))])
    tuned = f"{done.model.stem}-tuned.safetensors"
    split = "" if done.handed is None or not done.handed.crossed else "--split all "
    tune = (
        f"choose its thresholds next: geoseg tune {done.model} --scenes {scenes} {split}-o {tuned}"
    )
    plain = [_PLAIN] if done.f1 and done.f1_of == "plain" else []
    note([*plain, *done.doubts, *([tune] if done.f1 else [])])


def _before(f1: float | None) -> str:
    return "" if f1 is None else f", before {f1:.3f}"

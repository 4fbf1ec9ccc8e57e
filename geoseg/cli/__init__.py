"""The command line: one module per verb, thin over the Python API."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from geoseg.cli.bench import bench
from geoseg.cli.certify import certify
from geoseg.cli.compare import compare
from geoseg.cli.convert import convert
from geoseg.cli.dataset import dataset
from geoseg.cli.doctor import doctor
from geoseg.cli.evaluate import evaluate
from geoseg.cli.export_model import export_model
from geoseg.cli.from_coco import from_coco
from geoseg.cli.heights import heights
from geoseg.cli.info import info
from geoseg.cli.maps import maps
from geoseg.cli.models import models
from geoseg.cli.predict import predict
from geoseg.cli.project import project
from geoseg.cli.recompute import recompute
from geoseg.cli.regularize import regularize
from geoseg.cli.report import report
from geoseg.cli.review import review
from geoseg.cli.to_coco import to_coco
from geoseg.cli.train import train
from geoseg.cli.tune import tune
from geoseg.cli.update import update
from geoseg.errors import GeosegError
from geoseg.machine import stop_when_closed, wait_quietly

INTERRUPTED = 130
"""Exit code after Ctrl-C, by the shell's convention."""

app = typer.Typer(
    name="geoseg",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Orthophotos to buildings: one georeferenced polygon per building, with its true area.",
)


def _show_version(value: bool) -> None:
    if value:
        from geoseg.version import installed, versions

        names = {"gdal": "GDAL", "proj": "PROJ", "geos": "GEOS", "openvino": "OpenVINO"}
        names["torch"] = "torch"
        told = versions() | {name: installed(name) for name in ("openvino", "torch")}
        typer.echo(f"geoseg {told['geoseg']}")
        typer.echo(", ".join(f"{shown} {told[name]}" for name, shown in names.items()))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001  # the callback acts on it
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
    stop_with_stdin: Annotated[
        bool,
        typer.Option(
            "--stop-with-stdin",
            help="Stop as after Ctrl-C when standard input is closed: for programs that start geoseg.",
        ),
    ] = False,
) -> None:
    """Turn orthophotos into buildings."""
    if stop_with_stdin:
        stop_when_closed(sys.stdin.fileno(), INTERRUPTED)


VERBS: dict[str, Callable[..., None]] = {
    "info": info,
    "predict": predict,
    "maps": maps,
    "regularize": regularize,
    "heights": heights,
    "convert": convert,
    "project": project,
    "review": review,
    "recompute": recompute,
    "report": report,
    "compare": compare,
    "update": update,
    "to-coco": to_coco,
    "from-coco": from_coco,
    "dataset": dataset,
    "train": train,
    "tune": tune,
    "evaluate": evaluate,
    "models": models,
    "certify": certify,
    "doctor": doctor,
    "bench": bench,
    "export-model": export_model,
}
"""In the order in which data flow through them."""

for _name, _verb in VERBS.items():
    app.command(_name)(_verb)


def main() -> None:
    """Run the command line; errors raised on purpose become one sentence and an exit code."""
    wait_quietly()
    try:
        app()
    except GeosegError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # typer ends so, without a word
            typer.echo("Interrupted.", err=True)
        raise

"""The command line: one module per verb, thin over the Python API, loaded when it is asked for."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from geoseg.cli.empty import refuse_empty
from geoseg.errors import GeosegError
from geoseg.machine import stop_when_closed, wait_quietly
from geoseg.run.lightly import begin_lightly

INTERRUPTED = 130
"""Exit code after Ctrl-C, by the shell's convention."""

NAMES = (
    "info", "predict", "maps", "regularize", "heights", "convert", "project", "review", "recompute",
    "report", "compare", "update", "to-coco", "from-coco", "dataset", "train", "tune", "evaluate",
    "models", "certify", "doctor", "bench", "export-model",
)  # fmt: skip
"""Of the verbs, in the order in which data flow through them; their modules are named alike."""

if TYPE_CHECKING:
    VERBS: dict[str, Callable[..., None]]
    """All of them."""
    app: typer.Typer
    """With all of them."""


class Verb(TyperCommand):
    """A command that takes no empty texts."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # click's own context, wherever typer keeps it
        """Take arguments and options apart, where every text that was given says something."""
        if not ctx.resilient_parsing:  # as a shell does that completes a half-written line
            refuse_empty(self.params, self.make_parser(ctx).parse_args(list(args))[0])
        return super().parse_args(ctx, args)


def _show_version(value: bool) -> None:
    if value:
        from geoseg.version import installed, versions

        names = {"gdal": "GDAL", "proj": "PROJ", "geos": "GEOS", "openvino": "OpenVINO"}
        names["torch"] = "torch"
        told = versions() | {name: installed(name) for name in ("openvino", "torch")}
        typer.echo(f"geoseg {told['geoseg']}")
        typer.echo(", ".join(f"{shown} {told[name]}" for name, shown in names.items()))
        raise typer.Exit


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


def _verb(name: str) -> Callable[..., None]:
    module = name.replace("-", "_")
    verb: Callable[..., None] = getattr(import_module(f"geoseg.cli.{module}"), module)
    return verb


def _app_with(names: Iterable[str]) -> typer.Typer:
    made = typer.Typer(
        name="geoseg",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Orthophotos to buildings: one georeferenced polygon per building, with its true area.",
    )
    made.callback()(_options)
    for name in names:
        made.command(name, cls=Verb)(_verb(name))
    return made


@cache
def _verbs() -> dict[str, Callable[..., None]]:
    return {name: _verb(name) for name in NAMES}


@cache
def _app_with_all() -> typer.Typer:
    return _app_with(NAMES)


def __getattr__(name: str) -> object:
    if name == "VERBS":
        return _verbs()
    if name == "app":
        return _app_with_all()
    raise AttributeError(f"module 'geoseg.cli' has no attribute {name!r}")


def _app_for(arguments: list[str]) -> typer.Typer:
    """With the verb that is named, for all take long to load; with all where none or no verb is named."""
    named = next((each for each in arguments if not each.startswith("-")), "")
    return _app_with([named]) if named in NAMES else _app_with_all()


def main() -> None:
    """Run the command line; errors raised on purpose become one sentence and an exit code."""
    begin_lightly()
    wait_quietly()
    # Asked to end, every verb stops as after Ctrl-C: in order, keeping what is finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _app_for(sys.argv[1:])()
    except GeosegError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:  # typer ends so, without a word
            typer.echo("Interrupted.", err=True)
            # An interrupt that passed through a text being executed makes Python end by a signal, in spite of
            # whoever caught it and of any exit code, under "python -m" alone. The next such text takes that back.
            exec("")  # noqa: S102
        raise

"""Running the command line within a test."""

from __future__ import annotations

import sys
from functools import cache

import pytest
from typer.testing import CliRunner, Result

from geoseg import cli


def invoke(*arguments: object) -> Result:
    """What ``geoseg`` with these arguments prints; an error of geoseg is its ``exception``.

    By an app of the one verb that is asked for, as ``geoseg`` itself does: all take a tenth of a second.
    """
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(cli._app_for(words), words)


def exit_code(*arguments: object) -> int:
    """Of ``geoseg`` as a shell runs it: errors become one sentence on stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["geoseg", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0


@cache
def help_of(verb: str) -> str:
    """What ``geoseg VERB --help`` prints; drawing it takes as long as many a test."""
    shown = invoke(verb, "--help")
    assert shown.exit_code == 0
    return shown.output

"""Running the command line within a test."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner, Result

from geoseg import cli


def invoke(*arguments: object) -> Result:
    """What ``geoseg`` with these arguments prints; an error of geoseg is its ``exception``."""
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def exit_code(*arguments: object) -> int:
    """Of ``geoseg`` as a shell runs it: errors become one sentence on stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["geoseg", *map(str, arguments)])
        try:
            cli.main()
        except SystemExit as stop:
            return int(stop.code or 0)
    return 0

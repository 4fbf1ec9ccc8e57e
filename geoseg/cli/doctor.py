"""``geoseg doctor``: what this installation can do here, and what stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import Json, Quiet, Verbose
from geoseg.cli.telling import tell

if TYPE_CHECKING:
    from geoseg.checkup.outcome import Look

MARKS = {"ok": "ok", "note": "note", "broken": "BROKEN"}


def doctor(
    *,
    trial: Annotated[bool, typer.Option("--trial/--no-trial", help="Also try a tiny run.")] = True,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Look at versions, formats, memory, folders and what runs networks, and try a tiny run.

    Exit code 1 where something is in the way of a run. Nothing is changed or sent.

    geoseg doctor
    """
    tell(verbose)
    from geoseg.checkup import doctor as look

    found = look(trial=trial)
    if as_json:
        answer_json(found.as_dict())
    elif not quiet:
        for one in found.looks:
            _show(one)
    if not found.healthy:
        raise typer.Exit(1)


def _show(look: Look) -> None:
    typer.echo(f"{MARKS[look.state]:<7}{look.name}: {look.told}")
    if look.advice:
        typer.echo(f"       {look.advice}")

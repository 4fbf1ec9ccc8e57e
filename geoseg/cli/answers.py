"""What a verb answers: its summary on stdout, or with ``--json`` one object there and nothing else.

Notes, warnings, progress and which files were written go to stderr.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

FILES = ("output", "html")
"""Keys under which the files that were written stand, by absolute paths."""


def answer_json(
    answer: Mapping[str, Any], **written: str | Path | Sequence[str | Path] | None
) -> None:
    """Print an answer as one line of JSON.

    Args:
        answer: Plain values.
        **written: ``output``, a list for verbs that may write several files, and ``html``, the page;
            null where there is none. Without them those of the answer.
    """
    told = {**answer, **written}
    typer.echo(json.dumps({name: _told(name, value) for name, value in told.items()}))


def answer_counts(output: str | Path, answer: Mapping[str, Any]) -> None:
    """Print what an answer counts as one line; what is 0 is left out."""
    counted = {name: count for name, count in answer.items() if isinstance(count, int) and count}
    told = ", ".join(f"{name} {count}" for name, count in counted.items())
    typer.echo(f"{output}: {told or 'no rows'}")


def wrote(paths: Sequence[str | Path]) -> None:
    """Say on stderr which files were written."""
    for path in paths:
        typer.echo(f"wrote {path}", err=True)


def note(notes: Sequence[str]) -> None:
    """Say on stderr what the reader should know."""
    for one in notes:
        typer.echo(f"Note: {one}", err=True)


def _told(name: str, value: Any) -> Any:  # noqa: ANN401  # plain values of any kind
    if name not in FILES or value is None:
        return value
    if isinstance(value, (str, Path)):
        return str(Path(value).absolute())
    return [str(Path(one).absolute()) for one in value]

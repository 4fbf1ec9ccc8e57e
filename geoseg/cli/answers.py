"""What a verb answers: its summary on stdout, or with ``--json`` one object there and nothing else.

Notes, warnings and progress go to stderr.
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

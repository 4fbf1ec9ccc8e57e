"""Options that say how sure to be of a change."""

from __future__ import annotations

from typing import Annotated

import typer

PANEL = "How sure to be"
Age = Annotated[
    float,
    typer.Option(
        "--age",
        help="Years between the layers: how much may have changed.",
        rich_help_panel=PANEL,
    ),
]
Sure = Annotated[
    float,
    typer.Option(
        "--sure",
        help="Share of what is decided, or stands out, that is to be right.",
        rich_help_panel=PANEL,
    ),
]
Recall = Annotated[
    float | None,
    typer.Option(
        "--recall",
        help="Share of standing buildings that a layer holds, as evaluate tells.",
        show_default="not known",
        rich_help_panel=PANEL,
    ),
]

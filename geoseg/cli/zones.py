"""Options that the verbs working by zones share."""

from __future__ import annotations

from typing import Annotated

import typer

PANEL = "Zones (one kind at most; none: the whole area)"

Zones = Annotated[str | None, typer.Option(help="Polygons of any CRS.", rich_help_panel=PANEL)]
ZonesLayer = Annotated[
    str | None,
    typer.Option(help="Layer of the zones, where there are several.", rich_help_panel=PANEL),
]
NameColumn = Annotated[
    str | None,
    typer.Option(help="Column that names the zones; guessed if left out.", rich_help_panel=PANEL),
]
GridCells = Annotated[
    str | None, typer.Option(help="Square cells, such as 500m.", rich_help_panel=PANEL)
]
H3Cells = Annotated[
    int | None, typer.Option(help="H3 cells of this resolution, 0-15.", rich_help_panel=PANEL)
]

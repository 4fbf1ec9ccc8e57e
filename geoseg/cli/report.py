"""``geoseg report``: buildings in, figures per zone out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoseg.cli.counting import counting_bar
from geoseg.cli.options import Json, Overwrite, Quiet, parse_numbers
from geoseg.cli.zones import PANEL, GridCells, H3Cells, NameColumn, Zones

if TYPE_CHECKING:
    import geopandas as gpd

SAMPLE = "Labelled random sample, for corrected totals with 95 % intervals"
ROWS_SHOWN = 40
"""Zones that the terminal lists."""
SHOWN = ("buildings", "area_m2", "coverage_ratio", "density_per_km2")
"""Columns that the terminal lists."""


def report(
    buildings: Annotated[
        Path,
        typer.Argument(help="A file by geoseg predict, or any polygon layer.", show_default=False),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help=".html, .csv, .xlsx, .gpkg or .json; may be repeated. The GeoPackage of the "
            "buildings itself gets the zones as a layer.",
        ),
    ] = None,
    zones: Zones = None,
    name_column: NameColumn = None,
    zones_layer: Annotated[
        str | None,
        typer.Option(help="Layer of the zones, where there are several.", rich_help_panel=PANEL),
    ] = None,
    grid: GridCells = None,
    h3: H3Cells = None,
    overlaps: Annotated[
        str,
        typer.Option(
            help="first: what zones share counts for the first of them. refuse: stop.",
            rich_help_panel=PANEL,
        ),
    ] = "first",
    sample: Annotated[
        Path | None,
        typer.Option(help="Polygons of all real buildings in the plots.", rich_help_panel=SAMPLE),
    ] = None,
    sample_areas: Annotated[
        Path | None,
        typer.Option(help="The plots: chosen at random, labelled in full.", rich_help_panel=SAMPLE),
    ] = None,
    sizes: Annotated[
        str, typer.Option(help="Limits of the size classes, m2.")
    ] = "20,50,100,200,500,1000",
    image: Annotated[
        Path | None, typer.Option(help="Orthophoto for the map of the HTML page.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer of the buildings, where there are several.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Count and measure buildings per zone.

    geoseg report buildings.gpkg --zones districts.gpkg -o report.html -o report.csv
    """
    from geoseg.statistics.build import build_report
    from geoseg.statistics.options import ReportOptions
    from geoseg.statistics.write import open_outputs, write_report

    options = ReportOptions(
        zones=zones, name_column=name_column, zones_layer=zones_layer, grid=grid, h3=h3,
        sizes=parse_numbers(sizes, "--sizes"), overlaps=overlaps,
        sample=sample, sample_areas=sample_areas, image=image, layer=layer,
    )  # fmt: skip
    outputs = open_outputs(output or [], buildings, overwrite=overwrite)
    with counting_bar("buildings", show=not quiet) as progress:
        result = build_report(buildings, options, progress)
    for path in outputs:
        write_report(result, path)
    if as_json:
        typer.echo(json.dumps({**result.summary(), "output": [str(path) for path in outputs]}))
    elif not quiet:
        show_table(result.table, SHOWN)
        show_notes(result.notes, outputs)


def show_table(table: gpd.GeoDataFrame, columns: tuple[str, ...]) -> None:
    """Print the first zones and the total."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(box=None, padding=(0, 2, 0, 0))
    shown.add_column("zone", no_wrap=True)
    for name in columns:
        shown.add_column(name, justify="right")
    zones, total = table.iloc[:-1], table.iloc[-1:]
    rows = [*zones.head(ROWS_SHOWN).to_dict("records"), *total.to_dict("records")]
    for row in rows:
        shown.add_row(escape(row["zone"]), *(_figure(row[name]) for name in columns))
    console = Console()
    console.print(shown)
    if len(zones) > ROWS_SHOWN:
        console.print(f"and {len(zones) - ROWS_SHOWN} more zones; -o writes all of them")


def show_notes(notes: tuple[str, ...], outputs: tuple[Path, ...]) -> None:
    """Print what the user should know, and what was written, on stderr."""
    for note in notes:
        typer.echo(f"Note: {note}", err=True)
    for path in outputs:
        typer.echo(f"wrote {path}", err=True)


def _figure(value: Any) -> str:  # noqa: ANN401  # a cell of a table
    if value != value:  # noqa: PLR0124  # NaN
        return ""
    small = isinstance(value, float) and abs(value) < 10  # noqa: PLR2004
    return f"{value:,.4g}" if small else f"{value:,.0f}"

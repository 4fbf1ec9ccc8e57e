"""``geoseg report``: buildings in, figures per zone out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from geoseg.cli.options import (
    BESIDE_TABLES,
    Html,
    Json,
    Language,
    Overwrite,
    Progress,
    Quiet,
    Verbose,
    Zoom,
    parse_numbers,
    parse_zoom,
)
from geoseg.cli.progress import watching
from geoseg.cli.tables import show
from geoseg.cli.telling import tell
from geoseg.cli.zones import PANEL, GridCells, H3Cells, NameColumn, Zones, ZonesLayer

SAMPLE = "Labelled random sample, for corrected totals with 95 % intervals"
SHOWN = {
    "buildings": "buildings", "expected_buildings": "expected", "area_m2": "roof m²", "coverage_ratio": "built over",
    "density_per_km2": "per km²",
}  # fmt: skip
"""Columns that the terminal lists, with short headings; where a sample corrects some, these alone."""


def report(
    buildings: Annotated[
        str,
        typer.Argument(help="A file by geoseg predict, or any polygon layer.", show_default=False),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            "--output",
            "-o",
            help=f".csv, .xlsx, .json, .pdf, or the zones as {BESIDE_TABLES}; may be repeated. The "
            "GeoPackage of the buildings itself gets the zones as a layer.",
        ),
    ] = None,
    zones: Zones = None,
    name_column: NameColumn = None,
    zones_layer: ZonesLayer = None,
    grid: GridCells = None,
    h3: H3Cells = None,
    overlaps: Annotated[
        Literal["first", "refuse"],
        typer.Option(
            help="first: what zones share counts for the first of them. refuse: stop.",
            rich_help_panel=PANEL,
        ),
    ] = "first",
    sample: Annotated[
        str | None,
        typer.Option(help="Polygons of all real buildings in the plots.", rich_help_panel=SAMPLE),
    ] = None,
    sample_areas: Annotated[
        str | None,
        typer.Option(help="The plots: chosen at random, labelled in full.", rich_help_panel=SAMPLE),
    ] = None,
    sample_layer: Annotated[
        str | None,
        typer.Option(help="Layer of --sample, where there are several.", rich_help_panel=SAMPLE),
    ] = None,
    sample_areas_layer: Annotated[
        str | None,
        typer.Option(
            help="Layer of --sample-areas, where there are several.", rich_help_panel=SAMPLE
        ),
    ] = None,
    sizes: Annotated[
        str, typer.Option(help="Limits of the size classes, m2.")
    ] = "20,50,100,200,500,1000",
    raster: Annotated[
        list[Path] | None,
        typer.Option(
            help="Orthophoto for the map of the page; may be repeated.", show_default=False
        ),
    ] = None,
    html: Html = None,
    language: Language = "en",
    layer: Annotated[
        str | None, typer.Option(help="Layer of the buildings, where there are several.")
    ] = None,
    zoom: Zoom = None,
    overwrite: Overwrite = False,
    progress: Progress = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Count and measure buildings per zone.

    geoseg report buildings.gpkg --zones districts.gpkg -o report.csv --html report.html
    """
    tell(verbose)
    from geoseg.statistics import report as count

    with watching(progress, quiet=quiet) as told:
        result = count(
            buildings, output, layer=layer, zones=zones, zones_layer=zones_layer,
            name_column=name_column, grid=grid, h3=h3, sizes=parse_numbers(sizes, "--sizes"),
            overlaps=overlaps, sample=sample, sample_layer=sample_layer,
            sample_areas=sample_areas, sample_areas_layer=sample_areas_layer,
            raster=raster, html=html, language=language, overwrite=overwrite, zoom=parse_zoom(zoom), progress=told,
        )  # fmt: skip
    show(result, output or (), html, SHOWN, as_json=as_json, quiet=quiet)

"""Area statistics per zone: ``geoseg.report(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.vectors.layers import VectorInput


def report(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    buildings: VectorInput,
    *,
    zones: VectorInput | None = None,
    name_column: str | None = None,
    grid: str | None = None,
    h3: int | None = None,
    sizes: Sequence[float] | None = None,
    overlaps: str = "first",
    sample: VectorInput | None = None,
    sample_areas: VectorInput | None = None,
    image: str | Path | None = None,
    output: str | Path | Sequence[str | Path] = (),
    overwrite: bool = False,
) -> gpd.GeoDataFrame:
    """Count and measure buildings per zone.

    Args:
        buildings: A file that ``geoseg predict`` wrote, any polygon file, or a GeoDataFrame.
        zones: Polygons of any CRS, as a file or a GeoDataFrame; None: the whole area.
        name_column: Column of ``zones`` that names them; None guesses.
        grid: Cell size instead of ``zones``, such as ``"500m"``.
        h3: Resolution of H3 cells instead of ``zones``, 0 to 15.
        sizes: Limits of the size classes in m2, rising; None takes 20, 50, 100, 200, 500, 1000.
        overlaps: ``"first"`` counts what overlapping zones share for the first of them;
            ``"refuse"`` raises.
        sample: Polygons of all real buildings in ``sample_areas``, for corrected totals.
        sample_areas: Plots chosen at random and labelled in full.
        image: An orthophoto for the map of the HTML page.
        output: Files to write as well: .csv, .xlsx, .gpkg, .json or .html.
        overwrite: Replace outputs that are there already.

    Returns:
        A GeoDataFrame with one row per zone and the last row ``total``. Its ``attrs`` hold
        ``notes``, what the reader should know, and ``provenance``, how the figures were made.

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.statistics.build import build_report
    from geoseg.statistics.options import ReportOptions
    from geoseg.statistics.write import open_outputs, write_report

    options = ReportOptions(
        zones=zones, name_column=name_column, grid=grid, h3=h3,
        sizes=None if sizes is None else tuple(sizes), overlaps=overlaps,
        sample=sample, sample_areas=sample_areas, image=None if image is None else Path(image),
    )  # fmt: skip
    named = [output] if isinstance(output, (str, Path)) else list(output)
    outputs = open_outputs(named, buildings, overwrite=overwrite)
    result = build_report(buildings, options)
    for path in outputs:
        write_report(result, path)
    table = result.table.copy()
    table.attrs = {"notes": list(result.notes), "provenance": result.provenance}
    return table

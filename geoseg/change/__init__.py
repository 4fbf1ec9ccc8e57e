"""What changed between two dates: ``geoseg.compare(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.change.build import Comparison
    from geoseg.progress import Progress
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def compare(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    old: VectorInput,
    new: VectorInput,
    output: str | Path | Sequence[str | Path] | None = None,
    *,
    old_layer: str | None = None,
    new_layer: str | None = None,
    zones: VectorInput | None = None,
    zones_layer: str | None = None,
    name_column: str | None = None,
    grid: str | None = None,
    h3: int | None = None,
    unchanged_iou: float = 0.5,
    match_iou: float = 0.1,
    html: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Find new, gone and changed buildings.

    Args:
        old: Buildings of the earlier date: a file or a GeoDataFrame.
        new: Buildings of the later date.
        output: Files to write as well: .csv, .xlsx, .json, .pdf, or the buildings with what became
            of them as .gpkg, .geojson, .fgb or .parquet; a GeoPackage holds the zones too.
        old_layer: Layer of ``old``; None takes ``buildings`` or the only one.
        new_layer: Layer of ``new``; None takes ``buildings`` or the only one.
        zones: Polygons of any CRS, as a file or a GeoDataFrame; None: the whole area.
        zones_layer: Layer of ``zones``, where there are several.
        name_column: Column of ``zones`` that names them; None guesses.
        grid: Cell size instead of ``zones``, such as ``"500m"``.
        h3: Resolution of H3 cells instead of ``zones``, 0 to 15.
        unchanged_iou: From this intersection over union on, a building counts as unchanged.
        match_iou: From this on, two outlines are the same building, perhaps changed.
        html: A page to write: maps, charts and tables.
        overwrite: Replace outputs that are there already.
        progress: Called with a ``ProgressReport`` as the buildings of each date are read.

    Returns:
        The buildings with what became of them (``changes``) and the figures per zone (``table``).

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.change.build import build_comparison
    from geoseg.change.changes import Limits
    from geoseg.change.write import open_outputs, write_comparison
    from geoseg.files.target import with_page
    from geoseg.progress import heard
    from geoseg.statistics.options import ReportOptions
    from geoseg.vectors.buildings import open_buildings

    limits = Limits(unchanged_iou, match_iou)
    options = ReportOptions(
        zones=zones, zones_layer=zones_layer, name_column=name_column, grid=grid, h3=h3
    )
    outputs = open_outputs(with_page(output, html), (old, new, zones), overwrite=overwrite)
    earlier = open_buildings(old, old_layer, "buildings of the earlier date")
    later = open_buildings(new, new_layer, "buildings of the later date")
    with heard(progress) as told:
        result = build_comparison(earlier, later, options, limits, told)
    for path in outputs:
        write_comparison(result, path)
    return result

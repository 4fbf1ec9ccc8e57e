"""What changed between two dates: ``geoseg.compare(...)``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geoseg.change.build import Comparison
    from geoseg.vectors.layers import VectorInput


def compare(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    old: VectorInput,
    new: VectorInput,
    *,
    zones: VectorInput | None = None,
    name_column: str | None = None,
    grid: str | None = None,
    h3: int | None = None,
    unchanged_iou: float = 0.5,
    match_iou: float = 0.1,
    output: str | Path | Sequence[str | Path] = (),
    overwrite: bool = False,
) -> Comparison:
    """Find new, gone and changed buildings.

    Args:
        old: Buildings of the earlier date: a file or a GeoDataFrame.
        new: Buildings of the later date.
        zones: Polygons of any CRS, as a file or a GeoDataFrame; None: the whole area.
        name_column: Column of ``zones`` that names them; None guesses.
        grid: Cell size instead of ``zones``, such as ``"500m"``.
        h3: Resolution of H3 cells instead of ``zones``, 0 to 15.
        unchanged_iou: From this intersection over union on, a building counts as unchanged.
        match_iou: From this on, two outlines are the same building, perhaps changed.
        output: Files to write as well: .csv, .xlsx, .gpkg, .json or .html.
        overwrite: Replace outputs that are there already.

    Returns:
        The buildings with what became of them (``changes``) and the figures per zone (``table``).

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from geoseg.change.build import build_comparison
    from geoseg.change.changes import Limits
    from geoseg.change.write import open_outputs, write_comparison
    from geoseg.statistics.options import ReportOptions

    limits = Limits(unchanged_iou, match_iou)
    options = ReportOptions(zones=zones, name_column=name_column, grid=grid, h3=h3)
    named = [output] if isinstance(output, (str, Path)) else list(output)
    outputs = open_outputs(named, (old, new), overwrite=overwrite)
    result = build_comparison(old, new, options, limits)
    for path in outputs:
        write_comparison(result, path)
    return result

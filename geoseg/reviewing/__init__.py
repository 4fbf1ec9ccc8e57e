"""Buildings checked by people: plots by lot, and what was said of them: ``geoseg.review(...)``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords

if TYPE_CHECKING:
    from geoseg.reviewing.outcome import Review
    from geoseg.vectors.layers import VectorInput


@checked_keywords
def review(  # noqa: PLR0913  # the public face: one keyword per option of the command line
    buildings: VectorInput,
    output: str | Path | None = None,
    *,
    plots: int = 30,
    seed: int = 1,
    zones: VectorInput | None = None,
    zones_layer: str | None = None,
    plot_size_m: float | None = None,
    queue: int = 0,
    layer: str | None = None,
    overwrite: bool = False,
) -> Review:
    """Draw plots by lot in which a person checks every building.

    Args:
        buildings: A file that ``geoseg predict`` wrote, any polygon file, or a GeoDataFrame.
        output: A GeoPackage to write with the layers ``plots``, ``buildings`` and, where there are
            such, ``neighbours`` and ``queue``; None: the result alone.
        plots: How many; 0: none, with ``queue`` alone.
        seed: Of the lot: the same number draws the same plots.
        zones: Plots lie in these polygons alone; None: in all observed ground.
        zones_layer: Layer of ``zones``, where there are several.
        plot_size_m: Side of a plot; None: for about 8 buildings where there are buildings.
        queue: Rank so many buildings by what a check would teach.
        layer: Layer of the buildings; None takes ``buildings`` or the only one.
        overwrite: Replace ``output`` if it is there already.

    Returns:
        The plots, the buildings in them and the strata.

    Raises:
        GeosegError: when an input cannot be used; the message is one sentence.
    """
    from dataclasses import replace

    from geoseg.files.target import check_target, require_other
    from geoseg.reviewing.planning import ReviewOptions, draw_review, write_review
    from geoseg.reviewing.population import read_population

    options = ReviewOptions(plots, seed, plot_size_m, queue)
    if output is not None:
        require_other(Path(output), [buildings, zones])
        check_target(Path(output), (".gpkg",), overwrite=overwrite)
    population = read_population(buildings, layer=layer, zones=zones, zones_layer=zones_layer)
    drawn = draw_review(population, options)
    if output is None:
        return drawn
    write_review(drawn, population.run, Path(output))
    return replace(drawn, output=Path(output))

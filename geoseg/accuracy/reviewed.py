"""Predictions held against plots that a person has checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import shapely

from geoseg.accuracy.evaluation import METRES, Evaluation, evaluate_sites
from geoseg.accuracy.layers import (
    BuildingLayer,
    confidences_of,
    presences_of,
    read_buildings,
)
from geoseg.accuracy.options import LayerOptions, Measure
from geoseg.accuracy.photos import RasterPhoto, check_rasters
from geoseg.accuracy.plane import bring
from geoseg.accuracy.site import Site
from geoseg.accuracy.town import PlotCounts, Town, town_of
from geoseg.earth.places import place_of_shapes
from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.progress import Progress, ignored
from geoseg.reviewing.drawing import require_unkept
from geoseg.reviewing.files import named, require_review
from geoseg.reviewing.reading import Reviewed, read_review
from geoseg.statistics.trust import PRESENCE
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.nearby import Neighbourhood
from geoseg.vectors.observed import observed_m2
from geoseg.vectors.within import assign

PLACE = Said("checked plots")
"""Name under which all plots are scored together."""
TOLD = Said(
    "Of all the ground that the plots were drawn from: F1 {f1}, precision {precision}, recall {recall} (95 % intervals "
    "by the bootstrap, stratum by stratum)."
)
ALONE = Said(
    "A stratum of {layer} has a single checked plot, so there are no intervals; check two of each."
)
NONE_TRUE = Said("No building of the checked plots is a true one.")
BEYOND = Said(
    "{count} true buildings of {layer} lie where the imagery of the predictions did not reach and do not count.",
    one="{count} true building of {layer} lies where the imagery of the predictions did not reach and does not count.",
)
CHECKED = Said("{layer}, {count} checked plots", one="{layer}, {count} checked plot")
PLOT = Said("plot {number}")


def evaluate_review(
    predictions: VectorInput,
    review: object,
    options: LayerOptions,
    measure: Measure,
    progress: Progress = ignored,
) -> Evaluation:
    """Compare predictions with the true buildings of the checked plots.

    Raises:
        GeosegError: an input cannot be used.
    """
    check_rasters(options.rasters)
    predicted = read_buildings(
        predictions,
        role=Said("predictions"), layer=options.layer, columns=(options.confidence, PRESENCE),
    )  # fmt: skip
    source = require_review(review)
    require_unkept(predicted.run, source, named(source), predicted.label)
    reviewed, beyond = _in_sight(read_review(source, Neighbourhood(predicted.crs)), predicted)
    work = _Work(predicted, reviewed, options)
    provenance = {
        "predictions": predicted.label,
        "truth": CHECKED.format(layer=reviewed.label, count=len(reviewed.plots)),
        "pixel size": METRES.format(value=work.gsd_m),
        "run": predicted.run,
    }
    notes = (*predicted.notes, *reviewed.notes, *beyond)
    result = evaluate_sites(work.sites(), measure, notes, provenance, progress, len(reviewed.plots))
    town = town_of(
        PlotCounts.of(
            result.scores, reviewed.stratum, observed_m2(reviewed.plots, reviewed.crs),
            reviewed.stratum_m2,
        )
    )  # fmt: skip
    return replace(result, town=town, notes=(*_told(town, reviewed), *result.notes))


def _in_sight(reviewed: Reviewed, predicted: BuildingLayer) -> tuple[Reviewed, tuple[str, ...]]:
    """What the imagery of the predictions reached of it, and how much that leaves out, as a report counts.

    Plots stay, also those where nothing was in sight: they count as nothing true and nothing found, so
    that all the others stand for as much as before.

    Raises:
        UsageError: it reached none of the plots.
    """
    extent = predicted.extent
    if extent is None:
        return reviewed, ()
    shapely.prepare(extent)
    if not shapely.intersects(extent, reviewed.plots).any():
        raise UsageError(
            f"{reviewed.label}: none of the checked plots lies on the observed ground of {predicted.label}; check "
            "that both are of the same place"
        )
    seen = shapely.intersects(extent, shapely.points(reviewed.points))
    count = int((~seen).sum())
    said = (BEYOND.format(count=count, layer=reviewed.label),) * bool(count)
    return replace(reviewed, truth=reviewed.truth[seen], home=reviewed.home[seen]), said


def _told(town: Town, reviewed: Reviewed) -> tuple[str, ...]:
    alone = (
        ()
        if town.f1.low is not None or town.f1.value is None
        else (ALONE.format(layer=reviewed.label),)
    )
    none = () if len(reviewed.truth) else (NONE_TRUE,)
    figures = TOLD.format(f1=town.f1.text, precision=town.precision.text, recall=town.recall.text)
    return (figures, *alone, *none)


@dataclass(frozen=True, slots=True)
class _Work:
    predicted: BuildingLayer
    reviewed: Reviewed
    options: LayerOptions

    @property
    def gsd_m(self) -> float:
        """Pixel size of the pixel measures."""
        return self.options.pixel_size_m(self.predicted.run)

    def sites(self) -> Iterator[Site]:
        """One per plot: what is counted in it, true and predicted, wherever its outline reaches."""
        reviewed, predicted = self.reviewed, self.predicted
        place = place_of_shapes(reviewed.plots, reviewed.crs)
        if place is None:
            raise UsageError(f"{reviewed.label}: the plots lie nowhere on Earth; check their CRS")
        plane = place.plane()
        points = shapely.get_coordinates(shapely.point_on_surface(predicted.geometry))
        home = assign(points, reviewed.plots)
        confidence = confidences_of(predicted, self.options.confidence)
        presence = presences_of(predicted)
        rasters = self.options.rasters
        photo = RasterPhoto(rasters, plane) if rasters else None
        for number, plot_id in enumerate(reviewed.plot_id.tolist()):
            mine = home == number
            yield Site(
                name=PLOT.format(number=plot_id),
                place=PLACE,
                predicted=bring(predicted.geometry[mine], predicted.crs, plane),
                truth=bring(reviewed.truth[reviewed.home == number], reviewed.crs, plane),
                confidence=None if confidence is None else confidence[mine],
                presence=None if presence is None else presence[mine],
                gsd_m=self.gsd_m,
                photo=photo,
            )

"""The result of an evaluation, and the two ways to one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.accuracy.figures import TOTAL, Figures, figures_of, reliability_of, without_blobs
from geoseg.accuracy.options import LayerOptions, Measure
from geoseg.accuracy.photos import check_rasters
from geoseg.accuracy.places import Pair
from geoseg.accuracy.precision import NO_PYCOCOTOOLS, pycocotools_missing
from geoseg.accuracy.scenes import sites_of_scenes
from geoseg.accuracy.score import SiteScore, score_site
from geoseg.accuracy.site import Site
from geoseg.accuracy.town import Town
from geoseg.attributes.reliability import Reliability
from geoseg.errors import UsageError
from geoseg.languages.said import Said
from geoseg.models.traits import Traits
from geoseg.pages.notebook import Shown
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.vectors.layers import VectorInput
from geoseg.version import __version__

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel

BLOBS = Said(
    "The truth of {places} has blobs, outlines that may hold several touching buildings: only the pixel "
    "figures can be trusted there, and the figures of single buildings in the last row leave it out."
)
TRACED = Said(
    "The truth runs along pixel edges: no vertex ratio, and PoLiS holds up to half a pixel of it."
)
NO_BUILDINGS = Said("The predictions are empty: nothing was found.")
SCENES = Said("{data}, split {split}, {count} scenes", one="{data}, split {split}, {count} scene")
FINE = Said("where photos need not be enlarged")
METRES = Said("{value:g} m")


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Evaluation(Shown):
    """How good predictions are."""

    places: tuple[Figures, ...]
    """Per place, in the order of the input."""
    total: Figures
    """Of all places together, every building counting the same."""
    reliability: Reliability | None
    """Calibration over all places; None where the confidences are missing or no probabilities."""
    scores: tuple[SiteScore, ...]
    """What became of every building, site by site."""
    notes: tuple[str, ...]
    """What the reader should know, one sentence each."""
    provenance: dict[str, Any]
    """How the figures were made."""
    town: Town | None = None
    """What checked plots say of all ground, with intervals; None where the truth is no review."""

    @property
    def rows(self) -> tuple[Figures, ...]:
        """The places, then all of them together where there are several."""
        return (*self.places, self.total) if len(self.places) > 1 else self.places

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; figures that have no meaning are None."""
        return {
            "total": self.total.as_dict(),
            "places": [figures.as_dict() for figures in self.places],
            "reliability": None if self.reliability is None else _bins(self.reliability),
            **({} if self.town is None else {"town": self.town.as_dict()}),
            "notes": list(self.notes),
            "provenance": self.provenance,
        }


def evaluate_layers(
    pairs: Sequence[tuple[VectorInput, VectorInput]],
    options: LayerOptions,
    measure: Measure,
    progress: Progress = ignored,
) -> Evaluation:
    """Compare layers of predictions with layers of truth.

    Raises:
        GeosegError: an input cannot be used.
    """
    check_rasters(options.rasters)
    read = [Pair.read(predicted, truth, options) for predicted, truth in pairs]
    sites = [site for pair in read for site in pair.sites()]
    if options.place_column is None:
        sites = _distinct(sites)
    notes = dict.fromkeys(note for pair in read for note in pair.notes())
    provenance = {
        "predictions": _joined(pair.predicted.label for pair in read),
        "truth": _joined(pair.truth.label for pair in read),
        "areas of interest": read[0].aoi.label if read[0].aoi else "",
        "ignored areas": read[0].ignore.label if read[0].ignore else "",
        "pixel size": _joined(
            METRES.format(value=gsd) for gsd in dict.fromkeys(pair.gsd_m for pair in read)
        ),
        "run": read[0].predicted.run if len(read) == 1 else {},
    }
    return evaluate_sites(sites, measure, tuple(notes), provenance, progress, len(sites))


def _joined(texts: Iterable[str]) -> str:
    """One text as it is, still to be said in any language; several in a row."""
    first, *others = texts
    return ", ".join([first, *others]) if others else first


def evaluate_scenes(
    model: DenseModel | InstanceModel,
    files: Sequence[Path],
    split: str,
    measure: Measure,
    progress: Progress = ignored,
    *,
    tta: bool | None = None,
) -> Evaluation:
    """Predict packed scenes, ``files`` of a folder's ``split``, and compare with their labels.

    ``tta`` is as ``geoseg.predict`` takes it.

    Raises:
        GeosegError: a scene or the model cannot be used.
    """
    traits = Traits.of(model)
    provenance = {
        "model": traits.name,
        "sha256": traits.sha256,
        "tta": _views(traits, tta),
        "data": SCENES.format(data=files[0].parent.name, split=split, count=len(files)),
    }
    sites = sites_of_scenes(model, files, tta)
    return evaluate_sites(sites, measure, (TRACED,), provenance, progress, len(files))


def _views(traits: Traits, tta: bool | None) -> bool | Said:
    """Whether maps were averaged; what says so where some were."""
    often, seldom = (traits.averages(tta, enlarged=enlarged) for enlarged in (False, True))
    return FINE if often and not seldom else often


def evaluate_sites(
    sites: Iterable[Site],
    measure: Measure,
    notes: tuple[str, ...],
    provenance: dict[str, Any],
    progress: Progress,
    steps: int,
) -> Evaluation:
    """Score sites one by one.

    Raises:
        UsageError: nothing, true or predicted, counts in any of them.
    """
    scores = []
    for site in sites:
        scores.append(score_site(site, measure))
        progress(ProgressReport("evaluating", len(scores), steps, "places"))
    if not any(score.outcome.truth_counts.any() or score.correct.size for score in scores):
        raise UsageError(
            "no building, true or predicted, lies in the assessed area; check the areas of interest "
            "and the ignored ones"
        )
    places = dict.fromkeys(score.site.place for score in scores)
    figures = [
        figures_of(place, [score for score in scores if score.site.place == place])
        for place in places
    ]
    total = figures_of(TOTAL, scores) if len(figures) > 1 else replace(figures[0], place=TOTAL)
    return Evaluation(
        places=tuple(figures),
        total=total,
        reliability=reliability_of(without_blobs(scores)),
        scores=tuple(scores),
        notes=(*notes, *_notes(figures, scores)),
        provenance={
            "geoseg": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            **provenance,
            "boundary band": METRES.format(value=measure.boundary_m),
            "least area": Said("{value:g} m²").format(value=measure.min_area_m2),
        },
    )


def _notes(figures: list[Figures], scores: list[SiteScore]) -> tuple[str, ...]:
    blobs = [place.place for place in figures if place.blobs]
    found = any(len(score.site.predicted) for score in scores)
    return (
        *([NO_PYCOCOTOOLS] if pycocotools_missing() else []),
        *([] if found else [NO_BUILDINGS]),
        *([BLOBS.format(places=", ".join(blobs))] if blobs else []),
    )


def _distinct(sites: list[Site]) -> list[Site]:
    """Sites of several pairs; files of one name are told apart by numbers."""
    seen: dict[str, int] = {}
    return [_renamed(site, seen) for site in sites]


def _renamed(site: Site, seen: dict[str, int]) -> Site:
    seen[site.place] = seen.get(site.place, 0) + 1
    if seen[site.place] == 1:
        return site
    return replace(site, place=f"{site.place} ({seen[site.place]})")


def _bins(trust: Reliability) -> dict[str, Any]:
    def plain(values: Any) -> list[float | None]:  # noqa: ANN401  # an array of floats
        return [None if np.isnan(value) else float(value) for value in values]

    return {
        "count": trust.count.tolist(),
        "confidence": plain(trust.confidence),
        "correct": plain(trust.correct),
    }
